//! `nexus export journal`: what is written is read again, by us and by hledger, with equal balances.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod door;
mod hledger;

use std::path::{Path, PathBuf};

use door::Door;
use expect_test::expect;
use hledger::Balances;

/// The example journal, a transaction with everything that a journal has no place for, and one that was undone.
fn books() -> Door {
    let door = Door::open();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/household.journal");
    let told = door.run(&["import", "journal", &file.to_string_lossy(), "--ledger", "home", "--open"]);
    assert_eq!(told.code, 0, "{}{}", told.out, told.err);
    let body = r#"{"id": "odd", "effective_at": "2026-02-01T17:30:00Z", "description": "(not a code); * nor\na comment",
        "metadata": {"a b:c": "x, y"},
        "entries": [
            {"account": "assets:my bank (old)", "direction": "debit", "amount": "0.07", "currency": "EUR", "category": "misc",
             "memo": "two\nlines", "tags": ["one", "two"]},
            {"account": "liabilities:card", "direction": "credit", "amount": "0.07", "currency": "EUR"}]}"#;
    for path in ["transactions", "transactions/odd/reverse", "transactions"] {
        let body = if path.ends_with("reverse") { "{}".to_owned() } else { body.to_owned() };
        let body = if door.events("home").iter().any(|event| event["key"] == "odd") && path == "transactions"
        {
            body.replace("\"odd\"", "\"again\"")
        } else {
            body
        };
        let answer = door.call("POST", &format!("/v1/ledgers/home/{path}"), Some(&body));
        assert!(answer["position"].is_string(), "{answer}");
    }
    door.call("POST", "/v1/ledgers/home/accounts/assets:wallet/rename", Some(r#"{"path": "assets:purse"}"#));
    door
}

fn export(door: &Door) -> PathBuf {
    let out = door.folder.path().join("out.journal");
    let told = door.run(&["export", "journal", "--ledger", "home", "--out", &out.to_string_lossy()]);
    assert_eq!(told.code, 0, "{}{}", told.out, told.err);
    out
}

/// Debits less credits, as hledger counts.
fn balances(door: &Door, ledger: &str) -> Balances {
    let accounts = door.call("GET", &format!("/v1/ledgers/{ledger}/accounts"), None);
    let mut balances = Balances::new();
    for account in accounts["accounts"].as_array().unwrap() {
        let is_debit = ["asset", "expense"].contains(&account["type"].as_str().unwrap());
        for balance in account["balances"].as_array().unwrap() {
            let number = balance["posted"]["balance"].as_str().unwrap().parse().unwrap();
            let key = (
                account["account"].as_str().unwrap().to_owned(),
                balance["currency"].as_str().unwrap().to_owned(),
            );
            balances.insert(key, if is_debit { number } else { -number });
        }
    }
    balances.retain(|_, number| !number.is_zero());
    balances
}

#[test]
fn an_exported_ledger_is_imported_again_with_equal_balances() {
    let door = books();
    let out = export(&door);
    let text = std::fs::read_to_string(&out).unwrap();
    let last = door.events("home").last().unwrap()["seq"].to_string();
    assert!(text.starts_with(&format!("; The ledger home, exported by nexus as of its record {last}.\n")));
    let odd = text.split("\n\n").find(|transaction| transaction.contains("key:again")).unwrap();
    expect![[r#"
        2026-02-01 () (not a code), * nor a comment
            ; key:again
            ; at:2026-02-01T17:30:00Z
            ; a-b-c:x, y
            assets:my bank (old)   0.07 EUR  ; two lines, category:misc, one, two
            liabilities:card      -0.07 EUR
    "#]]
    .assert_eq(odd);
    let told = door.run(&["import", "journal", &out.to_string_lossy(), "--ledger", "copy", "--open"]);
    assert_eq!(told.code, 0, "{}{}", told.out, told.err);
    assert_eq!(told.counts(), [10, 0, 0]);
    assert_eq!(balances(&door, "copy"), balances(&door, "home"));

    let printed = door.run(&["export", "journal", "--ledger", "home"]);
    assert_eq!(printed.out, text, "without --out it is printed");

    let map = door.file("map.toml", "id = \"key\"\n");
    let again =
        ["import", "journal", &out.to_string_lossy(), "--ledger", "home", "--types", &map.to_string_lossy()];
    let told = door.run(&again);
    assert_eq!((told.code, told.counts()), (0, [0, 10, 0]), "{}{}", told.out, told.err);
    assert_eq!(door.events("home").last().unwrap()["seq"].to_string(), last, "nothing was recorded");
}

#[test]
fn hledger_reads_an_export_with_equal_balances() {
    if !hledger::is_there() {
        return;
    }
    let door = books();
    let out = export(&door);
    // What is undone is undone today.
    let day = "2999-12-31".parse().unwrap();
    assert_eq!(hledger::balances(&out, day), balances(&door, "home"));
}

#[test]
fn a_ledger_with_a_name_that_hledger_cannot_read_is_not_exported() {
    let door = Door::open();
    door.call("POST", "/v1/ledgers", Some(r#"{"id": "home"}"#));
    door.call("POST", "/v1/ledgers/home/accounts", Some(r#"{"path": "assets:a  b"}"#));
    let told = door.run(&["export", "journal", "--ledger", "home"]);
    assert_eq!(told.code, 1);
    expect![[r#"
        nexus: hledger would not read the account's name "assets:a  b": rename it first
    "#]]
    .assert_eq(&told.err);
}
