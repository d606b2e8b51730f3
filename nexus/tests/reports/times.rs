//! Reports at other times, and as known at other times.

use expect_test::expect;

use super::{check, household};

#[test]
fn reports_are_of_any_time_as_known_at_any_time() {
    let door = household();
    // The last day of January is one of Prague: the rent of the first of February is not in it, the dinner is.
    check(
        &door,
        "report balance-sheet household --at 2026-01-31",
        expect![[r#"
        Balance sheet of household at 2026-01-31T22:59:59.999999Z, as known at 1:10

        account                           amount  currency
        Assets
          assets                         2977.50  EUR
            bank                         2977.50  EUR
              checking                   2977.50  EUR
        Total assets                     2977.50  EUR

        Liabilities
        Total liabilities                      0

        Equity
          equity                         1000.00  EUR
            opening                      1000.00  EUR
          retained and current earnings  1977.50  EUR
        Total equity                     2977.50  EUR

        Total liabilities and equity     2977.50  EUR
    "#]],
    );
    check(
        &door,
        "report balance-sheet household --at 2026-01-31 --known-at 1:7",
        expect![[r#"
        Balance sheet of household at 2026-01-31T22:59:59.999999Z, as known at 1:7

        account                           amount  currency
        Assets
          assets                         3000.00  EUR
            bank                         3000.00  EUR
              checking                   3000.00  EUR
        Total assets                     3000.00  EUR

        Liabilities
        Total liabilities                      0

        Equity
          equity                         1000.00  EUR
            opening                      1000.00  EUR
          retained and current earnings  2000.00  EUR
        Total equity                     3000.00  EUR

        Total liabilities and equity     3000.00  EUR
    "#]],
    );
    check(
        &door,
        "report trial-balance household --at 2026-01-31T22:59:59Z --known-at 1:2",
        expect![[r#"
        Trial balance of household at 2026-01-31T22:59:59Z, as known at 1:2

        account        debits  credits  debit balance  credit balance  currency
        assets        1000.00     0.00        1000.00            0.00  EUR
          bank        1000.00     0.00        1000.00            0.00  EUR
            checking  1000.00     0.00        1000.00            0.00  EUR
        equity           0.00  1000.00           0.00         1000.00  EUR
          opening        0.00  1000.00           0.00         1000.00  EUR

        total         1000.00  1000.00        1000.00         1000.00  EUR
    "#]],
    );
    check(
        &door,
        "report income-statement household --to 2026-01-31 --known-at 1:7",
        expect![[r#"
        Income statement of household to 2026-01-31T22:59:59.999999Z, as known at 1:7

        account          amount  currency
        Income
          income        2000.00  EUR
            work        2000.00  EUR
        Total income    2000.00  EUR

        Expenses
        Total expenses        0

        Net income      2000.00  EUR
    "#]],
    );
    check(
        &door,
        "report general-ledger household --known-at 1:2",
        expect![[r#"
        General ledger of household, as known at 1:2

        assets:bank:checking (asset)
        date        description              counter-account    debit  credit  balance  currency
                    opening balance                                                  0
        2026-01-01  to assets:bank:checking  equity:opening   1000.00          1000.00  EUR
                    closing balance                                            1000.00  EUR

        equity:opening (equity)
        date        description              counter-account       debit   credit  balance  currency
                    opening balance                                                      0
        2026-01-01  to assets:bank:checking  assets:bank:checking         1000.00  1000.00  EUR
                    closing balance                                                1000.00  EUR

    "#]],
    );
}
