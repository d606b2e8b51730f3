//! The pinned connection that appends: one INSERT = one commit, and what its outcome means.

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use event_schemas::Sequence;
use tokio_postgres::{
    AsyncMessage, Client, Config, NoTls, Statement,
    error::{DbError, Severity, SqlState},
};

use super::{Inner, partitions};
use crate::{Appended, LogError, NewRow, error::Doing, pool::tuned};

/// Session locks of this class say "I am shard n's writer", so that a take-over finds whom to end. "NXWR" in ASCII.
pub(super) const WRITER_LOCK_CLASS: i32 = 0x4E_58_57_52;

/// The slot's lock makes appends of this process wait for each other, and a take-over for the append under way.
#[derive(Default)]
pub(super) enum WriterSlot {
    #[default]
    Empty,
    Ready(Writer),
    /// The last append may or may not be in the log. Another before that is settled could stand beside it.
    Unsettled,
}

pub(super) struct Writer {
    client: Client,
    replication_wait_was_cut: Arc<AtomicBool>,
    insert: Option<Insert>,
}

/// The prepared INSERT. It names the predecessor's partition, so that its cost does not grow with the number of partitions.
struct Insert {
    partition: u64,
    statement: Statement,
}

pub(super) async fn append(inner: Arc<Inner>, row: NewRow) -> Appended {
    let mut slot = inner.writer.lock().await;
    if matches!(*slot, WriterSlot::Unsettled) {
        return Appended::NotStored(LogError::Unsettled);
    }
    let writer = match ready(&mut slot, &inner).await {
        Ok(writer) => writer,
        Err(e) => return Appended::NotStored(e),
    };
    let outcome = writer.append(&inner, &row).await;
    match &outcome {
        Appended::Stored => inner.head.appended(row.first, row.last),
        Appended::Unknown(_) => *slot = WriterSlot::Unsettled,
        Appended::Fenced | Appended::NotStored(_) => {}
    }
    outcome
}

pub(super) async fn connect(inner: &Inner) -> Result<(), LogError> {
    ready(&mut *inner.writer.lock().await, inner).await.map(drop)
}

/// The connection, made again when it broke between two appends: nothing was under way then.
async fn ready<'a>(slot: &'a mut WriterSlot, inner: &Inner) -> Result<&'a mut Writer, LogError> {
    let usable = matches!(slot, WriterSlot::Ready(writer) if !writer.client.is_closed());
    if !usable {
        *slot = WriterSlot::Ready(Writer::connect(inner).await?);
    }
    match slot {
        WriterSlot::Ready(writer) => Ok(writer),
        WriterSlot::Empty | WriterSlot::Unsettled => unreachable!("made ready above"),
    }
}

impl Writer {
    pub(super) async fn connect(inner: &Inner) -> Result<Writer, LogError> {
        let connecting = "connect as the shard's writer";
        let name = format!("nexus writer of shard {}", inner.shard);
        let config: Config = tuned(&inner.config, &name);
        let (client, mut connection) = config.connect(NoTls).await.doing(connecting)?;
        let cut = Arc::new(AtomicBool::new(false));
        let cut_by_notice = cut.clone();
        tokio::spawn(async move {
            while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
                match message {
                    // Comes before the statement's answer and is seen before it: same task, same order.
                    Ok(AsyncMessage::Notice(notice)) if is_replication_wait_cut(&notice) => {
                        cut_by_notice.store(true, Ordering::SeqCst);
                    }
                    Ok(_) => {}
                    Err(error) => {
                        tracing::warn!(%error, "lost the writer's connection");
                        break;
                    }
                }
            }
        });
        client.batch_execute(&session_settings(inner)).await.doing(connecting)?;
        Ok(Writer { client, replication_wait_was_cut: cut, insert: None })
    }

    async fn append(&mut self, inner: &Inner, row: &NewRow) -> Appended {
        let statement = match self.insert_after(inner, row.previous_first).await {
            Ok(statement) => statement,
            Err(e) => return Appended::NotStored(e),
        };
        self.replication_wait_was_cut.store(false, Ordering::SeqCst);
        let inserted = self
            .client
            .execute(
                &statement,
                &[
                    &inner.position(row.first),
                    &inner.position(row.last),
                    &to_i64(row.tree_size),
                    &row.root.0.as_slice(),
                    &row.recorded_at.to_utc(),
                    &&*row.records,
                    &to_i64(row.epoch.0),
                    &inner.position(row.previous_first),
                ],
            )
            .await;
        match inserted {
            Ok(0) => Appended::Fenced,
            Ok(_) if self.replication_wait_was_cut.load(Ordering::SeqCst) => {
                Appended::Unknown(LogError::ReplicationWaitCut)
            }
            Ok(_) => Appended::Stored,
            Err(e) => outcome_of(e),
        }
    }

    async fn insert_after(&mut self, inner: &Inner, previous: Sequence) -> Result<Statement, LogError> {
        let partition = partitions::number_of(previous);
        if let Some(insert) = self.insert.as_ref().filter(|insert| insert.partition == partition) {
            return Ok(insert.statement.clone());
        }
        let sql = insert_sql(inner, partition);
        let statement = self.client.prepare(&sql).await.doing("prepare the append")?;
        self.insert = Some(Insert { partition, statement: statement.clone() });
        Ok(statement)
    }
}

