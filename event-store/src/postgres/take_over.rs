//! Becoming the writer: raise the epoch, end who wrote before.

use tokio_postgres::{Client, Row, error::SqlState};

use super::{
    Inner, read,
    writer::{STATEMENT_IN_FLIGHT_MAX, WRITER_LOCK_CLASS, WriterSlot},
};
use crate::{Epoch, Head, LogError, error::Doing};

/// With `from`: only if that epoch, or one raised by this server after it, is the newest; else `None`.
pub(super) async fn take_over(inner: &Inner, from: Option<Epoch>) -> Result<Option<Head>, LogError> {
    // Waits for our own append under way.
    let mut slot = inner.writer.lock().await;
    if matches!(*slot, WriterSlot::Ready(_)) {
        *slot = WriterSlot::Empty;
    }

    let admin = inner.admin.get().await?;
    // Looked up before the epoch is raised: who takes over after us must not be ended by us.
    let former = writers(inner, &admin).await?;
    let raised = match raise_epoch(inner, &admin, from).await? {
        Some(raised) => raised,
        None => {
            // The statement in flight is stuck, or its client vanished halfway through sending it.
            end(inner, &admin, &former).await;
            match raise_epoch(inner, &admin, from).await? {
                Some(raised) => raised,
                None => raise_epoch_patiently(inner, &admin, from).await?,
            }
        }
    };
    let Raised::To(epoch) = raised else { return Ok(None) };
    // From here on their appends find another epoch; ending them only frees what they hold.
    end(inner, &admin, &former).await;
    drop(admin);

    // Settled: the epoch's row was ours for a moment, so whatever was in flight is in the log or never will be.
    *slot = WriterSlot::Empty;
    inner.head.start_notifying(&inner.config, inner.shard.0);
    // The epoch may be another's by now: then ours is the one that we must find refused.
    let head = Head { epoch, ..read::head(inner).await? };
    tracing::info!(shard = inner.shard.0, epoch = head.epoch.0, last = head.last.0, "took over the log");
    Ok(Some(head))
}

/// The owner tells a server whose answer got lost that it was itself who raised the epoch.
const RAISE: &str = "
    UPDATE shards SET epoch = epoch + 1, owner = $2
    WHERE shard = $1 AND ($3::int8 IS NULL OR epoch = $3 OR (epoch > $3 AND owner = $2))
    RETURNING epoch";

pub(super) async fn is_owner(inner: &Inner) -> Result<bool, LogError> {
    let doing = "look whose the shard is";
    let admin = inner.admin.get().await?;
    let sql = "SELECT coalesce(owner = $2, false) FROM shards WHERE shard = $1";
    let statement = admin.prepare_cached(sql).await.doing(doing)?;
    let row = admin.query_opt(&statement, &[&shard(inner), &inner.server]).await.doing(doing)?;
    Ok(row.is_some_and(|row| row.get(0)))
}

enum Raised {
    To(Epoch),
    /// Another server has raised it since.
    ByAnother,
}

/// `None` when the row stayed locked by a statement in flight.
async fn raise_epoch(inner: &Inner, admin: &Client, from: Option<Epoch>) -> Result<Option<Raised>, LogError> {
    let limit = format!("SET lock_timeout = {}", STATEMENT_IN_FLIGHT_MAX.as_millis());
    admin.batch_execute(&limit).await.doing("raise the epoch")?;
    match admin.query_opt(RAISE, &[&shard(inner), &inner.server, &from.map(number)]).await {
        Ok(row) => raised(inner, row, from).map(Some),
        Err(e) if e.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => Ok(None),
        Err(e) => Err(e).doing("raise the epoch"),
    }
}

/// Whoever holds it could not be ended (say for lack of rights, or in a wait for a replica): then it takes as long as it takes.
async fn raise_epoch_patiently(
    inner: &Inner,
    admin: &Client,
    from: Option<Epoch>,
) -> Result<Raised, LogError> {
    tracing::warn!(shard = inner.shard.0, "the former writer's statement does not end: waiting for it");
    admin.batch_execute("SET lock_timeout = 0").await.doing("raise the epoch")?;
    let row = admin.query_opt(RAISE, &[&shard(inner), &inner.server, &from.map(number)]).await;
    raised(inner, row.doing("raise the epoch")?, from)
}

fn raised(inner: &Inner, row: Option<Row>, from: Option<Epoch>) -> Result<Raised, LogError> {
    match row {
        Some(row) => Ok(Raised::To(Epoch(row.get::<_, i64>(0).cast_unsigned()))),
        None if from.is_some() => Ok(Raised::ByAnother),
        None => Err(LogError::NoSuchLog { shard: inner.shard }),
    }
}

fn number(epoch: Epoch) -> i64 {
    epoch.0.cast_signed()
}

/// The sessions that hold the shard's writer lock.
const WRITERS: &str = "
    SELECT pid FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 2
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND classid = $1::int4::oid AND objid = $2::int4::oid AND pid <> pg_backend_pid()";

async fn writers(inner: &Inner, admin: &Client) -> Result<Vec<i32>, LogError> {
    let rows = admin.query(WRITERS, &[&WRITER_LOCK_CLASS, &i32::from(inner.shard.0)]).await;
    Ok(rows.doing("look for the former writer")?.iter().map(|row| row.get(0)).collect())
}

/// Ends these sessions, where they still are the writer's. Correctness does not need it, so failing is no error.
async fn end(inner: &Inner, admin: &Client, pids: &[i32]) {
    let sql = format!("SELECT pg_terminate_backend(pid) FROM ({WRITERS}) w WHERE pid = ANY ($3)");
    if let Err(error) = admin.execute(&sql, &[&WRITER_LOCK_CLASS, &i32::from(inner.shard.0), &pids]).await {
        tracing::warn!(%error, "cannot end the former writer's session");
    }
}

fn shard(inner: &Inner) -> i16 {
    i16::try_from(inner.shard.0).expect("a shard's number has 15 bits")
}
