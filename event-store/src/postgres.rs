//! The log in Postgres.
//!
//! Three kinds of connections: the *writer*, pinned, one, which appends and nothing else; a pool in the *reader's* role; a pool
//! in the *login's* role for what happens seldom (take-over, partitions, snapshots).

mod follow;
mod open;
mod partitions;
mod read;
pub(crate) mod roles;
mod rows;
mod snapshots;
mod take_over;
mod writer;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use deadpool_postgres::Pool;
use event_schemas::{Position, Sequence, Shard};
use futures_util::stream::BoxStream;
use tokio_postgres::Config;

use crate::{
    Appended, Epoch, Head, Log, LogError, NewRow, Snapshot, SnapshotInfo, StoredRow, pool::PoolOptions,
    pool::pool_of,
};
use follow::{Follower, HeadWatch};
use roles::Roles;
use writer::WriterSlot;

/// One shard's log in Postgres. A clone is the same log and the same writer.
#[derive(Clone)]
pub struct PostgresLog {
    inner: Arc<Inner>,
}

struct Inner {
    shard: Shard,
    /// This server, at random: who raised an epoch.
    server: uuid::Uuid,
    config: Config,
    roles: Roles,
    readers: Pool,
    admin: Pool,
    writer: tokio::sync::Mutex<WriterSlot>,
    head: HeadWatch,
    /// Follows the head for those who wait; started by the first of them.
    follower: tokio::sync::OnceCell<Follower>,
}

impl PostgresLog {
    /// Opens the shard's log, which is created when there is none. The schema must be there: [`crate::migrate`].
    pub async fn connect(url: &str, shard: Shard) -> Result<PostgresLog, LogError> {
        let log = PostgresLog::open(url, shard).await?;
        open::create_if_missing(&log.inner).await?;
        open::check_compression(&log.inner).await?;
        Ok(log)
    }

    /// Opens a log that must be there, for one who only reads.
    pub async fn connect_reader(url: &str, shard: Shard) -> Result<PostgresLog, LogError> {
        let log = PostgresLog::open(url, shard).await?;
        log.head().await?;
        Ok(log)
    }

    async fn open(url: &str, shard: Shard) -> Result<PostgresLog, LogError> {
        let config: Config = url
            .parse()
            .map_err(|source| LogError::Postgres { doing: "read the connection string", source })?;
        let admin = pool_of(&config, &PoolOptions { connections_max: 2, ..PoolOptions::default() });
        let roles = roles::usable(&*admin.get().await?).await?;
        let reading = PoolOptions { role: roles.reader, general_plans: true, ..PoolOptions::default() };
        let readers = pool_of(&config, &reading);
        let inner = Inner {
            shard,
            server: uuid::Uuid::new_v4(),
            config,
            roles,
            readers,
            admin,
            writer: tokio::sync::Mutex::default(),
            head: HeadWatch::default(),
            follower: tokio::sync::OnceCell::new(),
        };
        Ok(PostgresLog { inner: Arc::new(inner) })
    }
}

impl Inner {
    /// As the table keys it.
    fn position(&self, sequence: Sequence) -> i64 {
        Position::new(self.shard, sequence).to_i64()
    }

    fn end_of_shard(&self) -> i64 {
        self.position(Sequence((1 << 48) - 1))
    }
}

#[async_trait]
impl Log for PostgresLog {
    fn shard(&self) -> Shard {
        self.inner.shard
    }

    async fn head(&self) -> Result<Head, LogError> {
        read::head(&self.inner).await
    }

    async fn take_over(&self) -> Result<Head, LogError> {
        let head = take_over::take_over(&self.inner, None).await?;
        Ok(head.expect("only a take-over from an epoch can come too late"))
    }

    async fn take_over_from(&self, epoch: Epoch) -> Result<Option<Head>, LogError> {
        take_over::take_over(&self.inner, Some(epoch)).await
    }

    async fn is_owner(&self) -> Result<bool, LogError> {
        take_over::is_owner(&self.inner).await
    }

    async fn connect_writer(&self) -> Result<(), LogError> {
        writer::connect(&self.inner).await
    }

    async fn append(&self, row: &NewRow) -> Appended {
        row.check();
        // In its own task: what has been sent must be waited for, even when nobody waits for us.
        let appending = tokio::spawn(writer::append(self.inner.clone(), row.clone()));
        appending.await.unwrap_or_else(|e| match e.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Appended::Unknown(LogError::ConnectionLost),
        })
    }

    async fn row_starting_at(&self, first: Sequence) -> Result<Option<StoredRow>, LogError> {
        read::row_starting_at(&self.inner, first).await
    }

    async fn record(&self, sequence: Sequence) -> Result<Option<Bytes>, LogError> {
        read::record(&self.inner, sequence).await
    }

    fn rows(
        &self,
        after: Sequence,
        until: Option<Sequence>,
    ) -> BoxStream<'static, Result<StoredRow, LogError>> {
        rows::rows(self.inner.clone(), after, until)
    }

    async fn wait_past(&self, sequence: Sequence, timeout: Duration) -> Result<Sequence, LogError> {
        follow::wait_past(&self.inner, sequence, timeout).await
    }

    async fn put_snapshot(&self, snapshot: &Snapshot) -> Result<(), LogError> {
        snapshots::put(&self.inner, snapshot).await
    }

    async fn newest_snapshots(&self) -> Result<Vec<SnapshotInfo>, LogError> {
        snapshots::newest(&self.inner).await
    }

    async fn snapshot(&self, info: &SnapshotInfo) -> Result<Snapshot, LogError> {
        snapshots::get(&self.inner, info).await
    }

    async fn clock_skew(&self) -> Result<i64, LogError> {
        read::clock_skew(&self.inner).await
    }

    async fn make_partitions_ahead(&self, head: Sequence) -> Result<(), LogError> {
        partitions::make_ahead(&self.inner, head).await
    }
}
