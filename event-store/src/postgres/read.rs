//! Small reads: the head, one row, one record, the clock.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use event_schemas::{Position, Sequence, Ts};
use tokio_postgres::{Row, types::ToSql};
use uuid::Uuid;

use super::{Inner, partitions};
use crate::{Epoch, Head, LogError, LogId, Root, StoredRow, error::Doing};

pub(super) const COLUMNS: &str = "first, last, epoch, tree_size, root, recorded_at, records";

/// Epoch, genesis and last row in one statement, so from one moment.
const HEAD: &str = "
    SELECT s.epoch, convert_from(g.records, 'UTF8')::json ->> 'log', h.first, h.last, h.tree_size, h.root
    FROM shards s
    JOIN log g ON g.first = $4
    CROSS JOIN LATERAL (SELECT first, last, tree_size, root FROM log
                        WHERE first BETWEEN $1 AND $2 ORDER BY first DESC LIMIT 1) h
    WHERE s.shard = $3";

pub(super) async fn head(inner: &Inner) -> Result<Head, LogError> {
    let shard = i16::try_from(inner.shard.0).expect("a shard's number has 15 bits");
    let row = last_row(inner, HEAD, &[&shard, &inner.position(Sequence::GENESIS)]).await?;
    let first = sequence_of(row.get(2));
    let last = sequence_of(row.get(3));
    let log_id = row.get::<_, Option<&str>>(1).and_then(|id| id.parse::<Uuid>().ok());
    let nameless = LogError::DamagedRow { first: Sequence::GENESIS, what: "the genesis record names no log" };
    inner.head.seen(first, last);
    Ok(Head {
        log_id: LogId(log_id.ok_or(nameless)?),
        epoch: Epoch(to_u64(row.get(0))),
        first,
        last,
        tree_size: to_u64(row.get(4)),
        root: root_of(row.get(5)).ok_or(LogError::DamagedRow { first, what: "its root is no SHA-256" })?,
    })
}

const LAST: &str = "SELECT first, last FROM log WHERE first BETWEEN $1 AND $2 ORDER BY first DESC LIMIT 1";

pub(super) async fn last(inner: &Inner) -> Result<Sequence, LogError> {
    let row = last_row(inner, LAST, &[]).await?;
    let last = sequence_of(row.get(1));
    inner.head.seen(sequence_of(row.get(0)), last);
    Ok(last)
}

/// Asks for the last row from the one on that we know, which leaves older partitions alone. When not even that one is
/// there, from the beginning.
async fn last_row(inner: &Inner, sql: &str, further: &[&(dyn ToSql + Sync)]) -> Result<Row, LogError> {
    let client = inner.readers.get().await?;
    let statement = client.prepare_cached(sql).await.doing("read the head")?;
    for from in [inner.head.first(), Sequence::GENESIS] {
        let (from, end) = (inner.position(from), inner.end_of_shard());
        let parameters = [&[&from as &(dyn ToSql + Sync), &end], further].concat();
        if let Some(row) = client.query_opt(&statement, &parameters).await.doing("read the head")? {
            return Ok(row);
        }
        inner.head.forget_first();
    }
    Err(LogError::NoSuchLog { shard: inner.shard })
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
    let row = row_reaching(inner, &client, COLUMNS, sequence).await?;
    let row = row.as_ref().map(stored_row).transpose()?;
    Ok(row.and_then(|row| row.record(sequence)))
}

/// The last row that starts at or before this sequence. It is nearly always in the partition where the sequence belongs.
pub(super) async fn row_reaching(
    inner: &Inner,
    client: &deadpool_postgres::Client,
    columns: &str,
    sequence: Sequence,
) -> Result<Option<Row>, LogError> {
    let doing = "find a record";
    let sql = format!("SELECT {columns} FROM log WHERE first BETWEEN $1 AND $2 ORDER BY first DESC LIMIT 1");
    let statement = client.prepare_cached(&sql).await.doing(doing)?;
    for from in [partitions::start_of(partitions::number_of(sequence)), Sequence::GENESIS] {
        let bounds = [inner.position(from), inner.position(sequence)];
        let row = client.query_opt(&statement, &[&bounds[0], &bounds[1]]).await.doing(doing)?;
        if row.is_some() {
            return Ok(row);
        }
    }
    Ok(None)
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
    let [Position { shard, sequence: first }, last] = [row.get(0), row.get(1)].map(Position::from_i64);
    if last.shard != shard {
        return Err(LogError::DamagedRow { first, what: "it ends in another shard" });
    }
    let root = root_of(row.get(4));
    let stored = StoredRow {
        first,
        last: last.sequence,
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
