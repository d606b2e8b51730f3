//! What a transaction's body may be, and where it says what is wrong. Asked of the echo route, which has no engine.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod kit;

use std::fmt::Write;

use command_api::{ServerConfig, keys::Scope};
use expect_test::expect;
use kit::{Door, config, open};
use serde_json::json;

const ECHO: &str = "/v1/bench/echo";

async fn echo() -> (Door, String) {
    let door = open(ServerConfig { bench_echo: true, ..config() }).await;
    let token = door.key(&[Scope::TransactionsWrite], &["*"]).await;
    (door, token)
}

const GOOD: &str = r#"{"effective_at": "2026-11-23", "description": "Groceries", "entries": [
    {"account": "expenses:food", "direction": "debit", "amount": "12.34", "currency": "EUR"},
    {"account": "assets:bank", "direction": "credit", "amount": "12.34", "currency": "EUR", "memo": "card", "tags": ["weekly"]}]}"#;

#[tokio::test]
async fn the_echo_is_there_only_when_asked_for() {
    let (door, token) = echo().await;
    let answer = door.post(ECHO, &token, GOOD).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.json()["balances"][0]["account"], "expenses:food");

    let door = open(config()).await;
    let token = door.key(&[Scope::TransactionsWrite], &["*"]).await;
    assert_eq!(door.post(ECHO, &token, GOOD).await.status, 404);
}

