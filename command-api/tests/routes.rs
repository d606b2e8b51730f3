//! What each route answers, over a real socket, before books in memory.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod kit;

use std::{fmt::Write, time::Duration};

use command_api::keys::Scope;
use event_schemas::Shard;
use event_store::MemoryLog;
use expect_test::{Expect, expect};
use kit::{Answer, Door, open_books};
use serde_json::Value;

async fn household() -> (Door, String) {
    let door = open_books().await;
    let token = door.key(Scope::ALL, &["*"]).await;
    let opened = door.command("/v1/ledgers", &token, "open", r#"{"id": "household"}"#).await;
    assert_eq!(opened.status, 201, "{}", opened.text());
    (door, token)
}

/// The answer with ids and times, which differ from run to run, taken out.
fn told(answer: &Answer) -> String {
    let mut text = answer.snapshot();
    for field in ["event_id", "recorded_at", "effective_at", "id", "request"] {
        let start = format!("\"{field}\":");
        let mut from = 0;
        while let Some(at) = text[from..].find(&start) {
            let begin = from + at + start.len();
            let length = text[begin..].find([',', '}']).unwrap();
            let value = &text[begin..begin + length];
            let is_random = field != "id" || value.len() == 38;
            if is_random {
                text.replace_range(begin..begin + length, "_");
            }
            from = begin;
        }
    }
    text
}

/// Lines of `key path body`, each answered.
async fn check(script: &str, expected: Expect) {
    let (door, token) = household().await;
    let mut out = String::new();
    for line in script.trim().lines().map(str::trim) {
        let mut parts = line.splitn(3, ' ');
        let [key, path, body] = [(); 3].map(|()| parts.next().unwrap_or_default());
        let path = format!("/v1/ledgers/household{path}");
        let answer = if key == "GET" {
            door.get(&path, &token).await
        } else {
            door.command(&path, &token, key, body).await
        };
        writeln!(out, "{line}\n  => {}", told(&answer)).unwrap();
    }
    expected.assert_eq(&out);
}

#[tokio::test]
async fn a_ledger_is_opened_once() {
    let door = open_books().await;
    let token = door.key(Scope::ALL, &["*"]).await;
    let body = r#"{"id": "shop", "time_zone": "Europe/Prague", "accounts": "open_explicitly", "name": "Corner shop"}"#;
    let opened = door.command("/v1/ledgers", &token, "open-1", body).await;
    expect![[r#"201 {"id":"open-1","ledger":"shop","position":"1:1","event_id":_,"recorded_at":_,"effective_at":_,"time_zone":"Europe/Prague","accounts":"open_explicitly","paths":"visible","personal_data":"plain","name":"Corner shop"}"#]].assert_eq(&told(&opened));
    let again = door.command("/v1/ledgers", &token, "open-1", body).await;
    assert_eq!((again.status, again.body), (opened.status, opened.body), "a repeat gets the same bytes");
    expect![[r#"409 {"type":"/problems/ledger_already_exists","title":"Ledger already exists","status":409,"code":"ledger_already_exists","detail":"A ledger with this id is already open. Choose another id, or use the ledger that is there.","pointer":"/id","number":101,"figures":{"ledger":"shop"},"position":"1:2"}"#]].assert_eq(&told(&door.command("/v1/ledgers", &token, "open-2", body).await));
    expect![[r#"422 {"type":"/problems/key_reused","title":"Key used before","status":422,"code":"key_reused","figures":{"used_at":"1:1"}}"#]]
    .assert_eq(&told(&door.command("/v1/ledgers", &token, "open-1", r#"{"id": "shop"}"#).await));
    expect![[r#"200 {"ledgers":[{"id":"shop","time_zone":"Europe/Prague","accounts":"open_explicitly","paths":"visible","accounts_count":0}],"as_of":"1:2"}"#]].assert_eq(&told(&door.get("/v1/ledgers", &token).await));
    expect![[r#"200 {"id":"shop","time_zone":"Europe/Prague","accounts":"open_explicitly","paths":"visible","accounts_count":0}"#]].assert_eq(&told(&door.get("/v1/ledgers/shop", &token).await));
}

#[tokio::test]
async fn money_moves_and_balances_tell() {
    check(
        r#"
        t1 /transactions {"effective_at": "2026-11-23", "description": "Groceries", "entries": [{"account": "expenses:food", "direction": "debit", "amount": "12.34", "currency": "EUR"}, {"account": "assets:bank", "direction": "credit", "amount": "12.34", "currency": "EUR"}]}
        t1 /transactions {"effective_at": "2026-11-23", "description": "Rent", "entries": [{"account": "expenses:food", "direction": "debit", "amount": "12.34", "currency": "EUR"}, {"account": "assets:bank", "direction": "credit", "amount": "12.34", "currency": "EUR"}]}
        t2 /transactions {"entries": [{"account": "expenses:food", "direction": "debit", "amount": "1", "currency": "EUR"}, {"account": "assets:bank", "direction": "credit", "amount": "2", "currency": "EUR"}]}
        t3 /transactions {"entries": [{"account": "expenses:food", "direction": "debit", "amount": "1", "currency": "EUR"}, {"account": "attic", "direction": "credit", "amount": "1", "currency": "EUR"}]}
        t4 /transactions?dry_run=true {"entries": [{"account": "expenses:food", "direction": "debit", "amount": "1", "currency": "EUR"}, {"account": "assets:bank", "direction": "credit", "amount": "1", "currency": "EUR"}]}
        t5 /transactions {"preconditions": {"balances": [{"account": "assets:bank", "currency": "EUR", "at_least": "0"}]}, "entries": [{"account": "expenses:food", "direction": "debit", "amount": "1", "currency": "EUR"}, {"account": "assets:bank", "direction": "credit", "amount": "1", "currency": "EUR"}]}
        GET /accounts/assets:bank
        r1 /transactions/t1/reverse {}
        r2 /transactions/t1/reverse {}
        r3 /transactions/t9/reverse {}
        GET /accounts/assets:bank
        GET /accounts/assets:attic
        "#,
        expect![[r#"
            t1 /transactions {"effective_at": "2026-11-23", "description": "Groceries", "entries": [{"account": "expenses:food", "direction": "debit", "amount": "12.34", "currency": "EUR"}, {"account": "assets:bank", "direction": "credit", "amount": "12.34", "currency": "EUR"}]}
              => 201 {"id":"t1","ledger":"household","position":"1:2","event_id":_,"recorded_at":_,"effective_at":_,"opened":[{"number":0,"account":"expenses:food","type":"expense"},{"number":1,"account":"assets:bank","type":"asset"}],"balances":[{"account":"expenses:food","number":0,"currency":"EUR","debits":"12.34","credits":"0.00","balance":"12.34"},{"account":"assets:bank","number":1,"currency":"EUR","debits":"0.00","credits":"12.34","balance":"-12.34"}]}
            t1 /transactions {"effective_at": "2026-11-23", "description": "Rent", "entries": [{"account": "expenses:food", "direction": "debit", "amount": "12.34", "currency": "EUR"}, {"account": "assets:bank", "direction": "credit", "amount": "12.34", "currency": "EUR"}]}
              => 422 {"type":"/problems/key_reused","title":"Key used before","status":422,"code":"key_reused","figures":{"used_at":"1:2"}}
            t2 /transactions {"entries": [{"account": "expenses:food", "direction": "debit", "amount": "1", "currency": "EUR"}, {"account": "assets:bank", "direction": "credit", "amount": "2", "currency": "EUR"}]}
              => 422 {"type":"/problems/entries_do_not_balance","title":"Entries do not balance","status":422,"code":"entries_do_not_balance","detail":"In some currency the debits are not equal to the credits. Mend the amounts: the figures tell both sums.","pointer":"/entries","number":406,"figures":{"credits":"2.00","currency":"EUR","debits":"1.00"},"position":"1:3"}
            t3 /transactions {"entries": [{"account": "expenses:food", "direction": "debit", "amount": "1", "currency": "EUR"}, {"account": "attic", "direction": "credit", "amount": "1", "currency": "EUR"}]}
              => 422 {"type":"/problems/account_type_is_unknown","title":"Account type is unknown","status":422,"code":"account_type_is_unknown","detail":"The path's first name tells no account type. Open the account with a type, or begin the path with assets, liabilities, equity, income or expenses.","pointer":"/entries/1/account","number":203,"figures":{"account":"attic"},"position":"1:4"}
            t4 /transactions?dry_run=true {"entries": [{"account": "expenses:food", "direction": "debit", "amount": "1", "currency": "EUR"}, {"account": "assets:bank", "direction": "credit", "amount": "1", "currency": "EUR"}]}
              => 200 {"id":"t4","ledger":"household","effective_at":_,"balances":[{"account":"expenses:food","number":0,"currency":"EUR","debits":"13.34","credits":"0.00","balance":"13.34"},{"account":"assets:bank","number":1,"currency":"EUR","debits":"0.00","credits":"13.34","balance":"-13.34"}]}
            t5 /transactions {"preconditions": {"balances": [{"account": "assets:bank", "currency": "EUR", "at_least": "0"}]}, "entries": [{"account": "expenses:food", "direction": "debit", "amount": "1", "currency": "EUR"}, {"account": "assets:bank", "direction": "credit", "amount": "1", "currency": "EUR"}]}
              => 409 {"type":"/problems/balance_is_too_low","title":"Balance is too low","status":409,"code":"balance_is_too_low","detail":"The balance is less than the request's condition asks for. Read the balance again and decide anew.","pointer":"/preconditions/balances/0/at_least","number":601,"figures":{"account":"assets:bank","balance":"-12.34","currency":"EUR"},"position":"1:5"}
            GET /accounts/assets:bank
              => 200 {"account":"assets:bank","number":1,"type":"asset","status":"open","entries":1,"balances":[{"currency":"EUR","posted":{"debits":"0.00","credits":"12.34","balance":"-12.34"},"pending":"0.00","available":"-12.34"}],"limits":[],"as_of":"1:5"}
            r1 /transactions/t1/reverse {}
              => 201 {"id":"r1","ledger":"household","position":"1:6","event_id":_,"recorded_at":_,"effective_at":_,"reverses":"t1","balances":[{"account":"expenses:food","number":0,"currency":"EUR","debits":"12.34","credits":"12.34","balance":"0.00"},{"account":"assets:bank","number":1,"currency":"EUR","debits":"12.34","credits":"12.34","balance":"0.00"}]}
            r2 /transactions/t1/reverse {}
              => 409 {"type":"/problems/transaction_is_reversed","title":"Transaction is reversed","status":409,"code":"transaction_is_reversed","detail":"The transaction is already reversed. There is nothing to do: the figures name the reversal.","number":702,"figures":{"reversed_at":"1:6","transaction":"t1"},"position":"1:7"}
            r3 /transactions/t9/reverse {}
              => 404 {"type":"/problems/transaction_not_found","title":"Transaction not found","status":404,"code":"transaction_not_found","detail":"No transaction has this id in this ledger. Mend the id.","number":701,"figures":{"transaction":"t9"},"position":"1:8"}
            GET /accounts/assets:bank
              => 200 {"account":"assets:bank","number":1,"type":"asset","status":"open","entries":2,"balances":[{"currency":"EUR","posted":{"debits":"12.34","credits":"12.34","balance":"0.00"},"pending":"0.00","available":"0.00"}],"limits":[],"as_of":"1:8"}
            GET /accounts/assets:attic
              => 404 {"type":"/problems/no_such_account","title":"No such account","status":404,"code":"no_such_account","detail":"the ledger has no account \"assets:attic\""}
        "#]],
    )
    .await;
}

#[tokio::test]
async fn accounts_are_opened_renamed_limited_frozen_and_closed() {
    check(
        r#"
        a1 /accounts {"path": "assets:till", "name": "The till"}
        a2 /accounts {"path": "assets:till"}
        a3 /accounts {"path": "attic"}
        a4 /accounts {"path": "attic", "type": "equity"}
        b1 /accounts/assets:till/rename {"path": "assets:drawer"}
        c1 /accounts/assets:till/limits {"currency": "EUR", "floor": "0", "ceiling": "100.00"}
        d1 /accounts/assets:drawer/freeze {"reason": "counting"}
        d2 /accounts/assets:drawer/freeze {}
        e1 /accounts/assets:drawer/unfreeze {}
        f1 /accounts/attic/close {}
        f2 /accounts/assets:nowhere/close {}
        g1 /assets {"currency": "POINTS", "scale": 0, "name": "Loyalty points"}
        g2 /assets {"currency": "EUR", "scale": 2}
        GET /accounts/assets:till
        GET /accounts?limit=1
        GET /accounts?limit=1&after=0
        "#,
        expect![[r#"
            a1 /accounts {"path": "assets:till", "name": "The till"}
              => 201 {"id":"a1","ledger":"household","position":"1:2","event_id":_,"recorded_at":_,"effective_at":_,"event":"account_opened","number":0,"account":"assets:till","type":"asset","name":"The till"}
            a2 /accounts {"path": "assets:till"}
              => 409 {"type":"/problems/account_already_exists","title":"Account already exists","status":409,"code":"account_already_exists","detail":"An account has, or once had, this path. Choose another path: one that an account ever had is never given to another.","pointer":"/path","number":202,"figures":{"account":"assets:till"},"position":"1:3"}
            a3 /accounts {"path": "attic"}
              => 422 {"type":"/problems/account_type_is_unknown","title":"Account type is unknown","status":422,"code":"account_type_is_unknown","detail":"The path's first name tells no account type. Open the account with a type, or begin the path with assets, liabilities, equity, income or expenses.","pointer":"/type","number":203,"figures":{"account":"attic"},"position":"1:4"}
            a4 /accounts {"path": "attic", "type": "equity"}
              => 201 {"id":"a4","ledger":"household","position":"1:5","event_id":_,"recorded_at":_,"effective_at":_,"event":"account_opened","number":1,"account":"attic","type":"equity"}
            b1 /accounts/assets:till/rename {"path": "assets:drawer"}
              => 201 {"id":"b1","ledger":"household","position":"1:6","event_id":_,"recorded_at":_,"effective_at":_,"event":"account_renamed","number":0,"account":"assets:drawer"}
            c1 /accounts/assets:till/limits {"currency": "EUR", "floor": "0", "ceiling": "100.00"}
              => 201 {"id":"c1","ledger":"household","position":"1:7","event_id":_,"recorded_at":_,"effective_at":_,"event":"limits_set","number":0,"currency":"EUR","floor":"0.00","ceiling":"100.00"}
            d1 /accounts/assets:drawer/freeze {"reason": "counting"}
              => 201 {"id":"d1","ledger":"household","position":"1:8","event_id":_,"recorded_at":_,"effective_at":_,"event":"account_frozen","number":0,"reason":"counting"}
            d2 /accounts/assets:drawer/freeze {}
              => 422 {"type":"/problems/account_is_frozen","title":"Account is frozen","status":422,"code":"account_is_frozen","detail":"The account is frozen. Unfreeze it first.","number":204,"figures":{"account":"assets:drawer"},"position":"1:9"}
            e1 /accounts/assets:drawer/unfreeze {}
              => 201 {"id":"e1","ledger":"household","position":"1:10","event_id":_,"recorded_at":_,"effective_at":_,"event":"account_unfrozen","number":0}
            f1 /accounts/attic/close {}
              => 201 {"id":"f1","ledger":"household","position":"1:11","event_id":_,"recorded_at":_,"effective_at":_,"event":"account_closed","number":1}
            f2 /accounts/assets:nowhere/close {}
              => 404 {"type":"/problems/account_not_found","title":"Account not found","status":404,"code":"account_not_found","detail":"No account has this path, and the ledger opens accounts only on request. Open the account first, or mend the path.","number":201,"figures":{"account":"assets:nowhere"},"position":"1:12"}
            g1 /assets {"currency": "POINTS", "scale": 0, "name": "Loyalty points"}
              => 201 {"id":"g1","ledger":"household","position":"1:13","event_id":_,"recorded_at":_,"effective_at":_,"currency":"POINTS","scale":0,"name":"Loyalty points"}
            g2 /assets {"currency": "EUR", "scale": 2}
              => 409 {"type":"/problems/asset_already_exists","title":"Asset already exists","status":409,"code":"asset_already_exists","detail":"The code is a currency of ISO 4217, or registered already. Choose another code.","pointer":"/currency","number":302,"figures":{"currency":"EUR"},"position":"1:14"}
            GET /accounts/assets:till
              => 200 {"account":"assets:drawer","number":0,"type":"asset","status":"open","entries":0,"balances":[],"limits":[{"currency":"EUR","floor":"0.00","ceiling":"100.00"}],"as_of":"1:14"}
            GET /accounts?limit=1
              => 200 {"accounts":[{"account":"assets:drawer","number":0,"type":"asset","status":"open","entries":0,"balances":[],"limits":[{"currency":"EUR","floor":"0.00","ceiling":"100.00"}]}],"next":"0","as_of":"1:14"}
            GET /accounts?limit=1&after=0
              => 200 {"accounts":[{"account":"attic","number":1,"type":"equity","status":"closed","entries":0,"balances":[],"limits":[]}],"as_of":"1:14"}
        "#]],
    )
    .await;
}

#[tokio::test]
async fn the_log_is_read_page_by_page_and_record_by_record() {
    let (door, token) = household().await;
    for key in ["a", "b", "c"] {
        door.command("/v1/ledgers/household/accounts", &token, key, r#"{"path": "assets:till"}"#).await;
    }
    door.command("/v1/ledgers", &token, "other", r#"{"id": "shop"}"#).await;
    let first = door.get("/v1/ledgers/household/events?limit=3", &token).await.json();
    let kinds = |page: &Value| -> Vec<String> {
        let events = page["events"].as_array().unwrap().iter();
        events.map(|event| format!("{} {}", event["seq"], event["type"].as_str().unwrap())).collect()
    };
    assert_eq!(kinds(&first), ["1 ledger_opened", "2 account_opened", "3 command_refused"]);
    assert_eq!(first["next"], "1:3");
    let second = door.get("/v1/ledgers/household/events?limit=3&after=1:3", &token).await.json();
    assert_eq!((kinds(&second), &second["next"]), (vec!["4 command_refused".to_owned()], &Value::Null));

    let event = door.get("/v1/events/1:2", &token).await;
    assert_eq!(event.json(), first["events"][1]);
    for none in ["1:0", "1:6", "2:1", "1:99999999999999"] {
        assert_eq!(door.get(&format!("/v1/events/{none}"), &token).await.status, 404, "{none}");
    }
}

#[tokio::test]
async fn a_ledger_that_is_not_granted_is_as_if_it_were_not() {
    let (door, token) = household().await;
    let stranger = door.key(Scope::ALL, &["shop"]).await;
    let paths = [
        "/v1/ledgers/household",
        "/v1/ledgers/household/accounts",
        "/v1/ledgers/household/accounts/assets:bank",
        "/v1/ledgers/household/events",
    ];
    for path in paths {
        let hidden = door.get(path, &stranger).await.snapshot();
        let missing = door.get(&path.replace("household", "nowhere"), &token).await.snapshot();
        assert_eq!(hidden, missing.replace("nowhere", "household"), "{path}");
        assert!(hidden.starts_with("404 "), "{hidden}");
    }
    assert_eq!(
        door.get("/v1/events/1:1", &stranger).await.snapshot(),
        door.get("/v1/events/1:7", &token).await.snapshot().replace("1:7", "1:1"),
    );
    assert_eq!(door.get("/v1/ledgers", &stranger).await.json()["ledgers"], serde_json::json!([]));
}

#[tokio::test]
async fn who_waits_too_long_is_told_the_key_and_learns_the_outcome_by_a_repeat() {
    let log = MemoryLog::new(Shard(1));
    let door = kit::open_impatient(log.clone(), Duration::from_millis(200)).await;
    let token = door.key(Scope::ALL, &["*"]).await;
    let mut held = log.hold_next_append();
    let open = r#"{"id": "shop"}"#;
    let asked = door.command("/v1/ledgers", &token, "open", open).await;
    expect![[r#"503 {"type":"/problems/outcome_unknown","title":"Outcome not known yet","status":503,"code":"outcome_unknown","detail":"send the same again with the key \"open\" to learn what came of it"}"#]].assert_eq(&asked.snapshot());
    assert_eq!(asked.header("retry-after"), Some("2"));
    held.reached().await;
    held.release();
    assert_eq!(door.command("/v1/ledgers", &token, "open", open).await.status, 201);
}
