//! Partitions of the log, made before they are needed: there is no default partition to fall into.

use event_schemas::{Sequence, Shard};
use tokio_postgres::{Client, error::SqlState};

use super::Inner;
use crate::{LogError, error::Doing};

/// A partition holds the rows that start in 2^24 sequences.
const PARTITION_BITS: u32 = 24;
/// How many are kept empty ahead of the head's own.
const AHEAD: u64 = 1;
/// Attaching waits behind readers' locks, and appends wait behind the one who waits: better later than long.
const LOCK_TIMEOUT_MS: u32 = 1000;

pub(super) fn number_of(sequence: Sequence) -> u64 {
    sequence.0 >> PARTITION_BITS
}

pub(super) fn start_of(number: u64) -> Sequence {
    Sequence(number << PARTITION_BITS)
}

pub(super) fn name(shard: Shard, number: u64) -> String {
    format!("log_{shard}_{number}")
}

/// The head's partition and the next. Made one by one, so that one that exists stays when the next one fails.
pub(super) async fn make_ahead(inner: &Inner, head: Sequence) -> Result<(), LogError> {
    let client = inner.admin.get().await?;
    let here = number_of(head);
    for number in here..=here + AHEAD {
        if !exists(&client, inner.shard, number).await? {
            make(&client, inner.shard, number).await?;
        }
    }
    Ok(())
}

async fn exists(client: &Client, shard: Shard, number: u64) -> Result<bool, LogError> {
    let row = client.query_one("SELECT to_regclass($1) IS NOT NULL", &[&name(shard, number)]).await;
    Ok(row.doing("look for a partition of the log")?.get(0))
}

pub(super) async fn make(client: &Client, shard: Shard, number: u64) -> Result<(), LogError> {
    const ATTEMPTS_MAX: usize = 5;
    let sql = format!(
        "BEGIN; SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS};
         SELECT make_log_partition({shard}::int2, {number}::bigint); COMMIT"
    );
    for attempt in 1.. {
        let Err(error) = client.batch_execute(&sql).await else { break };
        let _ = client.batch_execute("ROLLBACK").await;
        let was_locked = error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE);
        if !was_locked || attempt == ATTEMPTS_MAX {
            return Err(error).doing("make a partition of the log");
        }
    }
    tracing::info!(shard = shard.0, number, "made a partition of the log");
    Ok(())
}
