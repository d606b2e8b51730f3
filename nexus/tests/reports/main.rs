//! `nexus report` and `nexus statement`: what they print of a small household's books, and what they say when they cannot.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

#[path = "../door/mod.rs"]
mod door;
mod statements;
mod times;
mod trees;
mod values;

use std::fmt::Write;

use door::Door;
use expect_test::{Expect, expect};
use serde_json::{Value, json};

/// Records 1 to 10: the ledger, seven transactions, two rates.
fn household() -> Door {
    let door = Door::open_with_views();
    let post = |path: &str, body: Value| {
        let answer = door.call("POST", path, Some(&body.to_string()));
        assert!(answer["position"].is_string(), "{answer}");
    };
    post("/v1/ledgers", json!({"id": "household", "time_zone": "Europe/Prague"}));
    let leg = |account: &str, direction: &str, amount: &str, currency: &str| json!({"account": account, "direction": direction, "amount": amount, "currency": currency});
    for (day, from, to, amount, currency) in [
        ("2026-01-01", "equity:opening", "assets:bank:checking", "1000.00", "EUR"),
        ("2026-01-31", "income:work", "assets:bank:checking", "2000.00", "EUR"),
        ("2026-02-01", "assets:bank:checking", "expenses:rent", "700.00", "EUR"),
        ("2026-02-10", "liabilities:card", "expenses:food", "33.33", "EUR"),
        ("2026-02-11", "assets:cash", "expenses:food:out", "250", "CZK"),
        ("2026-02-12T18:30:00Z", "income:gifts", "assets:cash", "500", "JPY"),
    ] {
        let entries = [leg(to, "debit", amount, currency), leg(from, "credit", amount, currency)];
        let body = json!({"effective_at": day, "description": format!("to {to}"), "entries": entries});
        post("/v1/ledgers/household/transactions", body);
    }
    // Known late, and in three parts.
    let entries = [
        leg("expenses:food", "debit", "20", "EUR"),
        leg("expenses:tips", "debit", "2.50", "EUR"),
        leg("assets:bank:checking", "credit", "22.50", "EUR"),
    ];
    let body = json!({"effective_at": "2026-01-15", "description": "Dinner", "entries": entries});
    post("/v1/ledgers/household/transactions", body);
    for (base, rate, from) in [("EUR", "25.00", "2026-02-01"), ("EUR", "24.00", "2026-02-20")] {
        let body =
            json!({"base": base, "quote": "CZK", "rate": rate, "effective_at": from, "source": "a bank"});
        post("/v1/ledgers/household/rates", body);
    }
    door
}

/// What it prints, to the letter.
#[track_caller]
fn check(door: &Door, command: &str, expected: Expect) {
    let told = door.run(&words(command));
    assert_eq!(told.code, 0, "{command}\n{}{}", told.out, told.err);
    expected.assert_eq(&told.out);
}

#[track_caller]
fn check_refusal(door: &Door, command: &str, expected: Expect) {
    let told = door.run(&words(command));
    assert_eq!(told.out, "", "{command}");
    let without_id = told.err.lines().filter(|line| !line.starts_with("  request "));
    let said = without_id.fold(String::new(), |mut said, line| {
        writeln!(said, "{line}").unwrap();
        said
    });
    expected.assert_eq(&format!("exit {}\n{said}", told.code));
}

fn words(command: &str) -> Vec<&str> {
    command.split_whitespace().collect()
}

#[test]
fn as_json_they_are_what_the_server_answers() {
    let door = household();
    for (command, question) in [
        ("report trial-balance household --at 2026-02-15", "reports/trial-balance?at=2026-02-15"),
        ("report balance-sheet household --valued-in EUR", "reports/balance-sheet?valued_in=EUR"),
        (
            "report income-statement household --from 2026-02-01 --to 2026-02-28 --known-at 1:7",
            "reports/income-statement?from=2026-02-01&to=2026-02-28&known_at=1:7",
        ),
        ("report general-ledger household --to 2026-01-31", "reports/general-ledger?to=2026-01-31"),
        (
            "statement household assets:cash --from 2026-02-12",
            "statement?account=assets:cash&from=2026-02-12",
        ),
        ("statement household --below expenses --period month", "statement?below=expenses&period=month"),
    ] {
        let told = door.run(&[&words(command)[..], &["--json"]].concat());
        assert_eq!(told.code, 0, "{command}\n{}", told.err);
        let answer = door.call("GET", &format!("/v1/ledgers/household/{question}"), None);
        assert!(answer["known_at"].is_string(), "{answer}");
        assert_eq!(serde_json::from_str::<Value>(&told.out).unwrap(), answer, "{command}");
    }
}

