//! Reports with values.

use expect_test::expect;
use serde_json::json;

use super::{check, household};

#[test]
fn reports_are_valued_by_the_rates_of_their_time() {
    let door = household();
    check(
        &door,
        "report balance-sheet household --at 2026-02-15 --valued-in EUR",
        expect![[r#"
        Balance sheet of household at 2026-02-15T22:59:59.999999Z, as known at 1:10

        account                           amount  currency    value
        Assets
          assets                         -250.00  CZK       2267.50
                                         2277.50  EUR
                                             500  JPY
            bank                         2277.50  EUR       2277.50
              checking                   2277.50  EUR       2277.50
            cash                         -250.00  CZK        -10.00
                                             500  JPY
        Total assets                     -250.00  CZK       2267.50
                                         2277.50  EUR
                                             500  JPY

        Liabilities
          liabilities                      33.33  EUR         33.33
            card                           33.33  EUR         33.33
        Total liabilities                  33.33  EUR         33.33

        Equity
          equity                         1000.00  EUR       1000.00
            opening                      1000.00  EUR       1000.00
          retained and current earnings  -250.00  CZK       1234.17
                                         1244.17  EUR
                                             500  JPY
        Total equity                     -250.00  CZK       2234.17
                                         2244.17  EUR
                                             500  JPY

        Total liabilities and equity     -250.00  CZK       2267.50
                                         2277.50  EUR
                                             500  JPY

        Not converted, and in no value:
          500 JPY: no rate is known

         rate              in effect from        source
        1 EUR  25.00  CZK  2026-01-31T23:00:00Z  a bank
    "#]],
    );
    check(
        &door,
        "report income-statement household --from 2026-02-01 --valued-in CZK",
        expect![[r#"
        Income statement of household from 2026-01-31T23:00:00Z, as known at 1:10

        account          amount  currency      value
        Income
          income            500  JPY            0.00
            gifts           500  JPY            0.00
        Total income        500  JPY            0.00

        Expenses
          expenses       250.00  CZK        17849.92
                         733.33  EUR
            food         250.00  CZK         1049.92
                          33.33  EUR
              out        250.00  CZK          250.00
            rent         700.00  EUR        16800.00
        Total expenses   250.00  CZK        17849.92
                         733.33  EUR

        Net income      -250.00  CZK       -17849.92
                        -733.33  EUR
                            500  JPY

        Not converted, and in no value:
          500 JPY: no rate is known

         rate              in effect from        source
        1 EUR  24.00  CZK  2026-02-19T23:00:00Z  a bank
    "#]],
    );
    check(
        &door,
        "report trial-balance household --depth 1 --valued-in EUR",
        expect![[r#"
        Trial balance of household, as known at 1:10

        account       debits  credits  debit balance  credit balance  currency
        assets          0.00   250.00           0.00          250.00  CZK
                     3000.00   722.50        2277.50            0.00  EUR
                         500        0            500               0  JPY
                     3000.00   732.92        2277.50           10.42  in EUR
        liabilities     0.00    33.33           0.00           33.33  EUR
                        0.00    33.33           0.00           33.33  in EUR
        equity          0.00  1000.00           0.00         1000.00  EUR
                        0.00  1000.00           0.00         1000.00  in EUR
        income          0.00  2000.00           0.00         2000.00  EUR
                           0      500              0             500  JPY
                        0.00  2000.00           0.00         2000.00  in EUR
        expenses      250.00     0.00         250.00            0.00  CZK
                      755.83     0.00         755.83            0.00  EUR
                      766.25     0.00         766.25            0.00  in EUR

        total         250.00   250.00         250.00          250.00  CZK
                     3755.83  3755.83        3033.33         3033.33  EUR
                         500      500            500             500  JPY
                     3766.25  3766.25        3043.75         3043.75  in EUR

        Not converted, and in no value:
          500 and 500 JPY: no rate is known

         rate              in effect from        source
        1 EUR  24.00  CZK  2026-02-19T23:00:00Z  a bank
    "#]],
    );
    check(
        &door,
        "report balance-sheet household --depth 1 --valued-in EUR --known-at 1:8",
        expect![[r#"
        Balance sheet of household, as known at 1:8

        account                           amount  currency    value
        Assets
          assets                         -250.00  CZK       2277.50
                                         2277.50  EUR
                                             500  JPY
        Total assets                     -250.00  CZK       2277.50
                                         2277.50  EUR
                                             500  JPY

        Liabilities
          liabilities                      33.33  EUR         33.33
        Total liabilities                  33.33  EUR         33.33

        Equity
          equity                         1000.00  EUR       1000.00
          retained and current earnings  -250.00  CZK       1244.17
                                         1244.17  EUR
                                             500  JPY
        Total equity                     -250.00  CZK       2244.17
                                         2244.17  EUR
                                             500  JPY

        Total liabilities and equity     -250.00  CZK       2277.50
                                         2277.50  EUR
                                             500  JPY

        Not converted, and in no value:
          -250.00 CZK: no rate is known
          500 JPY: no rate is known
    "#]],
    );
}

#[test]
fn what_has_no_value_is_told_also_where_it_cancels_out() {
    let door = household();
    for (debit, credit, currency) in
        [("expenses:fees", "liabilities:loan", "GBP"), ("expenses:fees", "income:fees", "CHF")]
    {
        let leg = |account, direction| json!({"account": account, "direction": direction, "amount": "40", "currency": currency});
        let body =
            json!({"effective_at": "2026-02-01", "entries": [leg(debit, "debit"), leg(credit, "credit")]});
        let answer = door.call("POST", "/v1/ledgers/household/transactions", Some(&body.to_string()));
        assert!(answer["position"].is_string(), "{answer}");
    }
    let footnotes = |report: &str| {
        let told = door.run(&["report", report, "household", "--valued-in", "EUR"]);
        let (_, notes) = told.out.split_once("Not converted, and in no value:\n").unwrap();
        let notes = notes.split("\n\n").next().unwrap().lines();
        notes.map(|line| line.trim().to_owned() + "\n").collect::<String>()
    };
    expect![[r#"
        500 JPY: no rate is known
        40.00 GBP: no rate is known
    "#]]
    .assert_eq(&footnotes("balance-sheet"));
    expect![[r#"
        -40.00 GBP: no rate is known
        500 JPY: no rate is known
        40.00 CHF: no rate is known
    "#]]
    .assert_eq(&footnotes("income-statement"));
}
