//! How fast a log is verified: `cargo test --release -p replay-tool --test speed -- --ignored --nocapture`.
//!
//! `NEXUS_RECORDS` sets how many records there are.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod support;

use std::sync::Arc;

use event_schemas::Shard;
use event_store::{Log, MemoryLog, PostgresLog};
use infra::TestPostgres;
use replay_tool::{Progress, Verified, verify};
use sequencer::{Config, start};
use support::{item, transfer};

/// That of the nexus binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PER_S_MIN: f64 = 400_000.0;
const PER_REQUEST: u64 = 1_000;
const ACCOUNTS: u64 = 10_000;

fn records() -> u64 {
    std::env::var("NEXUS_RECORDS").map_or(1_000_000, |text| text.parse().unwrap())
}

/// Linux counts a process's time in hundredths of a second.
const US_PER_TICK: f64 = 10_000.0;

/// User and system time of this process: means something on a busy machine too.
fn cpu_ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit_once(')').unwrap().1;
    after_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
}

async fn filled(log: Arc<dyn Log>) {
    let (sequencer, _) =
        start(log, Config { snapshot_every: u64::MAX, snapshot_at_last: u64::MAX, ..Config::default() })
            .await
            .unwrap();
    sequencer.submit(item("open", r#"{"open_ledger":{}}"#)).await.unwrap();
    let account = |n: u64| format!("assets:customer:{:05}", n % ACCOUNTS);
    for request in 0..records() / PER_REQUEST {
        let items = (0..PER_REQUEST).map(|n| {
            let n = request * PER_REQUEST + n;
            // Odd steps, so that accounts meet in ever other pairs.
            let (to, from) = (account(n * 7_919), account(n * 104_729 + 1));
            transfer(&format!("transfer-{n:09}"), &to, &from, &format!("{}.{:02}", n % 900 + 1, n % 100))
        });
        let mut group = sequencer.submit_many(items.collect()).await.unwrap();
        while group.recv().await.is_some() {}
    }
}

async fn measured(what: &str, log: Arc<dyn Log>) -> Verified {
    filled(log.clone()).await;
    let mut best: Option<Verified> = None;
    for _ in 0..3 {
        let before = cpu_ticks();
        let verified = verify(log.clone(), Progress::default()).await.unwrap().unwrap();
        let cpu_us = (cpu_ticks() - before) as f64 * US_PER_TICK / verified.records as f64;
        println!("{what}: {:.0} records/s, {cpu_us:.2} µs of our CPU per record", verified.per_s());
        if best.as_ref().is_none_or(|best| verified.took < best.took) {
            best = Some(verified);
        }
    }
    best.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute, and means something in a release build on a quiet machine only"]
async fn verifying_keeps_up_with_400_000_records_per_s() {
    measured("in memory", Arc::new(MemoryLog::new(Shard(1)))).await;
    let migrate = |url: String| async move { event_store::migrate(&url).await.unwrap() };
    let database = TestPostgres::shared().fresh_database("log", migrate).await;
    let log = PostgresLog::connect(&database.url, Shard(1)).await.unwrap();
    let verified = measured("in Postgres", Arc::new(log)).await;
    assert!(verified.records > records());
    assert!(verified.per_s() >= PER_S_MIN, "{:.0} records/s", verified.per_s());
}
