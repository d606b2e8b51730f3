//! Nobody changes what is written: not the writer, for lack of rights; not the owner, for the triggers.

use event_schemas::Sequence;
use event_store::{Appended, Log, LogError};
use tokio_postgres::{Client, error::SqlState};

use crate::support::{Pen, PostgresWorld, World, connect};

const CHANGES: [&str; 6] = [
    "UPDATE log SET records = 'x'",
    "DELETE FROM log WHERE false",
    "TRUNCATE log",
    "UPDATE log_1_0 SET epoch = 9",
    "DELETE FROM log_1_0",
    "TRUNCATE log_1_0",
];

async fn refusal(client: &Client, statement: &str) -> String {
    let error = client.batch_execute(statement).await.expect_err(statement);
    assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{statement}: {error:?}");
    error.as_db_error().unwrap().message().to_owned()
}

#[tokio::test]
async fn the_owner_is_stopped_by_triggers_on_the_parent_and_on_each_partition() {
    let world = PostgresWorld::new().await;
    let mut pen = Pen::take(world.one()).await;
    pen.append(2).await;
    let client = world.client().await;
    for session in ["RESET ALL", "SET session_replication_role = replica"] {
        client.batch_execute(session).await.unwrap();
        for statement in CHANGES.into_iter().chain(["TRUNCATE log_1_1"]) {
            assert!(refusal(&client, statement).await.starts_with("the log is append-only"), "{statement}");
        }
    }
    assert_eq!(pen.log.head().await.unwrap(), pen.head);
}

#[tokio::test]
async fn the_writer_may_insert_and_read_and_no_more() {
    let world = PostgresWorld::new().await;
    let client = world.client().await;
    client.batch_execute("SET ROLE nexus_writer").await.unwrap();
    client.batch_execute("SELECT * FROM log; SELECT * FROM shards").await.unwrap();
    let further =
        ["DROP TABLE log", "ALTER TABLE log DISABLE TRIGGER ALL", "INSERT INTO shards VALUES (9, 9)"];
    for statement in CHANGES.into_iter().chain(further) {
        assert!(
            !refusal(&client, statement).await.contains("append-only"),
            "{statement}: before any trigger"
        );
    }
}

#[tokio::test]
async fn the_reader_may_read_and_no_more() {
    let world = PostgresWorld::new().await;
    let client = world.client().await;
    client.batch_execute("SET ROLE nexus_reader").await.unwrap();
    client.batch_execute("SELECT * FROM log; SELECT * FROM events; SELECT * FROM snapshots").await.unwrap();
    let further = ["INSERT INTO log SELECT * FROM log", "UPDATE shards SET epoch = 9"];
    for statement in CHANGES.into_iter().chain(further) {
        refusal(&client, statement).await;
    }
}

#[tokio::test]
async fn the_pinned_session_acts_as_the_writer() {
    let world = PostgresWorld::new().await;
    let mut pen = Pen::take(world.one()).await;
    pen.append(1).await;
    let owner = connect(&world.database.url).await;
    owner.batch_execute("REVOKE INSERT ON log FROM nexus_writer").await.unwrap();
    let outcome = pen.try_append(1).await;
    let Appended::NotStored(LogError::Postgres { source, .. }) = &outcome else { panic!("{outcome:?}") };
    assert_eq!(source.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE));
    owner.batch_execute("GRANT INSERT ON log TO nexus_writer").await.unwrap();
    pen.append(1).await;
}

#[tokio::test]
async fn a_row_that_does_not_fit_the_tree_is_seen_by_whoever_reads_it() {
    let insert = |last: &str, tree_size: i64, root: &str| {
        format!(
            "INSERT INTO log SELECT first + 1, {last}, 0, {tree_size}, {root}, recorded_at, records FROM log"
        )
    };
    for (statement, found) in [
        (insert("first + 1", 3, "root"), "its tree does not hold every record up to its last"),
        (insert("first", 1, "root"), "it ends before it begins"),
        (insert("first + (1::bigint << 48) + 1", 2, "root"), "it ends in another shard"),
        (insert("first + 1", 2, "'x'"), "its root is no SHA-256"),
    ] {
        let world = PostgresWorld::new().await;
        world.client().await.batch_execute(&statement).await.expect(&statement);
        let read = world.log.row_starting_at(Sequence(1)).await;
        let Err(LogError::DamagedRow { what, .. }) = &read else { panic!("{statement}: {read:?}") };
        assert_eq!(*what, found);
    }
}
