//! The append ceiling: rows of the bytes that NEXUS writes, straight into its own tables, nothing else done.
//!
//! The schema is the log's own (its migrations make it), and so is the statement: one connection, one in flight, with
//! the checks of epoch and predecessor, because that is what a commit of the sequencer is. No decision, no hashing, no
//! HTTP.

use std::time::Duration;

use tokio_postgres::{Client, Statement};

use super::PeerDatabase;
use super::calls::{Caller, measure};
use crate::loadgen::Summary;

const SHARD: i64 = 1 << 48;
/// 33 million records: more than any run writes.
const PARTITIONS: i64 = 2;

const OPEN: &str = "
    INSERT INTO shards VALUES (1, 1);
    INSERT INTO log VALUES (1::bigint << 48, 1::bigint << 48, 1, 1, decode(repeat('00', 32), 'hex'), now(), '');";

const INSERT: &str = "
    INSERT INTO log (first, last, epoch, tree_size, root, recorded_at, records)
    SELECT $1::int8, $2::int8, s.epoch, $3::int8, $4::bytea, now(), $5::bytea
    FROM shards s
    WHERE s.shard = 1 AND s.epoch = 1
      AND EXISTS (SELECT FROM log p WHERE p.first = $6::int8 AND p.last = $1::int8 - 1)
    FOR NO KEY UPDATE OF s";

pub struct Append<'a> {
    database: &'a PeerDatabase,
    url: String,
    head: Head,
}

/// The last row: the sequences of its first and last record.
#[derive(Debug, Clone, Copy)]
struct Head {
    first: i64,
    last: i64,
}

impl<'a> Append<'a> {
    pub async fn create(database: &'a PeerDatabase) -> anyhow::Result<Self> {
        let url = database.create("append").await?;
        event_store::migrate(&url).await?;
        let client = database.connect_to(&url).await?;
        for number in 0..PARTITIONS {
            client.execute("SELECT make_log_partition(1::int2, $1)", &[&number]).await?;
        }
        client.batch_execute(OPEN).await?;
        Ok(Self { database, url, head: Head { first: 0, last: 0 } })
    }

    /// Each of `rows` is the bytes of one row, `records_per_row` lines each; they are written in turn.
    pub async fn run(
        &mut self,
        name: &str,
        rows: Vec<Vec<u8>>,
        records_per_row: u64,
        length: Duration,
    ) -> anyhow::Result<Summary> {
        let client = self.database.connect_to(&self.url).await?;
        client.batch_execute("SET plan_cache_mode = force_generic_plan").await?;
        let statement = client.prepare(INSERT).await?;
        let head = self.head;
        let writer =
            Writer { client, statement, rows, records_per_row: i64::try_from(records_per_row)?, head };
        let summary = measure(name, vec![writer], length / 4, length).await?;
        let last_row = "SELECT first, last FROM log ORDER BY first DESC LIMIT 1";
        let row = self.database.connect_to(&self.url).await?.query_one(last_row, &[]).await?;
        self.head = Head { first: row.get::<_, i64>(0) - SHARD, last: row.get::<_, i64>(1) - SHARD };
        Ok(summary)
    }
}

struct Writer {
    client: Client,
    statement: Statement,
    rows: Vec<Vec<u8>>,
    records_per_row: i64,
    head: Head,
}

impl Caller for Writer {
    async fn call(&mut self) -> anyhow::Result<u64> {
        let next = Head { first: self.head.last + 1, last: self.head.last + self.records_per_row };
        let records =
            &self.rows[usize::try_from(next.last)? / self.records_per_row as usize % self.rows.len()];
        let (first, last, previous) = (SHARD + next.first, SHARD + next.last, SHARD + self.head.first);
        let (tree_size, root) = (next.last + 1, [7u8; 32]);
        let inserted = self
            .client
            .execute(&self.statement, &[&first, &last, &tree_size, &&root[..], records, &previous])
            .await?;
        anyhow::ensure!(inserted == 1, "the ceiling's own row was not appended");
        self.head = next;
        Ok(self.records_per_row as u64)
    }
}
