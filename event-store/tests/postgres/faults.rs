//! Sessions that end, servers that crash, replicas that do not answer: each with its true outcome.

use std::os::unix::fs::PermissionsExt;

use event_schemas::Sequence;
use event_store::{Appended, LogError, PostgresLog};
use infra::{Options, PrivatePostgres};

use crate::support::{Held, Pen, PostgresWorld, SHARD, World, connect, wait_until};

const END_THE_WRITER: &str = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                              WHERE datname = current_database() AND application_name LIKE 'nexus writer%'";

#[tokio::test]
async fn a_session_that_is_ended_during_the_insert_leaves_the_outcome_unknown() {
    let world = PostgresWorld::new().await;
    let mut pen = Pen::take(world.one()).await;
    pen.append(2).await;
    let row = pen.row(1);
    let held = world.hold_next_append(&row).await;
    let (log, sent) = (pen.log.clone(), row.clone());
    let appending = tokio::spawn(async move { log.append(&sent).await });
    let held = held.reached().await;
    world.client().await.batch_execute(END_THE_WRITER).await.unwrap();
    let outcome = appending.await.unwrap();
    assert!(matches!(outcome, Appended::Unknown(_)), "{outcome:?}");
    held.release().await;

    let mut pen = Pen::take(pen.log).await;
    assert_eq!(pen.log.row_starting_at(row.first).await.unwrap(), None);
    pen.append(1).await;
}

#[tokio::test]
async fn a_session_that_is_ended_between_appends_is_made_again() {
    let world = PostgresWorld::new().await;
    let mut pen = Pen::take(world.one()).await;
    pen.append(1).await;
    world.client().await.batch_execute(END_THE_WRITER).await.unwrap();
    // Either we have heard of it, and the append connects anew, or we find out now.
    if !matches!(pen.try_append(1).await, Appended::Stored) {
        assert_eq!(pen.log.head().await.unwrap().last, Sequence(1));
        Pen::take(pen.log).await.append(1).await;
    }
}

#[tokio::test]
async fn a_statement_that_is_stuck_is_ended_by_a_take_over() {
    let world = PostgresWorld::new().await;
    let mut pen = Pen::take(world.one()).await;
    pen.append(2).await;
    let row = pen.row(1);
    let held = world.hold_next_append(&row).await;
    let (log, sent) = (pen.log.clone(), row.clone());
    let appending = tokio::spawn(async move { log.append(&sent).await });
    let held = held.reached().await;
    let mut new = Pen::take(world.other().await).await;
    assert_eq!(new.head.last, Sequence(2));
    assert!(matches!(appending.await.unwrap(), Appended::Unknown(_)));
    held.release().await;
    new.append(1).await;
}

#[tokio::test]
async fn a_server_that_is_killed_and_started_again_has_kept_what_was_stored() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let start = || PrivatePostgres::start(Options::new(folder.path().join("postgres"))).unwrap();
    let server = start();
    let url = server.url("postgres");
    event_store::migrate(&url).await.unwrap();
    let log = PostgresLog::connect(&url, SHARD).await.unwrap();
    let mut pen = Pen::take(std::sync::Arc::new(log)).await;
    pen.append(3).await;
    server.kill9();
    // The session may not have noticed yet that its server is dead: then it commits, and rightly says so.
    let outcome = pen.try_append(1).await;
    let _server = start();
    let log = pen.log.clone();
    let mut again = Pen::take(pen.log).await;
    match outcome {
        Appended::Stored => assert_eq!(again.head.last, Sequence(4)),
        Appended::NotStored(_) => assert_eq!(again.head.last, Sequence(3)),
        Appended::Unknown(_) => assert!([Sequence(3), Sequence(4)].contains(&again.head.last)),
        Appended::Fenced => panic!("nobody else writes"),
    }
    assert_eq!(again.head.epoch.0, pen.head.epoch.0 + 1);
    again.append(1).await;
    assert_eq!(log.head().await.unwrap(), again.head);
}

#[tokio::test]
async fn a_wait_for_a_replica_that_is_cut_short_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let standby = ("synchronous_standby_names".to_owned(), "nobody".to_owned());
    let options = Options { settings: vec![standby], ..Options::new(folder.path().join("postgres")) };
    let server = PrivatePostgres::start(options).unwrap();
    // All but the writer, which insists, may go on without the replica.
    let url = format!("{} options='-c synchronous_commit=local'", server.url("postgres"));
    event_store::migrate(&url).await.unwrap();
    let log = PostgresLog::connect(&url, SHARD).await.unwrap();
    let pen = Pen::take(std::sync::Arc::new(log)).await;
    let row = pen.row(2);
    let (log, sent) = (pen.log.clone(), row.clone());
    let appending = tokio::spawn(async move { log.append(&sent).await });
    let client = connect(&url).await;
    wait_until(&client, "wait_event = 'SyncRep'").await;
    let cancel = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    client.batch_execute(cancel).await.unwrap();
    let outcome = appending.await.unwrap();
    assert!(matches!(outcome, Appended::Unknown(LogError::ReplicationWaitCut)), "{outcome:?}");
    pen.log.take_over().await.unwrap();
    assert_eq!(pen.log.row_starting_at(row.first).await.unwrap(), Some(row.stored()));
}
