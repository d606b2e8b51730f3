//! Keys as Postgres keeps them.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use command_api::keys::{
    Grant, Key, Scope,
    cache::{KeySource, Keys, NoEntry},
    postgres::{PostgresKeys, migrate},
};
use event_store::PoolOptions;
use infra::TestPostgres;

async fn keys() -> PostgresKeys {
    let prepare = async |url: String| migrate(&url).await.unwrap();
    let database = TestPostgres::shared().fresh_database("door", prepare).await;
    // Migrating what is migrated does nothing.
    migrate(&database.url).await.unwrap();
    PostgresKeys::new(event_store::pool(&database.url, &PoolOptions::default()).unwrap())
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_micros(1_795_428_000_000_001).unwrap()
}

#[tokio::test]
async fn a_key_reads_back_as_it_was_written() {
    let keys = keys().await;
    let household = Grant::Only(BTreeSet::from(["household".to_owned()]));
    let (everything, _) = Key::issue(
        Some("dev".into()),
        "dev".into(),
        BTreeSet::from_iter(Scope::ALL.iter().copied()),
        Grant::All,
        now(),
    );
    let (till, _) =
        Key::issue(Some("till".into()), "the till".into(), [Scope::Read].into(), household, now());
    keys.insert(&everything).await.unwrap();
    keys.insert(&till).await.unwrap();
    assert_eq!(keys.load().await.unwrap(), [everything.clone(), till]);
    assert!(keys.insert(&everything).await.is_err(), "an id is given once");
}

#[tokio::test]
async fn a_key_that_is_revoked_opens_nothing_after_the_next_refresh() {
    let source = keys().await;
    let (key, token) = Key::issue(None, "till".into(), [Scope::Read].into(), Grant::All, now());
    source.insert(&key).await.unwrap();
    let keys = Keys::load(source.clone()).await.unwrap();
    assert!(keys.open(token.as_str()).is_ok());

    assert!(source.revoke(&key.id, now()).await.unwrap());
    assert!(!source.revoke("nobody", now()).await.unwrap());
    keys.refresh().await.unwrap();
    assert_eq!(keys.open(token.as_str()).unwrap_err(), NoEntry::Invalid);
}

#[tokio::test]
async fn the_secret_is_nowhere_in_the_table() {
    let keys = keys().await;
    let (key, token) = Key::issue(None, "till".into(), [Scope::Read].into(), Grant::All, now());
    keys.insert(&key).await.unwrap();
    // The secret may hold a `_` itself.
    let secret = token.as_str().splitn(3, '_').nth(2).unwrap();
    let rows = format!("{:?}", keys.load().await.unwrap());
    assert!(rows.contains(&key.id));
    assert!(!rows.contains(secret));
}
