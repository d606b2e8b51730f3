//! The schema: brought up to date by several at once, refused when newer, whole after dump and restore.

use std::process::Command;

use event_schemas::{Sequence, Shard};
use event_store::{Log, LogError, PostgresLog, migrate};
use futures_util::TryStreamExt;
use infra::TestPostgres;

use crate::support::{Pen, PostgresWorld, SHARD, World, connect, database};

#[tokio::test]
async fn several_may_migrate_and_create_the_log_at_once() {
    let database = TestPostgres::shared().empty_database().await;
    let start = async || {
        migrate(&database.url).await.unwrap();
        PostgresLog::connect(&database.url, SHARD).await.unwrap().head().await.unwrap()
    };
    let (a, b, c) = tokio::join!(start(), start(), start());
    assert_eq!((a, b), (b, c), "one genesis row");
}

#[tokio::test]
async fn data_of_a_newer_version_is_refused() {
    let database = database().await;
    let client = connect(&database.url).await;
    client
        .batch_execute("INSERT INTO log_schema_history SELECT 99, 'later', applied_on, '1' FROM log_schema_history LIMIT 1")
        .await
        .unwrap();
    match migrate(&database.url).await {
        Err(LogError::NewerData { found: 99, known, .. }) => assert!(known < 99),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_shard_without_a_log_is_told_to_a_reader_and_not_made() {
    let database = database().await;
    for _ in 0..2 {
        let opened = PostgresLog::connect_reader(&database.url, Shard(7)).await;
        assert!(matches!(opened.err(), Some(LogError::NoSuchLog { shard: Shard(7) })));
    }
}

#[tokio::test]
async fn shards_of_one_database_do_not_see_each_other() {
    let database = database().await;
    let mut pens = Vec::new();
    for shard in [0, 1, 2] {
        let log = PostgresLog::connect(&database.url, Shard(shard)).await.unwrap();
        pens.push(Pen::take(std::sync::Arc::new(log)).await);
    }
    for (n, pen) in (1..).zip(&mut pens) {
        for _ in 0..n {
            pen.append(2).await;
        }
    }
    for (n, pen) in (1..).zip(&pens) {
        assert_eq!(pen.log.head().await.unwrap(), pen.head);
        assert_eq!(pen.head.last.0, n * 2);
        let rows: Vec<_> = pen.log.rows(Sequence(0), None).try_collect().await.unwrap();
        assert_eq!(rows.len() as u64, n);
    }
}

#[tokio::test]
async fn a_login_that_may_not_make_roles_works_without_them() {
    let server = TestPostgres::shared();
    // The roles exist by then, and the login is no member.
    database().await;
    let admin = connect(&server.server().url("postgres")).await;
    for statement in ["CREATE ROLE lowly LOGIN", "CREATE DATABASE lowly OWNER lowly"] {
        admin.batch_execute(statement).await.unwrap();
    }
    let url = server.server().url("lowly").replace("user=postgres", "user=lowly");
    migrate(&url).await.unwrap();
    let log = PostgresLog::connect(&url, SHARD).await.unwrap();
    let mut pen = Pen::take(std::sync::Arc::new(log)).await;
    pen.append(3).await;
    pen.log.make_partitions_ahead(Sequence(1 << 25)).await.unwrap();
    assert_eq!(pen.log.head().await.unwrap(), pen.head);
}

#[tokio::test]
async fn a_log_is_whole_after_dump_and_restore() {
    let world = PostgresWorld::new().await;
    let mut pen = Pen::take(world.one()).await;
    for size in [1, 50, 7] {
        pen.append(size).await;
    }
    let server = TestPostgres::shared();
    let empty = server.empty_database().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dump");
    let run = |name: &str, arguments: &[&str]| {
        let program = server.server().program(name);
        let output = Command::new(&program)
            .args(arguments)
            .output()
            .unwrap_or_else(|e| panic!("{}: {e}", program.display()));
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let file = file.to_str().unwrap();
    run("pg_dump", &["-Fc", "-f", file, &world.database.url]);
    run("pg_restore", &["--exit-on-error", "-d", &empty.url, file]);

    migrate(&empty.url).await.unwrap();
    let restored = PostgresLog::connect(&empty.url, SHARD).await.unwrap();
    assert_eq!(restored.head().await.unwrap(), pen.head);
    let read = async |log: &dyn Log| log.rows(Sequence(0), None).try_collect::<Vec<_>>().await.unwrap();
    assert_eq!(read(&restored).await, read(pen.log.as_ref()).await);
    let mut pen = Pen::take(std::sync::Arc::new(restored)).await;
    pen.append(1).await;
    let client = connect(&empty.url).await;
    let refused = client.batch_execute("DELETE FROM log_1_0").await;
    assert!(refused.is_err(), "the walls were restored too");
    assert_eq!(client.query("SELECT record FROM events", &[]).await.unwrap().len(), 60);
}
