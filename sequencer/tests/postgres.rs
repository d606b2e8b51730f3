//! Sequencers over a real Postgres: connections cut during the INSERT, and two servers on one database.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod common;
#[path = "../../event-store/tests/support/proxy.rs"]
mod proxy;

use std::collections::HashMap;
use std::sync::Arc;

use common::{open_books, transfer};
use event_schemas::{Key, Record, Sequence, Shard};
use event_store::{Log, PostgresLog};
use futures_util::TryStreamExt;
use infra::TestPostgres;
use proxy::Proxy;
use sequencer::{Answer, Config, Fold, Sequencer, Stopped, Unavailable, start};
use tokio::task::JoinHandle;

async fn database() -> String {
    let migrate = |url: String| async move { event_store::migrate(&url).await.unwrap() };
    TestPostgres::shared().fresh_database("log", migrate).await.url
}

async fn server(url: &str) -> (Sequencer, JoinHandle<Stopped>) {
    let log = PostgresLog::connect(url, Shard(1)).await.unwrap();
    start(Arc::new(log), Config::default()).await.unwrap()
}

/// Every record by its key, from the log as it is; each key once, all foldable.
async fn recorded(url: &str) -> HashMap<Key, Vec<u8>> {
    let log = PostgresLog::connect_reader(url, Shard(1)).await.unwrap();
    let genesis = log.row_starting_at(Sequence::GENESIS).await.unwrap().unwrap();
    let mut fold = Fold::after_genesis(&genesis);
    let mut records = HashMap::new();
    let mut rows = log.rows(Sequence::GENESIS, None);
    while let Some(row) = rows.try_next().await.unwrap() {
        fold.row(&row, |_, record, line| {
            let former = records.insert(record.envelope.key.clone(), line.to_vec());
            assert_eq!(former, None, "LGR-5: one key, one record");
        })
        .unwrap();
    }
    records
}

fn deposit(key: &str) -> sequencer::Item {
    transfer(key, "equity:opening", "assets:bank", "1")
}

fn expect_record(answer: Answer) -> Arc<Record> {
    match answer {
        Answer::Recorded(record) => record,
        other => panic!("expected a record: {other:?}"),
    }
}

#[tokio::test]
async fn a_connection_cut_during_the_insert_yields_the_true_outcome() {
    let url = database().await;
    let proxy = Proxy::start(&url);
    let (sequencer, _) = server(&proxy.url).await;
    expect_record(sequencer.submit(open_books()).await.unwrap());

    // Committed, and the answer lost.
    proxy.cut_next_insert(true);
    let record = expect_record(sequencer.submit(deposit("stored")).await.unwrap());
    assert_eq!(recorded(&url).await[&record.envelope.key], record.to_bytes());

    // Lost before it came to the database.
    proxy.cut_next_insert(false);
    let lost = sequencer.submit(deposit("lost")).await.unwrap();
    assert!(matches!(lost, Answer::NotRecorded), "{lost:?}");
    assert_eq!(recorded(&url).await.len(), 2);
    let record = expect_record(sequencer.submit(deposit("lost")).await.unwrap());
    let again = sequencer.submit(deposit("stored")).await.unwrap();
    assert!(matches!(again, Answer::Known(at) if at.0 + 1 == record.envelope.sequence.0), "{again:?}");
}

/// A client that asks with the same key until it hears something definite.
async fn persist(sequencer: Sequencer, key: String) -> Arc<Record> {
    loop {
        match sequencer.submit(deposit(&key)).await.unwrap() {
            Answer::Recorded(record) => return record,
            Answer::Known(at) => return Arc::new(sequencer.record(at).await.unwrap().unwrap()),
            Answer::NotRecorded => {}
            other => panic!("{key}: {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cuts_under_load_lose_and_double_nothing() {
    const CLIENTS: usize = 16;
    const KEYS: usize = 25;
    let url = database().await;
    let proxy = Arc::new(Proxy::start(&url));
    let (sequencer, _) = server(&proxy.url).await;
    expect_record(sequencer.submit(open_books()).await.unwrap());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (sequencer, proxy) = (sequencer.clone(), proxy.clone());
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                for n in 0..KEYS {
                    if client == 0 && n % 5 == 0 {
                        proxy.cut_next_insert(n % 2 == 0);
                    }
                    acknowledged.push(persist(sequencer.clone(), format!("{client}-{n}")).await);
                }
                acknowledged
            })
        })
        .collect();
    let mut acknowledged = Vec::new();
    for client in clients {
        acknowledged.extend(client.await.unwrap());
    }
    let records = recorded(&url).await;
    assert_eq!(records.len(), 1 + CLIENTS * KEYS);
    for record in acknowledged {
        assert_eq!(records[&record.envelope.key], record.to_bytes(), "LOG-2");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_servers_on_one_database_the_later_one_writes() {
    const CLIENTS: usize = 8;
    const MANY: usize = 1_000_000;
    let url = database().await;
    let (former, stopped) = server(&url).await;
    expect_record(former.submit(open_books()).await.unwrap());
    // Clients of the former, until it turns them away.
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let former = former.clone();
            tokio::spawn(async move {
                let (mut acknowledged, mut lost) = (Vec::new(), Vec::new());
                for n in 0..MANY {
                    let key = format!("{client}-{n}");
                    match former.submit(deposit(&key)).await {
                        Ok(Answer::Recorded(record)) => acknowledged.push(record),
                        Ok(Answer::NotRecorded) => lost.push(key),
                        Err(Unavailable::Stopped) => break,
                        other => panic!("{other:?}"),
                    }
                }
                (acknowledged, lost)
            })
        })
        .collect();
    // It is under load when the other one comes.
    let durable = former.log().wait_past(Sequence(50), std::time::Duration::from_secs(60)).await.unwrap();
    assert!(durable > Sequence(50));
    let (later, _) = server(&url).await;
    expect_record(later.submit(deposit("by the later one")).await.unwrap());
    assert_eq!(stopped.await.unwrap(), Stopped::Fenced);
    let mut all_lost = Vec::new();
    let records = recorded(&url).await;
    for client in clients {
        let (acknowledged, lost) = client.await.unwrap();
        for record in acknowledged {
            assert_eq!(records.get(&record.envelope.key), Some(&record.to_bytes()), "LOG-2");
        }
        all_lost.extend(lost);
    }
    for key in &all_lost {
        assert!(!records.contains_key(&Key::parse(key).unwrap()), "{key} was told that it is not recorded");
        expect_record(later.submit(deposit(key)).await.unwrap());
    }
    assert!(matches!(former.submit(open_books()).await, Err(Unavailable::Stopped)));
    assert_eq!(recorded(&url).await.len(), records.len() + all_lost.len());
}
