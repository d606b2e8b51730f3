//! A log in Postgres, doctored by its owner with the triggers switched off; and the books as they were.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod support;

use std::sync::Arc;

use event_schemas::{Position, Sequence, Shard, Ts};
use event_store::{Log, PostgresLog};
use infra::TestPostgres;
use replay_tool::{At, Finding, Place, Progress, State, StateError, Verified, state_at, verify};
use support::{at, fill};
use tokio_postgres::{Client, NoTls};

async fn filled() -> (Arc<dyn Log>, Client) {
    let migrate = |url: String| async move { event_store::migrate(&url).await.unwrap() };
    let database = TestPostgres::shared().fresh_database("log", migrate).await;
    let writer: Arc<dyn Log> = Arc::new(PostgresLog::connect(&database.url, Shard(1)).await.unwrap());
    fill(writer).await;
    let (client, connection) = tokio_postgres::connect(&database.url, NoTls).await.unwrap();
    tokio::spawn(connection);
    (Arc::new(PostgresLog::connect_reader(&database.url, Shard(1)).await.unwrap()), client)
}

async fn checked(log: &Arc<dyn Log>) -> Result<Verified, Box<Finding>> {
    verify(log.clone(), Progress::default()).await.unwrap()
}

fn position(sequence: u64) -> Position {
    Position::new(Shard(1), Sequence(sequence))
}

async fn doctor(client: &Client, sql: &str) {
    let sql = format!("ALTER TABLE log_1_0 DISABLE TRIGGER append_only; {sql}");
    client.batch_execute(&sql).await.unwrap();
}

#[tokio::test]
async fn an_amount_that_the_owner_of_the_database_changed_is_found() {
    let (log, client) = filled().await;
    let verified = checked(&log).await.unwrap();
    assert_eq!((verified.records, verified.rows, verified.snapshots), (22, 16, 1));
    assert_eq!(verified.tree_head, log.head().await.unwrap().root.to_string());

    let change = r#"UPDATE log_1_0 SET records = convert_to(replace(convert_from(records, 'UTF8'),
                    '"amount":"12.34"', '"amount":"12.43"'), 'UTF8') WHERE first = "#;
    doctor(&client, &format!("{change} {}", position(at::T2).to_i64())).await;
    let finding = checked(&log).await.unwrap_err();
    assert_eq!(finding.place, Place::Record(position(at::T2)), "{finding}");
    assert!(finding.note.unwrap().contains("changed after they were written"));
}

#[tokio::test]
async fn a_row_that_the_owner_of_the_database_deleted_is_missed() {
    let (log, client) = filled().await;
    doctor(&client, &format!("DELETE FROM log_1_0 WHERE first = {}", position(at::T2).to_i64())).await;
    let finding = checked(&log).await.unwrap_err();
    assert_eq!(finding.place, Place::After(position(at::T1)), "{finding}");
    assert!(finding.broken.contains("LOG-1"), "{finding}");
}

#[tokio::test]
async fn a_row_with_other_lines_than_it_says_is_found() {
    let (log, client) = filled().await;
    let sql = "UPDATE log_1_0 SET records = records || '\\x0a7b7d'::bytea WHERE first = ";
    doctor(&client, &format!("{sql} {}", position(at::T2).to_i64())).await;
    let finding = checked(&log).await.unwrap_err();
    let first = position(at::T2);
    assert_eq!(finding.place, Place::Row { first, last: first }, "{finding}");
}

#[tokio::test]
async fn a_number_that_no_log_holds_is_found() {
    let (log, client) = filled().await;
    let sql = "UPDATE log_1_0 SET epoch = -1 WHERE first = ";
    doctor(&client, &format!("{sql} {}", position(at::T2).to_i64())).await;
    let finding = checked(&log).await.unwrap_err();
    assert_eq!(finding.place, Place::After(position(at::T1)), "{finding}");
}

async fn books(log: &Arc<dyn Log>, at: At) -> State {
    state_at(log, at, None, &Progress::default()).await.unwrap()
}

fn posted(state: &State, path: &str) -> Option<String> {
    let account = state.accounts.iter().find(|account| account.account == path)?;
    Some(account.balances.first().map_or("none".to_owned(), |balance| balance.posted.clone()))
}

#[tokio::test]
async fn the_books_are_shown_as_they_were() {
    let (log, _client) = filled().await;
    let at_position = |sequence| At::Position(position(sequence));
    assert!(books(&log, at_position(0)).await.accounts.is_empty());
    assert!(books(&log, at_position(at::OPEN)).await.accounts.is_empty());
    let state = books(&log, at_position(at::T1)).await;
    assert_eq!(posted(&state, "assets:bank").as_deref(), Some("100.00"));
    assert_eq!(posted(&state, "expenses:food"), None);
    let state = books(&log, at_position(at::T2)).await;
    assert_eq!(posted(&state, "assets:bank").as_deref(), Some("87.66"));
    assert_eq!(posted(&state, "expenses:food").as_deref(), Some("12.34"));
    // From the snapshot at 8: an atomic batch is there whole or not at all.
    for inside in [at::ATOMIC, at::ATOMIC + 1] {
        assert_eq!(books(&log, at_position(inside)).await.as_of, position(at::ATOMIC - 1));
    }
    let state = books(&log, at_position(at::ATOMIC + 2)).await;
    assert_eq!(state.as_of, position(at::ATOMIC + 2));
    assert_eq!(posted(&state, "expenses:rent").as_deref(), Some("2.00"));
    // In the middle of a row.
    let state = books(&log, at_position(at::MANY + 1)).await;
    assert_eq!(posted(&state, "assets:bank").as_deref(), Some("95.00"));
    assert_eq!(posted(&state, "expenses:home").as_deref(), Some("2.00"));
    let state = books(&log, At::Head).await;
    assert_eq!(state.as_of, position(at::LAST));
    assert_eq!(posted(&state, "assets:bank").as_deref(), Some("92.00"));
    assert!(state.to_string().contains("assets:coins"), "{state}");
}

#[tokio::test]
async fn a_time_stands_for_all_that_was_recorded_by_then() {
    let (log, client) = filled().await;
    let at_time = |time| At::Time(time);
    for sequence in [at::T1, at::TOO_MUCH, at::ATOMIC, at::LAST] {
        let sql = format!(
            "SELECT (record ->> 'recorded_at')::bigint, (SELECT max(sequence) FROM events l
                 WHERE l.shard = 1 AND l.recorded_at <= e.recorded_at) FROM events e WHERE sequence = {sequence}"
        );
        let row = client.query_one(&sql, &[]).await.unwrap();
        let (time, last): (i64, i64) = (row.get(0), row.get(1));
        let state = books(&log, at_time(Ts(time))).await;
        assert_eq!(state.as_of, position(last.unsigned_abs()), "{sequence}");
        assert_eq!(state, books(&log, At::Position(state.as_of)).await);
        assert!(books(&log, at_time(Ts(time - 1))).await.as_of < position(sequence));
    }
    assert_eq!(books(&log, at_time(Ts(0))).await.as_of, position(0));
    let error = state_at(&log, At::Position(position(23)), None, &Progress::default()).await.unwrap_err();
    assert!(matches!(error, StateError::PastHead { .. }), "{error}");
    let nobody = "nobody".parse().unwrap();
    let error = state_at(&log, At::Head, Some(&nobody), &Progress::default()).await.unwrap_err();
    assert!(matches!(error, StateError::NoSuchLedger(_)), "{error}");
}
