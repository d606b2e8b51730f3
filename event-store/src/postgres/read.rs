//! Small reads: the head, one row, one record, the clock.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use event_schemas::{Position, Sequence, Ts};
use tokio_postgres::Row;
use uuid::Uuid;

use super::Inner;
use crate::{Epoch, Head, LogError, LogId, Root, StoredRow, error::Doing};

pub(super) const COLUMNS: &str = "first, last, epoch, tree_size, root, recorded_at, records";

/// Epoch, genesis and last row in one statement, so from one moment.
const HEAD: &str = "
    SELECT s.epoch, convert_from(g.records, 'UTF8')::json ->> 'log', h.first, h.last, h.tree_size, h.root
    FROM shards s
    JOIN log g ON g.first = $2
    CROSS JOIN LATERAL (SELECT first, last, tree_size, root FROM log
                        WHERE first BETWEEN $2 AND $3 ORDER BY first DESC LIMIT 1) h
    WHERE s.shard = $1";

pub(super) async fn head(inner: &Inner) -> Result<Head, LogError> {
    let client = inner.readers.get().await?;
    let statement = client.prepare_cached(HEAD).await.doing("read the head")?;
    let shard = i16::try_from(inner.shard.0).expect("a shard's number has 15 bits");
    let row = client
        .query_opt(&statement, &[&shard, &inner.position(Sequence::GENESIS), &inner.end_of_shard()])
        .await
        .doing("read the head")?
        .ok_or(LogError::NoSuchLog { shard: inner.shard })?;
    let first = sequence_of(row.get(2));
    let damaged = |what| LogError::DamagedRow { first, what };
    let log_id = row.get::<_, Option<&str>>(1).and_then(|id| id.parse::<Uuid>().ok());
    Ok(Head {
        log_id: LogId(log_id.ok_or(LogError::DamagedRow {
            first: Sequence::GENESIS,
            what: "the genesis record names no log",
        })?),
        epoch: Epoch(to_u64(row.get(0))),
        first,
        last: sequence_of(row.get(3)),
        tree_size: to_u64(row.get(4)),
        root: root_of(row.get(5)).ok_or_else(|| damaged("its root is no SHA-256"))?,
    })
}

pub(super) async fn last(inner: &Inner) -> Result<Sequence, LogError> {
    let client = inner.readers.get().await?;
    let sql = "SELECT last FROM log WHERE first BETWEEN $1 AND $2 ORDER BY first DESC LIMIT 1";
    let statement = client.prepare_cached(sql).await.doing("read the head")?;
    let row = client
        .query_opt(&statement, &[&inner.position(Sequence::GENESIS), &inner.end_of_shard()])
        .await
        .doing("read the head")?
        .ok_or(LogError::NoSuchLog { shard: inner.shard })?;
    Ok(sequence_of(row.get(0)))
}

pub(super) async fn row_starting_at(inner: &Inner, first: Sequence) -> Result<Option<StoredRow>, LogError> {
    let client = inner.readers.get().await?;
    let sql = format!("SELECT {COLUMNS} FROM log WHERE first = $1");
    let statement = client.prepare_cached(&sql).await.doing("read a row")?;
    let row = client.query_opt(&statement, &[&inner.position(first)]).await.doing("read a row")?;
    row.as_ref().map(stored_row).transpose()
}

pub(super) async fn record(inner: &Inner, sequence: Sequence) -> Result<Option<Bytes>, LogError> {
    let client = inner.readers.get().await?;
    let sql = format!("SELECT {COLUMNS} FROM log WHERE first BETWEEN $1 AND $2 ORDER BY first DESC LIMIT 1");
    let statement = client.prepare_cached(&sql).await.doing("read a record")?;
    let row = client
        .query_opt(&statement, &[&inner.position(Sequence::GENESIS), &inner.position(sequence)])
        .await
        .doing("read a record")?;
    let row = row.as_ref().map(stored_row).transpose()?;
    Ok(row.and_then(|row| row.record(sequence)))
}

pub(super) async fn clock_skew(inner: &Inner) -> Result<i64, LogError> {
    let client = inner.readers.get().await?;
    let statement = client.prepare_cached("SELECT clock_timestamp()").await.doing("read the clock")?;
    let before = now();
    let row = client.query_one(&statement, &[]).await.doing("read the clock")?;
    let after = now();
    Ok(Ts::from_utc(row.get(0)).0 - (before + (after - before) / 2))
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("our clock is past 1970");
    i64::try_from(since.as_micros()).expect("our clock is before the year 294000")
}

pub(super) fn stored_row(row: &Row) -> Result<StoredRow, LogError> {
    let first = sequence_of(row.get(0));
    let root = root_of(row.get(4));
    let stored = StoredRow {
        first,
        last: sequence_of(row.get(1)),
        epoch: Epoch(to_u64(row.get(2))),
        tree_size: to_u64(row.get(3)),
        root: root.ok_or(LogError::DamagedRow { first, what: "its root is no SHA-256" })?,
        recorded_at: Ts::from_utc(row.get(5)),
        records: Bytes::copy_from_slice(row.get(6)),
    };
    stored.check()
}

pub(super) fn sequence_of(position: i64) -> Sequence {
    Position::from_i64(position).sequence
}

fn root_of(bytes: &[u8]) -> Option<Root> {
    Some(Root(bytes.try_into().ok()?))
}

fn to_u64(number: i64) -> u64 {
    u64::try_from(number).expect("the log holds no negative numbers")
}
