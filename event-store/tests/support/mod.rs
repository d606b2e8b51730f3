//! Two servers on one log, in memory or in Postgres, with the same ways to hold and to cut an append; and a pen that writes.
#![allow(dead_code, reason = "each test binary uses its part")]

mod proxy;

use std::{future::Future, sync::Arc};

use bytes::Bytes;
use event_schemas::{Shard, Ts};
use event_store::{Appended, Fault, Head, HeldAppend, Log, MemoryLog, NewRow, PostgresLog, merkle::Frontier};
use infra::{TestDatabase, TestPostgres};
use proxy::Proxy;
use tokio_postgres::{Client, NoTls};

pub const SHARD: Shard = Shard(1);

pub trait World {
    type Held: Held;
    fn one(&self) -> Arc<dyn Log>;
    fn other(&self) -> impl Future<Output = Arc<dyn Log>>;
    /// Makes the next append of this row hang inside of its statement.
    fn hold_next_append(&self, row: &NewRow) -> impl Future<Output = Self::Held>;
    /// Waits until a take-over has come as far as it can while an append is held.
    fn somebody_waits_for_the_epoch(&self) -> impl Future<Output = ()>;
    /// Loses the connection during the next append of `one`: before it is stored, or after.
    fn cut_next_append(&self, stored: bool) -> impl Future<Output = ()>;
}

pub trait Held: Sized {
    /// Waits until the append hangs.
    fn reached(self) -> impl Future<Output = Self>;
    fn release(self) -> impl Future<Output = ()>;
}

/// A writer that makes rows which follow the head.
pub struct Pen {
    pub log: Arc<dyn Log>,
    pub head: Head,
    pub written: Vec<NewRow>,
    frontier: Frontier,
}

impl Pen {
    /// Takes the log over and reads it to its end.
    pub async fn take(log: Arc<dyn Log>) -> Pen {
        use futures_util::TryStreamExt;
        let head = log.take_over().await.unwrap();
        let mut frontier = Frontier::new();
        frontier.push(&log.record(event_schemas::Sequence::GENESIS).await.unwrap().unwrap());
        let mut rows = log.rows(event_schemas::Sequence::GENESIS, Some(head.last));
        while let Some(row) = rows.try_next().await.unwrap() {
            row.lines().for_each(|(_, line)| frontier.push(line));
        }
        assert_eq!(frontier.root(), head.root, "LOG-4");
        Pen { log, head, written: Vec::new(), frontier }
    }

    /// The next row, with this many records.
    pub fn row(&self, count: u64) -> NewRow {
        self.row_of((1..=count).map(|n| {
            let sequence = self.head.last.0 + n;
            format!(
                r#"{{"seq":{sequence},"type":"noted","ledger":"household","key":"k{sequence}","text":"ä \"{sequence}\"","recorded_at":1700000000123456}}"#
            )
        }))
    }

    pub fn row_of(&self, records: impl IntoIterator<Item = String>) -> NewRow {
        let records: Vec<String> = records.into_iter().collect();
        let mut frontier = self.frontier.clone();
        records.iter().for_each(|record| frontier.push(record.as_bytes()));
        let last = event_schemas::Sequence(self.head.last.0 + records.len() as u64);
        NewRow {
            first: self.head.last.next(),
            last,
            previous_first: self.head.first,
            epoch: self.head.epoch,
            tree_size: frontier.size(),
            root: frontier.root(),
            recorded_at: Ts(1_700_000_000_123_456),
            records: Bytes::from(records.join("\n")),
        }
    }

    pub async fn try_append(&mut self, count: u64) -> Appended {
        let row = self.row(count);
        let outcome = self.log.append(&row).await;
        self.written.push(row);
        outcome
    }

    pub async fn append(&mut self, count: u64) {
        let row = self.row(count);
        self.append_row(row).await;
    }

    pub async fn append_row(&mut self, row: NewRow) {
        let outcome = self.log.append(&row).await;
        assert!(matches!(outcome, Appended::Stored), "{outcome:?}");
        row.stored().lines().for_each(|(_, line)| self.frontier.push(line));
        let NewRow { first, last, tree_size, root, .. } = row;
        self.head = Head { first, last, tree_size, root, ..self.head };
        self.written.push(row);
    }
}