/// The epoch's row is locked as `FOR NO KEY UPDATE`: a take-over waits for us, and we for it; then the epoch is read anew.
/// `FOR SHARE` would let a stream of appends starve a take-over.
fn insert_sql(inner: &Inner, partition: u64) -> String {
    format!(
        "INSERT INTO log (first, last, epoch, tree_size, root, recorded_at, records)
         SELECT $1::int8, $2::int8, s.epoch, $3::int8, $4::bytea, $5::timestamptz, $6::bytea
         FROM shards s
         WHERE s.shard = {shard} AND s.epoch = $7::int8
           AND EXISTS (SELECT FROM {predecessors} p WHERE p.first = $8::int8 AND p.last = $1::int8 - 1)
         FOR NO KEY UPDATE OF s",
        shard = inner.shard,
        predecessors = partitions::name(inner.shard, partition),
    )
}

/// An answer that is on the disk, no time limit on a statement that must not be guessed about, a dead peer noticed.
fn session_settings(inner: &Inner) -> String {
    let set_role = inner.roles.writer.map(|role| format!("SET ROLE {role};")).unwrap_or_default();
    format!(
        "SET synchronous_commit = on; SET statement_timeout = 0; SET lock_timeout = 0;
         SET idle_in_transaction_session_timeout = 0; SET idle_session_timeout = 0;
         SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 3; SET tcp_keepalives_count = 3;
         SET tcp_user_timeout = 15000; SET plan_cache_mode = force_generic_plan;
         SELECT pg_advisory_lock_shared({WRITER_LOCK_CLASS}, {shard}); {set_role}",
        shard = inner.shard,
    )
}

/// An ERROR has rolled the statement back. Anything worse, or no answer at all, says nothing about the commit.
fn outcome_of(error: tokio_postgres::Error) -> Appended {
    let doing = "append to the log";
    let severity = error.as_db_error().and_then(DbError::parsed_severity);
    // A row with this first is there, and not by this statement: somebody else has gone on from our predecessor.
    if error.code() == Some(&SqlState::UNIQUE_VIOLATION) {
        return Appended::Fenced;
    }
    match severity {
        Some(Severity::Error) => Appended::NotStored(LogError::Postgres { doing, source: error }),
        _ => Appended::Unknown(LogError::Postgres { doing, source: error }),
    }
}

/// The commit is on our disk but perhaps on no replica's. Told by the server's function, not by its words: those are
/// translated.
fn is_replication_wait_cut(notice: &DbError) -> bool {
    notice.routine() == Some("SyncRepWaitForLSN") || notice.message().contains("synchronous replication")
}

fn to_i64(number: u64) -> i64 {
    i64::try_from(number).expect("LOG-1: sequences have 48 bits, epochs count take-overs")
}

/// Longer than any statement that is not stuck.
pub(super) const STATEMENT_IN_FLIGHT_MAX: Duration = Duration::from_secs(5);
