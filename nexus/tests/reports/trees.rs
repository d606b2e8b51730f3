//! Reports of everything and of a period.

use expect_test::expect;

use super::{check, household};

#[test]
fn reports_are_trees_of_accounts_with_totals() {
    let door = household();
    check(
        &door,
        "report trial-balance household",
        expect![[r#"
        Trial balance of household, as known at 1:10

        account        debits  credits  debit balance  credit balance  currency
        assets           0.00   250.00           0.00          250.00  CZK
                      3000.00   722.50        2277.50            0.00  EUR
                          500        0            500               0  JPY
          bank        3000.00   722.50        2277.50            0.00  EUR
            checking  3000.00   722.50        2277.50            0.00  EUR
          cash           0.00   250.00           0.00          250.00  CZK
                          500        0            500               0  JPY
        liabilities      0.00    33.33           0.00           33.33  EUR
          card           0.00    33.33           0.00           33.33  EUR
        equity           0.00  1000.00           0.00         1000.00  EUR
          opening        0.00  1000.00           0.00         1000.00  EUR
        income           0.00  2000.00           0.00         2000.00  EUR
                            0      500              0             500  JPY
          gifts             0      500              0             500  JPY
          work           0.00  2000.00           0.00         2000.00  EUR
        expenses       250.00     0.00         250.00            0.00  CZK
                       755.83     0.00         755.83            0.00  EUR
          food         250.00     0.00         250.00            0.00  CZK
                        53.33     0.00          53.33            0.00  EUR
            out        250.00     0.00         250.00            0.00  CZK
          rent         700.00     0.00         700.00            0.00  EUR
          tips           2.50     0.00           2.50            0.00  EUR

        total          250.00   250.00         250.00          250.00  CZK
                      3755.83  3755.83        3033.33         3033.33  EUR
                          500      500            500             500  JPY
    "#]],
    );
    check(
        &door,
        "report balance-sheet household",
        expect![[r#"
        Balance sheet of household, as known at 1:10

        account                           amount  currency
        Assets
          assets                         -250.00  CZK
                                         2277.50  EUR
                                             500  JPY
            bank                         2277.50  EUR
              checking                   2277.50  EUR
            cash                         -250.00  CZK
                                             500  JPY
        Total assets                     -250.00  CZK
                                         2277.50  EUR
                                             500  JPY

        Liabilities
          liabilities                      33.33  EUR
            card                           33.33  EUR
        Total liabilities                  33.33  EUR

        Equity
          equity                         1000.00  EUR
            opening                      1000.00  EUR
          retained and current earnings  -250.00  CZK
                                         1244.17  EUR
                                             500  JPY
        Total equity                     -250.00  CZK
                                         2244.17  EUR
                                             500  JPY

        Total liabilities and equity     -250.00  CZK
                                         2277.50  EUR
                                             500  JPY
    "#]],
    );
    check(
        &door,
        "report income-statement household",
        expect![[r#"
        Income statement of household, as known at 1:10

        account          amount  currency
        Income
          income        2000.00  EUR
                            500  JPY
            gifts           500  JPY
            work        2000.00  EUR
        Total income    2000.00  EUR
                            500  JPY

        Expenses
          expenses       250.00  CZK
                         755.83  EUR
            food         250.00  CZK
                          53.33  EUR
              out        250.00  CZK
            rent         700.00  EUR
            tips           2.50  EUR
        Total expenses   250.00  CZK
                         755.83  EUR

        Net income      -250.00  CZK
                        1244.17  EUR
                            500  JPY
    "#]],
    );
    check(
        &door,
        "report general-ledger household --from 2026-02-01 --to 2026-02-28",
        expect![[r#"
        General ledger of household from 2026-01-31T23:00:00Z to 2026-02-28T22:59:59.999999Z, as known at 1:10

        assets:bank:checking (asset)
        date        description       counter-account  debit  credit  balance  currency
                    opening balance                                   2977.50  EUR
        2026-02-01  to expenses:rent  expenses:rent           700.00  2277.50  EUR
                    closing balance                                   2277.50  EUR

        assets:cash (asset)
        date              description           counter-account    debit  credit  balance  currency
                          opening balance                                               0
        2026-02-11        to expenses:food:out  expenses:food:out         250.00  -250.00  CZK
        2026-02-12 19:30  to assets:cash        income:gifts         500              500  JPY
                          closing balance                                         -250.00  CZK
                          closing balance                                             500  JPY

        liabilities:card (liability)
        date        description       counter-account  debit  credit  balance  currency
                    opening balance                                         0
        2026-02-10  to expenses:food  expenses:food            33.33    33.33  EUR
                    closing balance                                     33.33  EUR

        equity:opening (equity)
        date  description      counter-account  debit  credit  balance  currency
              opening balance                                  1000.00  EUR
              closing balance                                  1000.00  EUR

        income:gifts (income)
        date              description      counter-account  debit  credit  balance  currency
                          opening balance                                        0
        2026-02-12 19:30  to assets:cash   assets:cash                500      500  JPY
                          closing balance                                      500  JPY

        income:work (income)
        date  description      counter-account  debit  credit  balance  currency
              opening balance                                  2000.00  EUR
              closing balance                                  2000.00  EUR

        expenses:food (expense)
        date        description       counter-account   debit  credit  balance  currency
                    opening balance                                      20.00  EUR
        2026-02-10  to expenses:food  liabilities:card  33.33            53.33  EUR
                    closing balance                                      53.33  EUR

        expenses:food:out (expense)
        date        description           counter-account   debit  credit  balance  currency
                    opening balance                                              0
        2026-02-11  to expenses:food:out  assets:cash      250.00           250.00  CZK
                    closing balance                                         250.00  CZK

        expenses:rent (expense)
        date        description       counter-account        debit  credit  balance  currency
                    opening balance                                               0
        2026-02-01  to expenses:rent  assets:bank:checking  700.00           700.00  EUR
                    closing balance                                          700.00  EUR

        expenses:tips (expense)
        date  description      counter-account  debit  credit  balance  currency
              opening balance                                     2.50  EUR
              closing balance                                     2.50  EUR

    "#]],
    );
    check(
        &door,
        "report income-statement household --from 2026-02-01 --to 2026-02-28 --depth 1",
        expect![[r#"
            Income statement of household from 2026-01-31T23:00:00Z to 2026-02-28T22:59:59.999999Z, as known at 1:10

            account          amount  currency
            Income
              income            500  JPY
            Total income        500  JPY

            Expenses
              expenses       250.00  CZK
                             733.33  EUR
            Total expenses   250.00  CZK
                             733.33  EUR

            Net income      -250.00  CZK
                            -733.33  EUR
                                500  JPY
        "#]],
    );
    // Before everything.
    check(
        &door,
        "report balance-sheet household --at 2025-12-31",
        expect![[r#"
        Balance sheet of household at 2025-12-31T22:59:59.999999Z, as known at 1:10

        account                          amount  currency
        Assets
        Total assets                          0

        Liabilities
        Total liabilities                     0

        Equity
          retained and current earnings       0
        Total equity                          0

        Total liabilities and equity          0
    "#]],
    );
}
