//! `nexus import journal` against a server: what is read, what is refused before anything is posted, and each transaction
//! once.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod door;

use std::path::Path;

use door::{Door, Told};
use expect_test::{Expect, expect};

fn import(door: &Door, file: &Path, flags: &[&str]) -> Told {
    let file = file.to_string_lossy();
    door.run(&[&["import", "journal", &*file, "--ledger", "home", "--open"][..], flags].concat())
}

/// What the command says on failing, after having posted nothing.
#[track_caller]
fn check_fault(name: &str, journal: &str, expected: &Expect) {
    let door = Door::open();
    let told = import(&door, &door.file(name, journal), &[]);
    assert_eq!(told.code, 1, "{}{}", told.out, told.err);
    expected.assert_eq(&told.err);
    assert_eq!(door.call("GET", "/v1/ledgers", None)["ledgers"].as_array().map(Vec::len), Some(0));
}

/// Accounts and balances, a line for each currency.
fn balances(door: &Door) -> String {
    let accounts = door.call("GET", "/v1/ledgers/home/accounts", None);
    let mut lines = Vec::new();
    for account in accounts["accounts"].as_array().unwrap() {
        for balance in account["balances"].as_array().unwrap() {
            lines.push(format!(
                "{} {} {} {}\n",
                account["type"].as_str().unwrap(),
                account["account"].as_str().unwrap(),
                balance["posted"]["balance"].as_str().unwrap(),
                balance["currency"].as_str().unwrap()
            ));
        }
    }
    lines.sort();
    lines.concat()
}