/// Replaces one part of a good body at a time.
#[tokio::test]
async fn what_is_wrong_is_named_by_its_pointer() {
    let (door, token) = echo().await;
    let bodies: &[(&str, String)] = &[
        ("nothing", String::new()),
        ("blanks", "  \n".into()),
        ("no JSON", "{\"entries\": [".into()),
        ("a scalar", "5".into()),
        ("an array", format!("[{GOOD}]")),
        ("an entry as a list", GOOD.replacen("{\"account\": \"expenses:food\", \"direction\": \"debit\", \"amount\": \"12.34\", \"currency\": \"EUR\"}", "[\"expenses:food\", \"debit\", \"12.34\", \"EUR\"]", 1)),
        ("a direction as an object", GOOD.replace("\"debit\"", "{\"debit\": null}")),
        ("two values", format!("{GOOD} {GOOD}")),
        ("an unknown field", GOOD.replace("description", "descripton")),
        ("an unknown field deep down", GOOD.replace("\"memo\"", "\"mem~o/\"")),
        ("a missing field", GOOD.replace("\"direction\": \"credit\", ", "")),
        ("a doubled field", GOOD.replace("\"memo\"", "\"amount\": \"1\", \"memo\"")),
        ("a number for money", GOOD.replace("\"12.34\", \"currency\": \"EUR\"}", "12.34, \"currency\": \"EUR\"}")),
        ("an exponent", GOOD.replacen("12.34", "1e3", 1)),
        ("a sign", GOOD.replacen("12.34", "-12.34", 1)),
        ("leading zeros", GOOD.replacen("12.34", "012.34", 1)),
        ("29 digits", GOOD.replacen("12.34", &"9".repeat(29), 1)),
        ("another direction", GOOD.replace("credit", "left")),
        ("a currency in lower case", GOOD.replacen("EUR", "eur", 1)),
        ("an empty name in a path", GOOD.replace("assets:bank", "assets::bank")),
        ("null for what may be left out", GOOD.replace("\"Groceries\"", "null")),
        ("a day that is none", GOOD.replace("2026-11-23", "2026-02-30")),
        ("a time without a zone", GOOD.replace("2026-11-23", "2026-11-23T10:00:00")),
        ("NUL", GOOD.replace("Groceries", "a\\u0000b")),
        ("half a surrogate pair", GOOD.replace("Groceries", "\\ud800")),
        ("a text too long", GOOD.replace("Groceries", &"ä".repeat(501))),
        ("too many tags", GOOD.replace("[\"weekly\"]", &json!(vec!["t"; 21]).to_string())),
        ("far too many entries", json!({ "entries": vec![json!({"account": "a", "direction": "debit", "amount": "1", "currency": "EUR"}); 1001] }).to_string()),
        ("metadata that is no text", GOOD.replace("\"description\"", "\"metadata\": {\"n\": 1}, \"description\"")),
        ("metadata said twice", GOOD.replace("\"description\"", "\"metadata\": {\"n\": \"1\", \"n\": \"2\"}, \"description\"")),
        ("a position that is none", GOOD.replace("\"description\"", "\"preconditions\": {\"unchanged_since\": \"17\"}, \"description\"")),
        ("nested beyond all measure", "[".repeat(200_000)),
        ("nested where a text should be", GOOD.replace("\"Groceries\"", &"{\"a\":".repeat(1_000))),
    ];
    let mut table = String::new();
    for (what, body) in bodies {
        let answer = door.post(ECHO, &token, body).await;
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{what}");
        let problem = answer.json();
        let pointer = problem["pointer"].as_str().unwrap_or("-");
        let (code, detail) = (problem["code"].as_str().unwrap(), problem["detail"].as_str().unwrap());
        writeln!(table, "{what}: {} {code} {pointer:?} {detail}", answer.status).unwrap();
    }
    expect![[r#"
        nothing: 400 invalid_json "-" the body is empty
        blanks: 400 invalid_json "-" the body is empty
        no JSON: 400 invalid_json "/entries" EOF while parsing a list at line 1 column 13
        a scalar: 400 invalid_body "" invalid type: integer `5`, expected a transaction: an object
        an array: 400 invalid_body "" invalid type: sequence, expected a transaction: an object
        an entry as a list: 400 invalid_body "/entries/0" invalid type: sequence, expected an entry: an object
        a direction as an object: 400 invalid_body "/entries/0/direction" invalid type: map, expected one of "debit", "credit"
        two values: 400 invalid_json "" trailing characters at line 3 column 131
        an unknown field: 400 invalid_body "/descripton" unknown field `descripton`, expected one of `id`, `effective_at`, `description`, `reference`, `metadata`, `preconditions`, `entries`
        an unknown field deep down: 400 invalid_body "/entries/1/mem~0o~1" unknown field `mem~o/`, expected one of `account`, `direction`, `amount`, `currency`, `category`, `memo`, `tags`
        a missing field: 400 invalid_body "/entries/1/direction" missing field `direction`
        a doubled field: 400 invalid_body "/entries/1/amount" duplicate field `amount`
        a number for money: 400 invalid_body "/entries/0/amount" invalid type: floating point `12.34`, expected a decimal string, such as "12.34"
        an exponent: 400 invalid_body "/entries/0/amount" an amount is a decimal string such as "12.34": digits without leading zeros, a point, at most 18 digits after it
        a sign: 400 invalid_body "/entries/0/amount" an amount is a decimal string such as "12.34": digits without leading zeros, a point, at most 18 digits after it
        leading zeros: 400 invalid_body "/entries/0/amount" an amount is a decimal string such as "12.34": digits without leading zeros, a point, at most 18 digits after it
        29 digits: 400 invalid_body "/entries/0/amount" an amount has at most 28 digits
        another direction: 400 invalid_body "/entries/1/direction" unknown variant `left`, expected `debit` or `credit`
        a currency in lower case: 400 invalid_body "/entries/0/currency" an asset's code is 1 to 16 of A-Z, 0-9, '.', '_' and '-', and begins with a letter
        an empty name in a path: 400 invalid_body "/entries/1/account" an account's path is 1 to 255 characters: names between colons, none empty, without control characters or blanks at their ends
        null for what may be left out: 400 invalid_body "/description" invalid type: null, expected a text
        a day that is none: 400 invalid_body "/effective_at" a time reads like 2026-11-23T10:00:00Z, or 2026-11-23 for the start of that day
        a time without a zone: 400 invalid_body "/effective_at" a time reads like 2026-11-23T10:00:00Z, or 2026-11-23 for the start of that day
        NUL: 400 invalid_body "/description" the character NUL cannot be stored
        half a surrogate pair: 400 invalid_json "/description" unexpected end of hex escape at line 1 column 54
        a text too long: 400 invalid_body "/description" this text is 0 to 500 characters long
        too many tags: 400 invalid_body "/entries/1/tags" invalid length 21, expected an array of at most 20
        far too many entries: 400 invalid_body "/entries" invalid length 1001, expected an array of at most 1000
        metadata that is no text: 400 invalid_body "/metadata/n" invalid type: integer `1`, expected a text
        metadata said twice: 400 invalid_body "/metadata/n" duplicate field `n`
        a position that is none: 400 invalid_body "/preconditions/unchanged_since" a position reads "<shard>:<sequence>", such as "1:17"
        nested beyond all measure: 400 invalid_body "" invalid type: sequence, expected a transaction: an object
        nested where a text should be: 400 invalid_body "/description" invalid type: map, expected a text
    "#]].assert_eq(&table);
}

#[tokio::test]
async fn bytes_that_are_no_text_are_refused() {
    let (door, token) = echo().await;
    let mut body = GOOD.replace("Groceries", "caf@").into_bytes();
    let at = body.iter().position(|byte| *byte == b'@').unwrap();
    body[at] = 0xe9; // é in Latin-1
    let head = format!(
        "POST {ECHO} HTTP/1.1\r\nHost: door\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let answer = door.raw(&[head.into_bytes(), body].concat()).await;
    assert_eq!((answer.status, &answer.json()["pointer"]), (400, &"/description".into()));
}

#[tokio::test]
async fn a_body_has_a_limit_announced_or_not() {
    let (door, token) = echo().await;
    let announced = door.post(ECHO, &token, &" ".repeat(300 * 1024)).await;
    expect![[r#"413 {"type":"/problems/body_too_large","title":"Body too large","status":413,"code":"body_too_large","detail":"at most 256 KiB are taken here"}"#]]
        .assert_eq(&announced.snapshot());

    let mut chunked = format!(
        "POST {ECHO} HTTP/1.1\r\nHost: door\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    for _ in 0..300 {
        write!(chunked, "400\r\n{}\r\n", " ".repeat(1024)).unwrap();
    }
    chunked.push_str("0\r\n\r\n");
    assert_eq!(door.raw(chunked.as_bytes()).await.status, 413);
}

#[tokio::test]
async fn a_body_says_what_it_is() {
    let (door, token) = echo().await;
    let authorization = format!("Bearer {token}");
    let send = async |headers: &[(&str, &str)]| {
        let headers = [&[("Authorization", &*authorization)], headers].concat();
        door.send("POST", ECHO, &headers, GOOD).await
    };
    assert_eq!(send(&[("Content-Type", "application/json; charset=utf-8")]).await.status, 201);
    expect![[r#"415 {"type":"/problems/unsupported_media_type","title":"Unsupported media type","status":415,"code":"unsupported_media_type","detail":"say what the body is: send Content-Type: application/json"}"#]]
        .assert_eq(&send(&[]).await.snapshot());
    expect![[r#"415 {"type":"/problems/unsupported_media_type","title":"Unsupported media type","status":415,"code":"unsupported_media_type","detail":"\"application/x-www-form-urlencoded\" is not taken here: send Content-Type: application/json"}"#]]
        .assert_eq(&send(&[("Content-Type", "application/x-www-form-urlencoded")]).await.snapshot());
    let zipped = send(&[("Content-Type", "application/json"), ("Content-Encoding", "gzip")]).await;
    assert_eq!((zipped.status, &zipped.json()["code"]), (415, &"unsupported_media_type".into()));
}

#[tokio::test]
async fn who_may_not_is_told_so_whatever_the_body() {
    let (door, _) = echo().await;
    let reader = door.key(&[Scope::Read], &["*"]).await;
    assert_eq!(door.send("POST", ECHO, &[], "{").await.status, 401);
    assert_eq!(door.post(ECHO, "nxk_nobody_x", "{").await.status, 401);
    assert_eq!(door.post(ECHO, &reader, "{").await.status, 403);
}
