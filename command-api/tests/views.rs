//! Answers of views over HTTP: of which position they are, and whether they have changed.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod kit;

use command_api::keys::Scope;
use kit::{Answer, Door, open_books_with_views};

const TRANSFER: &str = r#"{"entries": [
    {"account": "expenses:food", "direction": "debit", "amount": "1", "currency": "EUR"},
    {"account": "assets:bank", "direction": "credit", "amount": "1", "currency": "EUR"}]}"#;

struct World {
    door: Door,
    token: String,
}

impl World {
    async fn new() -> World {
        let door = open_books_with_views().await;
        let token = door.key(Scope::ALL, &["*"]).await;
        let world = World { door, token };
        world.post("/v1/ledgers", "l1", r#"{"id": "household"}"#).await;
        world
    }

    async fn post(&self, path: &str, key: &str, body: &str) -> String {
        let answer = self.door.command(path, &self.token, key, body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["position"].as_str().unwrap().to_owned()
    }

    async fn get(&self, path: &str, tag: &str) -> Answer {
        let authorization = format!("Bearer {}", self.token);
        self.door.send("GET", path, &[("Authorization", &authorization), ("If-None-Match", tag)], "").await
    }
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let world = World::new().await;
    let position = world.post("/v1/ledgers/household/transactions", "t1", TRANSFER).await;
    let balances = "/v1/ledgers/household/balances";
    let first = world.get(&format!("{balances}?min_position={position}"), "\"other\"").await;
    assert_eq!(first.status, 200, "{}", first.text());
    let tag = first.header("etag").unwrap().to_owned();
    assert_eq!(tag, format!("W/\"balances.1@{position}\""));
    assert_eq!(first.header("cache-control").unwrap(), "private, no-cache");

    // Another ledger's records are nothing to this one.
    let elsewhere = world.post("/v1/ledgers", "l2", r#"{"id": "shop"}"#).await;
    let again = world.get(&format!("{balances}?min_position={elsewhere}"), &tag).await;
    assert_eq!((again.status, again.text()), (304, ""));
    assert_eq!(again.header("etag").unwrap(), tag);
    assert_eq!(again.header("content-type"), None);

    let changed = world.post("/v1/ledgers/household/transactions", "t2", TRANSFER).await;
    let now = world.get(&format!("{balances}?min_position={changed}"), &tag).await;
    assert_eq!(now.status, 200);
    assert_eq!(now.json()["as_of"], changed.as_str());
    assert_ne!(now.header("etag").unwrap(), tag);
    // As it was known then, it is what it was.
    let then = world.get(&format!("{balances}?known_at={position}"), &tag).await;
    assert_eq!(then.status, 304);
}