#[test]
fn the_example_journal_is_imported_and_a_second_time_posts_nothing() {
    let door = Door::open();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/household.journal");
    let first = import(&door, &file, &[]);
    assert_eq!((first.code, first.counts()), (0, [7, 0, 0]), "{}{}", first.out, first.err);
    assert!(first.out.contains("household.journal:17: periodic rule `~ monthly`"), "{}", first.out);
    assert!(
        first.out.contains("household.journal:21: auto posting rule `= ^expenses:food`"),
        "{}",
        first.out
    );
    let expected = expect![[r#"
        asset assets:bank:checking 867.55 EUR
        asset assets:wallet 100.00 USD
        asset assets:wallet 27.00 EUR
        asset budget:holidays 150.00 EUR
        asset funds:world 12.345 WORLD
        equity equity:conversion -593.00 EUR
        equity equity:conversion 100.00 USD
        equity equity:conversion 12.345 WORLD
        equity equity:opening 2470.55 EUR
        equity equity:virtual 150.00 EUR
        expense expenses:food 23.40 EUR
        expense expenses:gifts 8.90 EUR
        expense expenses:rent 950.00 EUR
        expense expenses:unknown 0.70 EUR
    "#]];
    expected.assert_eq(&balances(&door));
    assert!(first.out.contains("rates: 1 recorded, 0 already there"), "{}", first.out);
    let second = import(&door, &file, &[]);
    assert!(second.out.contains("rates: 0 recorded, 1 already there"), "{}", second.out);
    assert_eq!((second.code, second.counts()), (0, [0, 7, 0]), "{}{}", second.out, second.err);
    expected.assert_eq(&balances(&door));

    let rent = door.events("home").into_iter().find(|event| event["reference"].is_string()).unwrap();
    expect![[r#"
        {
          "comment": "rent for January, contract:B-7",
          "contract": "B-7",
          "source_file": "household.journal",
          "source_line": "29",
          "status": "cleared"
        }"#]]
    .assert_eq(&{
        let mut metadata = rent["metadata"].clone();
        assert_eq!(
            metadata.as_object_mut().unwrap().remove("source_sha256").unwrap().as_str().unwrap().len(),
            64
        );
        serde_json::to_string_pretty(&metadata).unwrap()
    });
    assert_eq!((rent["reference"].as_str(), rent["description"].as_str()), (Some("1714"), Some("landlord")));
}

#[test]
fn beancounts_lots_paddings_and_checks_are_read() {
    let door = Door::open();
    let told = import(
        &door,
        &door.file(
            "a.beancount",
            r#"
option "name_assets" "Vermoegen"
2024-01-01 open Vermoegen:Bank
2024-01-01 pad Vermoegen:Bank Equity:Opening
2024-01-02 balance Vermoegen:Bank  1,000.00 USD
2024-01-02 * "Broker" "Buys" #shares ^note-7
  note: "two lots"
  Vermoegen:Shares   2.5 ITOT {118.71 USD, 2024-01-02}
  Vermoegen:Bank
2024-01-03 query "all" "
SELECT account
"
2024-02-01 ! "Sells one"
  Vermoegen:Shares  -1 ITOT {118.71 USD} @ 138.95 USD
  Vermoegen:Bank   138.95 USD
  Income:Gains
2024-02-02 balance Vermoegen  842.17 ~ 0.01 USD
"#,
        ),
        &[],
    );
    assert_eq!((told.code, told.counts()), (0, [3, 0, 0]), "{}{}", told.out, told.err);
    expect![[r#"
        asset Vermoegen:Bank 842.17 USD
        asset Vermoegen:Shares 1.5 ITOT
        equity Equity:Opening 1000.00 USD
        equity equity:conversion -178.07 USD
        equity equity:conversion 1.5 ITOT
        income Income:Gains 20.24 USD
    "#]]
    .assert_eq(&balances(&door));
    assert!(told.out.contains("a.beancount:10: directive `2024-01-03 query \"all\" \"`"), "{}", told.out);
    let bought =
        door.events("home").into_iter().find(|event| event["description"] == "Broker | Buys").unwrap();
    assert_eq!(bought["metadata"]["tags"], "shares");
    assert_eq!(bought["metadata"]["links"], "note-7");
    assert_eq!(bought["metadata"]["note"], "two lots");
    assert_eq!(bought["entries"][0]["tags"][0], "lot: {118.71 USD, 2024-01-02}");
}

#[test]
fn numbers_and_names_are_read_as_directives_say() {
    let door = Door::open();
    door.file("more.journal", "1/31 other\n  cash    2.500,5 EUR\n  income:gift\n");
    let told = import(
        &door,
        &door.file(
            "a.journal",
            "decimal-mark ,\nY2024\nalias cash=assets:cash\ncommodity 1.000,00 \"blue points\"\ninclude mo*.journal\n\
             apply account assets\n2/1=2/3 exchange\n  funds:points    1.500,25 \"blue points\"\n  cash    -300,00 EUR\n\
             end apply account\n",
        ),
        &[],
    );
    assert_eq!((told.code, told.counts()), (0, [2, 0, 0]), "{}{}", told.out, told.err);
    expect![[r#"
        asset assets:cash 2200.50 EUR
        asset assets:funds:points 1500.25 BLUE-POINTS
        equity equity:conversion -300.00 EUR
        equity equity:conversion 1500.25 BLUE-POINTS
        income income:gift 2500.50 EUR
    "#]]
    .assert_eq(&balances(&door));
}

#[test]
fn nothing_of_an_unknown_commodity_may_be_asserted_and_zeros_are_no_decimals() {
    let door = Door::open();
    let journal = "2024-01-01 a\n  assets:cash  $5.1000 = 0 XYZ\n  income:gift\n2024-01-02 b\n  assets:cash  = 0 ABC\n  assets:cash  = $5.10\n";
    let told = import(&door, &door.file("a.journal", journal), &[]);
    assert_eq!((told.code, told.counts()), (0, [1, 0, 0]), "{}{}", told.out, told.err);
    assert_eq!(door.balance("home", "assets:cash"), "5.10");
}

#[test]
fn what_changes_in_a_journal_without_moving_money_is_no_new_transaction() {
    let door = Door::open();
    let first = "2024-01-01 coffee\n  expenses:food  EUR 3\n  assets:cash\n2024-01-01 coffee\n  expenses:food  EUR 3\n  assets:cash\n";
    assert_eq!(import(&door, &door.file("a.journal", first), &[]).counts(), [2, 0, 0]);
    let second = format!(
        "2023-12-31 earlier\n  expenses:food  EUR 1\n  assets:cash\n\n{}",
        first.replace("2024-01-01 coffee", "2024/1/1 * coffee  ; paid:yes").replace("EUR 3", "3.00 EUR")
    );
    assert_eq!(import(&door, &door.file("b.journal", &second), &[]).counts(), [1, 2, 0]);
    assert_eq!(door.balance("home", "expenses:food"), "7.00");
}

#[test]
fn asserted_balances_are_checked_against_the_ledger_too() {
    let door = Door::open();
    let journal = door.file(
        "a.journal",
        "2024-01-01 a\n  assets:cash  EUR 5\n  income:gift\n2024-01-02 b\n  assets:cash  EUR -2 = EUR 3\n  expenses:food\n",
    );
    door.call("POST", "/v1/ledgers", Some(r#"{"id": "home"}"#));
    door.call(
        "POST",
        "/v1/ledgers/home/transactions",
        Some(
            r#"{"entries": [{"account": "assets:cash", "direction": "debit", "amount": "1", "currency": "EUR"},
                {"account": "income:gift", "direction": "credit", "amount": "1", "currency": "EUR"}]}"#,
        ),
    );
    let told = import(&door, &journal, &[]);
    assert_eq!((told.code, told.counts()), (8, [1, 0, 1]), "{}{}", told.out, told.err);
    let refused = told.out.lines().find(|line| line.starts_with("refused: ")).unwrap();
    expect!["refused: a.journal:4: Balance is too high: The balance is more than the request's condition allows. Read the balance again and decide anew. [account: assets:cash] [balance: 6.00] [currency: EUR] (balance_is_too_high /preconditions/balances/0/at_most)"].assert_eq(refused);
    // The rest is posted under another key once the cause has gone, or is not asked about.
    assert_eq!(import(&door, &journal, &["--no-preconditions"]).counts(), [1, 1, 0]);
}

#[test]
fn what_does_not_add_up_is_said_with_its_line_and_nothing_is_posted() {
    check_fault(
        "a.journal",
        "2024-01-01 a\n  assets:cash  EUR 5\n  income:gift  EUR -4.99\n\n2024-13-01 b\n  assets:cash  EUR 5\n  income\n\
         2024-01-03 c\n  assets:cash  5 EUR EUR\n  income\nfoo bar\n  indented\n",
        &expect![[r#"
            nexus: a.journal:5: "2024-13-01" is no date; dates read like 2024-01-31
            a.journal:9: "EUR" is not understood here
            a.journal:11: `foo bar` is not understood: no date and no directive; a comment begins with ;
            a.journal:12: an indented line belongs to nothing: a date, or a directive, is missing above
        "#]],
    );
    check_fault(
        "a.journal",
        "2024-01-01 a\n  assets:cash  EUR 5 = EUR 6\n  income:gift\n2024-01-02 b\n  assets:cash\n  income:gift\n\
         2024-01-03 c\n  assets:cash  EUR 5\n  income:gift  EUR -4.99\n2024-01-04 d\n  (assets:cash)\n",
        &expect![[r#"
            nexus: a.journal:2: assets:cash holds 5 EUR here, and 6 EUR is asserted
            a.journal:6: a second posting without an amount: only one can be inferred
            a.journal:7: the transaction does not balance: its postings add up to 0.01 EUR
            a.journal:11: a posting in parentheses is balanced by nothing, so it needs an amount
        "#]],
    );
    check_fault(
        "a.journal",
        "2024-01-01 a\n  bank  $5\n  shop  $-5\n",
        &expect![[r#"
        nexus: 2 first names of accounts tell no type. Say it in a map (--types MAP.toml), or by `account … ; type:A`:

        [types]   # asset, liability, equity, income or expense; "*" is every other
        "bank" = "asset"
        "shop" = "asset"
    "#]],
    );
    check_fault(
        "a.journal",
        "2024-01-01 a\n  assets  $5\n  income  USD -4\n",
        &expect![[r#"
        nexus: the commodities "$" and "USD" would both become USD: say in the map (--types) which is which, such as

        [commodities]
        "$" = "CAD"
        "USD" = "USD"
    "#]],
    );
    check_fault(
        "a.journal",
        "2024-01-01 a\n  assets  $5.125\n  income\n",
        &expect![[r#"
        nexus: amounts in "$" have 3 decimals, and USD has 2: give it an asset of its own in the map (--types), such as

        [commodities]
        "$" = "USD-3"
    "#]],
    );
    check_fault(
        "a.beancount",
        "2024-01-01 * \"a\"\n  Assets:A  1 X {}\n  Assets:B\n2024-01-02 balance Assets:B 5 EUR\n",
        &expect![[r#"
            nexus: a.beancount:1: the amount that is left out follows from the cost of a lot: write one of the two
            a.beancount:4: Assets:B holds 0 EUR at the start of 2024-01-02, and 5 EUR is asserted
        "#]],
    );
}

#[test]
fn a_dry_run_shows_what_would_be_done_and_changes_nothing() {
    let door = Door::open();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/household.journal");
    let told = import(&door, &file, &["--dry-run"]);
    assert_eq!(told.code, 0, "{}{}", told.out, told.err);
    assert!(told.out.contains("the asset WORLD with 3 decimals would be registered"), "{}", told.out);
    assert!(told.out.contains("the account funds:world (asset) would be opened"), "{}", told.out);
    assert!(told.out.contains("7 transactions would be posted and 1 rates recorded"), "{}", told.out);
    assert_eq!(door.call("GET", "/v1/ledgers", None)["ledgers"].as_array().map(Vec::len), Some(0));
}