pub struct MemoryWorld {
    log: Arc<MemoryLog>,
}

impl MemoryWorld {
    pub fn new() -> MemoryWorld {
        MemoryWorld { log: Arc::new(MemoryLog::new(SHARD)) }
    }
}

impl World for MemoryWorld {
    type Held = HeldAppend;

    fn one(&self) -> Arc<dyn Log> {
        self.log.clone()
    }

    async fn other(&self) -> Arc<dyn Log> {
        Arc::new(MemoryLog::clone(&self.log))
    }

    async fn hold_next_append(&self, _row: &NewRow) -> HeldAppend {
        self.log.hold_next_append()
    }

    async fn somebody_waits_for_the_epoch(&self) {
        // Its task runs when we give way, and then waits on a lock of ours.
        tokio::task::yield_now().await;
    }

    async fn cut_next_append(&self, stored: bool) {
        self.log.inject(if stored { Fault::UnknownButStored } else { Fault::UnknownNotStored });
    }
}

impl Held for HeldAppend {
    async fn reached(mut self) -> HeldAppend {
        HeldAppend::reached(&mut self).await;
        self
    }

    async fn release(self) {
        HeldAppend::release(self);
    }
}

/// `one` talks through a proxy that can be told to cut.
pub struct PostgresWorld {
    pub database: TestDatabase,
    pub log: PostgresLog,
    proxy: Proxy,
}

pub async fn database() -> TestDatabase {
    let migrate = |url: String| async move { event_store::migrate(&url).await.unwrap() };
    TestPostgres::shared().fresh_database("log", migrate).await
}

pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

impl PostgresWorld {
    pub async fn new() -> PostgresWorld {
        let database = database().await;
        let proxy = Proxy::start(&database.url);
        let log = PostgresLog::connect(&proxy.url, SHARD).await.unwrap();
        PostgresWorld { database, log, proxy }
    }

    /// As the owner of everything.
    pub async fn client(&self) -> Client {
        connect(&self.database.url).await
    }
}

impl World for PostgresWorld {
    type Held = HeldByRival;

    fn one(&self) -> Arc<dyn Log> {
        Arc::new(self.log.clone())
    }

    async fn other(&self) -> Arc<dyn Log> {
        Arc::new(PostgresLog::connect(&self.database.url, SHARD).await.unwrap())
    }

    async fn hold_next_append(&self, row: &NewRow) -> HeldByRival {
        let rival = self.client().await;
        let first = event_schemas::Position::new(SHARD, row.first).to_i64();
        let sql = format!(
            "BEGIN; INSERT INTO log SELECT {first}, {first}, 0, {tree_size}, root, recorded_at, records FROM log LIMIT 1",
            tree_size = row.first.0 + 1,
        );
        rival.batch_execute(&sql).await.unwrap();
        HeldByRival { rival, watcher: self.client().await }
    }

    async fn somebody_waits_for_the_epoch(&self) {
        wait_until(&self.client().await, "query LIKE '%UPDATE shards%'").await;
    }

    async fn cut_next_append(&self, stored: bool) {
        self.proxy.cut_next_insert(stored);
    }
}

/// The same first, inserted by another transaction that has not ended: the append waits to learn whether it is taken. By then
/// it holds the epoch's row.
pub struct HeldByRival {
    rival: Client,
    watcher: Client,
}

impl Held for HeldByRival {
    async fn reached(self) -> HeldByRival {
        wait_until(&self.watcher, "query LIKE 'INSERT INTO log%' AND state = 'active'").await;
        self
    }

    async fn release(self) {
        self.rival.batch_execute("ROLLBACK").await.unwrap();
    }
}

/// Until a session of this database that matches waits for a lock. Each look is a round trip, no sleep.
pub async fn wait_until(client: &Client, what: &str) {
    let sql = format!(
        "SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type IN ('Lock', 'IPC') AND {what}"
    );
    let since = std::time::Instant::now();
    while client.query_one(&sql, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        assert!(since.elapsed().as_secs() < 30, "nobody waits: {what}");
    }
}
