//! Statements of accounts.

use expect_test::expect;

use super::{check, household};

#[test]
fn a_statement_goes_from_opening_to_closing() {
    let door = household();
    check(
        &door,
        "statement household assets:bank:checking",
        expect![[r#"
        Statement of assets:bank:checking, as known at 1:10

        date        description              counter-account             debit  credit  balance  currency
                    opening balance                                                           0
        2026-01-01  to assets:bank:checking  equity:opening            1000.00          1000.00  EUR
        2026-01-15  Dinner                   expenses:food and 1 more            22.50   977.50  EUR
        2026-01-31  to assets:bank:checking  income:work               2000.00          2977.50  EUR
        2026-02-01  to expenses:rent         expenses:rent                      700.00  2277.50  EUR
                    closing balance                                                     2277.50  EUR
    "#]],
    );
    check(
        &door,
        "statement household assets:bank:checking --known-at 1:7 --to 2026-01-31",
        expect![[r#"
        Statement of assets:bank:checking to 2026-01-31T22:59:59.999999Z, as known at 1:7

        date        description              counter-account    debit  credit  balance  currency
                    opening balance                                                  0
        2026-01-01  to assets:bank:checking  equity:opening   1000.00          1000.00  EUR
        2026-01-31  to assets:bank:checking  income:work      2000.00          3000.00  EUR
                    closing balance                                            3000.00  EUR
    "#]],
    );
    check(
        &door,
        "statement household liabilities:card --from 2026-02-01 --to 2026-02-28",
        expect![[r#"
        Statement of liabilities:card from 2026-01-31T23:00:00Z to 2026-02-28T22:59:59.999999Z, as known at 1:10, balances as credits less debits

        date        description       counter-account  debit  credit  balance  currency
                    opening balance                                         0
        2026-02-10  to expenses:food  expenses:food            33.33    33.33  EUR
                    closing balance                                     33.33  EUR
    "#]],
    );
    check(
        &door,
        "statement household --below assets --from 2026-02-01 --period month",
        expect![[r#"
        Statement of assets and below from 2026-01-31T23:00:00Z, as known at 1:10, balances as debits less credits

        date              description           account               counter-account    debit  credit  balance  currency
                          opening balance                                                               2977.50  EUR
        2026-02-01        to expenses:rent      assets:bank:checking  expenses:rent             700.00  2277.50  EUR
        2026-02-11        to expenses:food:out  assets:cash           expenses:food:out         250.00  -250.00  CZK
        2026-02-12 19:30  to assets:cash        assets:cash           income:gifts         500              500  JPY
                          closing balance                                                               -250.00  CZK
                          closing balance                                                               2277.50  EUR
                          closing balance                                                                   500  JPY

        from        to          opening  debits  credits  closing  currency
        2026-02-01  2026-02-12     0.00    0.00   250.00  -250.00  CZK
                                2977.50    0.00   700.00  2277.50  EUR
                                      0     500        0      500  JPY
    "#]],
    );
    // Nothing was entered, and nothing was there.
    check(
        &door,
        "statement household expenses:tips --from 2026-02-01 --to 2026-02-28 --known-at 1:8",
        expect![[r#"
            Statement of expenses:tips from 2026-01-31T23:00:00Z to 2026-02-28T22:59:59.999999Z, as known at 1:8

            date  description      counter-account  debit  credit  balance  currency
                  opening balance                                     2.50  EUR
                  closing balance                                     2.50  EUR
        "#]],
    );
    check(
        &door,
        "statement household assets:cash --to 2025-12-31",
        expect![[r#"
        Statement of assets:cash to 2025-12-31T22:59:59.999999Z, as known at 1:10

        date  description      counter-account  debit  credit  balance  currency
              opening balance                                        0
              closing balance                                        0
    "#]],
    );
}