#[test]
fn what_cannot_be_told_is_said_with_its_reason() {
    let door = household();
    for command in
        ["report balance-sheet nowhere", "report general-ledger nowhere", "statement nowhere assets:cash"]
    {
        check_refusal(
            &door,
            command,
            expect![[r#"
        exit 8
        nexus: Ledger not found (ledger_not_found, 404)
          there is no ledger "nowhere" that this key may use
    "#]],
        );
    }
    for command in ["statement household assets:safe", "statement household --below assets:safe"] {
        check_refusal(
            &door,
            command,
            expect![[r#"
        exit 8
        nexus: No such account (no_such_account, 404)
          the ledger had no account "assets:safe" then
    "#]],
        );
    }
    // The account was opened later.
    check_refusal(
        &door,
        "statement household assets:cash --known-at 1:2",
        expect![[r#"
        exit 8
        nexus: No such account (no_such_account, 404)
          the ledger had no account "assets:cash" then
    "#]],
    );
    for command in [
        "report income-statement household",
        "report general-ledger household",
        "statement household assets:cash",
    ] {
        let told = door.run(&words(&format!("{command} --from 2026-02-01 --to 2026-01-31")));
        assert_eq!((told.code, &*told.out), (8, ""), "{command}");
        let said =
            "Period ends before it begins (period_reversed, 422)\n  from 2026-01-31T23:00:00Z is after to";
        assert!(told.err.contains(said), "{command}: {}", told.err);
    }
    check_refusal(
        &door,
        "report balance-sheet household --valued-in GUILDERS",
        expect![[r#"
        exit 8
        nexus: No such currency (no_such_currency, 404)
          valued_in: the ledger has no currency "GUILDERS"
    "#]],
    );
    check_refusal(
        &door,
        "report trial-balance household --at yesterday",
        expect![[r#"
        exit 8
        nexus: Invalid parameter (invalid_parameter, 400)
          at: failed to parse "time": a time reads like 2026-11-23T10:00:00Z, or 2026-11-23 for the start of that day (occurred while parsing "optional_time")
    "#]],
    );
    check_refusal(
        &door,
        "report trial-balance household --depth 0",
        expect![[r#"
        exit 8
        nexus: Invalid parameter (invalid_parameter, 400)
          depth: failed to parse "number_up_to_128": a whole number from 1 to 128 (occurred while parsing "optional_number_up_to_128")
    "#]],
    );
    check_refusal(
        &door,
        "report balance-sheet household --known-at 2:1",
        expect![[r#"
        exit 8
        nexus: Position of another shard (position_elsewhere, 422)
          the ledger's records stand in shard 1
    "#]],
    );
    for command in
        ["statement household", "statement household assets --below assets", "report horoscope household"]
    {
        assert_eq!(door.run(&words(command)).code, 2, "{command}");
    }
}

#[test]
fn long_books_are_told_whole_whatever_the_pages() {
    const TRANSACTIONS: usize = 1_100;
    let door = Door::open_with_views();
    let mut text = String::new();
    for number in 1..=TRANSACTIONS {
        let day = number % 28 + 1;
        write!(text, "2026-01-{day:02} coffee {number}\n    expenses:coffee  2 EUR\n    assets:cash\n\n")
            .unwrap();
    }
    let file = door.file("coffee.journal", text);
    let told = door.run(&["import", "journal", &file.to_string_lossy(), "--ledger", "cafe", "--open"]);
    assert_eq!(told.counts()[0], TRANSACTIONS as u64, "{}{}", told.out, told.err);

    let told = door.run(&["report", "general-ledger", "cafe"]).out;
    for (words, times) in [("  coffee ", 2 * TRANSACTIONS), ("opening balance", 2), ("closing balance", 2)] {
        assert_eq!(told.matches(words).count(), times, "{words}");
    }
    let heads: Vec<&str> = told.lines().filter(|line| line.ends_with(')')).collect();
    assert_eq!(heads, ["assets:cash (asset)", "expenses:coffee (expense)"]);
    let balances = told.lines().filter(|line| line.contains("closing balance"));
    let closing: Vec<&str> = balances.map(|line| line.split_whitespace().nth(2).unwrap()).collect();
    assert_eq!(closing, ["-2200.00", "2200.00"]);
}
