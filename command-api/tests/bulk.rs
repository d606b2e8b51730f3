//! Many transactions in one request: arrays, streams, atomic or not, and repeated.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod kit;

use std::time::Duration;

use command_api::keys::Scope;
use kit::{Door, open_books, soon};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

const BULK: &str = "/v1/ledgers/household/bulk";

async fn household() -> (Door, String) {
    let door = open_books().await;
    let token = door.key(Scope::ALL, &["*"]).await;
    assert_eq!(door.command("/v1/ledgers", &token, "open", r#"{"id": "household"}"#).await.status, 201);
    (door, token)
}

fn transfer(id: Option<&str>, debit: &str, amount: &str) -> Value {
    let entry = |account: &str, direction: &str| json!({"account": account, "direction": direction, "amount": amount, "currency": "EUR"});
    let mut transfer = json!({"entries": [entry(debit, "debit"), entry("equity:start", "credit")]});
    if let Some(id) = id {
        transfer["id"] = id.into();
    }
    transfer
}

fn statuses(answer: &Value) -> Vec<u64> {
    answer["items"].as_array().unwrap().iter().map(|item| item["status"].as_u64().unwrap()).collect()
}

async fn lines(door: &Door, token: &str, query: &str, body: &str) -> kit::Answer {
    let authorization = format!("Bearer {token}");
    let headers = [("Authorization", &*authorization), ("Content-Type", "application/x-ndjson")];
    door.send("POST", &format!("{BULK}{query}"), &headers, body).await
}

#[tokio::test]
async fn each_item_of_an_array_has_its_own_outcome_and_a_repeat_the_same_bytes() {
    let (door, token) = household().await;
    let body = json!([
        transfer(Some("one"), "assets:till", "1.00"),
        transfer(None, "assets:till", "2.00"),
        transfer(Some("three"), "assets:till", "0"),
        transfer(Some("one"), "assets:till", "9.00"),
    ])
    .to_string();
    let first = door.command(BULK, &token, "batch", &body).await;
    let answer = first.json();
    assert_eq!(statuses(&answer), [201, 201, 422, 422]);
    assert_eq!(answer["items"][1]["body"]["id"], "batch/1");
    assert_eq!(answer["items"][1]["body"]["balances"][0]["balance"], "3.00");
    assert_eq!(answer["items"][2]["body"]["pointer"], "/entries/0/amount");
    assert_eq!(answer["items"][3]["body"]["code"], "key_reused");

    let again = door.command(BULK, &token, "batch", &body).await;
    assert_eq!(first.body, again.body);
    // An item and a single request with the same key are the same request.
    let single = door
        .post(
            "/v1/ledgers/household/transactions",
            &token,
            &transfer(Some("one"), "assets:till", "1.00").to_string(),
        )
        .await;
    assert_eq!(single.json(), answer["items"][0]["body"]);
}

#[tokio::test]
async fn an_array_that_cannot_be_read_whole_records_nothing() {
    let (door, token) = household().await;
    let mut items = vec![transfer(Some("one"), "assets:till", "1.00"); 3];
    items[2]["entries"][1]["amount"] = 1.into();
    let answer = door.command(BULK, &token, "batch", &json!(items).to_string()).await;
    assert_eq!((answer.status, &answer.json()["pointer"]), (400, &"/2/entries/1/amount".into()));
    assert_eq!(door.get("/v1/ledgers/household/accounts/assets:till", &token).await.status, 404);
    assert_eq!(door.command(BULK, &token, "none", "[]").await.json(), json!({"items": []}));
}

#[tokio::test]
async fn an_atomic_batch_is_posted_whole_or_not_at_all() {
    let (door, token) = household().await;
    let atomic = format!("{BULK}?atomic=true");
    let good =
        json!([transfer(Some("a"), "assets:till", "1.00"), transfer(Some("b"), "assets:till", "2.00")]);
    let bad = json!([transfer(Some("c"), "assets:till", "4.00"), transfer(Some("d"), "attic", "8.00")]);
    let posted = door.command(&atomic, &token, "k1", &good.to_string()).await;
    assert_eq!(statuses(&posted.json()), [201, 201]);
    assert_eq!(door.command(&atomic, &token, "k1", &good.to_string()).await.body, posted.body);

    let refused = door.command(&atomic, &token, "k2", &bad.to_string()).await;
    let problem = refused.json();
    assert_eq!((refused.status, &problem["code"]), (422, &"account_type_is_unknown".into()));
    assert_eq!(problem["pointer"], "/1/entries/0/account");
    assert_eq!(problem["position"], "1:5", "the refusal of the item at fault stands in the log");
    assert_eq!(door.command(&atomic, &token, "k2", &bad.to_string()).await.body, refused.body);

    let mixed = json!([good[0], transfer(Some("e"), "assets:till", "1.00")]);
    let answer = door.command(&atomic, &token, "k3", &mixed.to_string()).await;
    assert_eq!((answer.status, &answer.json()["code"]), (422, &"keys_mixed".into()));

    let streamed = [&good[0], &good[1]].map(|item| format!("{item}\n")).concat();
    let answer = lines(&door, &token, "?atomic=true", &streamed).await;
    assert_eq!((answer.status, answer.text().lines().count()), (200, 2));

    let till = door.get("/v1/ledgers/household/accounts/assets:till", &token).await.json();
    assert_eq!(till["balances"][0]["posted"]["balance"], "3.00");
}

#[tokio::test]
async fn a_dry_run_of_a_bulk_records_nothing() {
    let (door, token) = household().await;
    let body = json!([transfer(Some("a"), "assets:till", "1.00")]).to_string();
    for query in ["?dry_run=true", "?dry_run=true&atomic=true"] {
        let answer = door.command(&format!("{BULK}{query}"), &token, "k", &body).await.json();
        assert_eq!(statuses(&answer), [200], "{query}");
    }
    assert_eq!(door.get("/v1/ledgers/household/accounts/assets:till", &token).await.status, 404);
}

#[tokio::test]
async fn a_bad_line_is_its_own_outcome_and_the_others_go_on() {
    let (door, token) = household().await;
    let body = [
        transfer(Some("a"), "assets:till", "1.00").to_string(),
        "{\"entries\": 5}".to_owned(),
        String::new(),
        "no JSON".to_owned(),
        transfer(Some("b"), "assets:till", "2.00").to_string(),
    ]
    .join("\n");
    let answer = lines(&door, &token, "", &body).await;
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    let mut outcomes: Vec<Value> =
        answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    outcomes.sort_by_key(|outcome| outcome["index"].as_u64());
    let told: Vec<_> = outcomes
        .iter()
        .map(|outcome| (outcome["status"].as_u64().unwrap(), &outcome["body"]["pointer"]))
        .collect();
    assert_eq!(
        told,
        [(201, &Value::Null), (400, &"/entries".into()), (400, &"".into()), (201, &Value::Null)]
    );
}

#[tokio::test]
async fn a_line_that_is_too_long_ends_the_stream() {
    let (door, token) = household().await;
    let body = format!("{}\n{}", transfer(Some("a"), "assets:till", "1.00"), " ".repeat(300 * 1024) + "{}");
    let answer = lines(&door, &token, "", &body).await;
    let outcomes: Vec<Value> =
        answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = outcomes.last().unwrap();
    assert_eq!((&last["status"], &last["body"]["code"]), (&413.into(), &"body_too_large".into()));
}

#[tokio::test]
async fn outcomes_come_while_lines_are_still_to_be_sent() {
    let (door, token) = household().await;
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    let head = format!(
        "POST {BULK} HTTP/1.1\r\nHost: door\r\nAuthorization: Bearer {token}\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let (reading, mut writing) = stream.split();
    let mut reading = BufReader::new(reading);
    for id in ["a", "b", "c"] {
        let line = format!("{}\n", transfer(Some(id), "assets:till", "1.00"));
        writing.write_all(format!("{:x}\r\n{line}\r\n", line.len()).as_bytes()).await.unwrap();
        let outcome = soon(async {
            loop {
                let mut line = String::new();
                assert_ne!(reading.read_line(&mut line).await.unwrap(), 0, "the answer ended early");
                if line.starts_with("{\"index\"") {
                    break serde_json::from_str::<Value>(&line).unwrap();
                }
            }
        })
        .await;
        assert_eq!((&outcome["status"], &outcome["body"]["id"]), (&201.into(), &id.into()));
    }
}

#[tokio::test]
async fn who_hangs_up_in_the_middle_loses_outcomes_and_no_transactions() {
    let (door, token) = household().await;
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    let line = format!("{}\n", transfer(Some("a"), "assets:till", "1.00"));
    let head = format!(
        "POST {BULK} HTTP/1.1\r\nHost: door\r\nAuthorization: Bearer {token}\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{line}\r\n",
        line.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // What was read is carried out: seen when the first outcome begins to arrive.
    stream.readable().await.unwrap();
    drop(stream);
    let again = soon(lines(&door, &token, "", &line)).await;
    assert!(again.text().contains("\"position\":\"1:2\""), "{}", again.text());
}

#[tokio::test]
async fn a_long_stream_posts_each_line_once() {
    let (door, token) = household().await;
    let ids: Vec<String> = (0..5_000).map(|number| format!("n{number}")).collect();
    let body: String =
        ids.iter().map(|id| format!("{}\n", transfer(Some(id), "assets:till", "0.01"))).collect();
    for _ in 0..2 {
        let answer =
            tokio::time::timeout(Duration::from_secs(60), lines(&door, &token, "", &body)).await.unwrap();
        assert_eq!(answer.text().matches("\"status\":201").count(), 5_000);
    }
    let till = door.get("/v1/ledgers/household/accounts/assets:till", &token).await.json();
    assert_eq!(till["balances"][0]["posted"]["balance"], "50.00");
}
