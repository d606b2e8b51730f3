//! The contract of a log: one shard's rows, one writer at a time, readers at will.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use event_schemas::{Sequence, Shard, Ts};
use futures_util::stream::BoxStream;
use uuid::Uuid;

use crate::{LogError, NewRow, Root, StoredRow};

/// Which log this is. A restore from a backup makes a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LogId(pub Uuid);

/// The fencing number of a shard's writer: only the newest may append.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

/// What a log is for, written into its genesis record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogClass {
    /// Ledgers; kept for ever.
    Books,
    /// The directory: which ledger is where, assets, users, keys.
    Platform,
    /// Logins, reads and denials, under their own retention.
    Access,
}

/// Where the log ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub log_id: LogId,
    pub epoch: Epoch,
    /// Where the last row starts; 0 when there is only the genesis row.
    pub first: Sequence,
    /// The last record; 0 when there is only the genesis row.
    pub last: Sequence,
    /// `last + 1`: the genesis record is leaf 0.
    pub tree_size: u64,
    pub root: Root,
}

/// What became of an append.
#[derive(Debug)]
pub enum Appended {
    /// Durable, now and for ever.
    Stored,
    /// Another writer has taken over, or the row does not follow the last one: it is not in the log. Stop.
    Fenced,
    /// It is not in the log and will not be. The next append may be tried.
    NotStored(LogError),
    /// It may be in the log, or may yet come to be: take over, then look with `row_starting_at`.
    Unknown(LogError),
}

/// A folded state, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The last record folded into it.
    pub sequence: Sequence,
    /// Which program can read it: state format and digest of a golden fold.
    pub fingerprint: String,
    pub bytes: Bytes,
}

/// A snapshot that can be fetched with `snapshot`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotInfo {
    pub sequence: Sequence,
    pub fingerprint: String,
    /// SHA-256 of its bytes.
    pub digest: [u8; 32],
    pub size: u64,
    pub made_at: Ts,
}

/// How many snapshots of one fingerprint are kept.
pub(crate) const SNAPSHOTS_KEPT: usize = 2;

/// One shard's log.
#[async_trait]
pub trait Log: Send + Sync + 'static {
    fn shard(&self) -> Shard;

    async fn head(&self) -> Result<Head, LogError>;

    /// Makes this process the writer: raises the epoch, which waits for the statement in flight of whoever was it
    /// before (also ourselves), and ends that writer's connection. The head cannot move any more but through us.
    async fn take_over(&self) -> Result<Head, LogError>;

    /// Takes over from ourselves, to settle an unknown outcome: only while `epoch` (or one that we raised after it) is the newest.
    /// `None`: another server has taken over since, and this one must not take the shard back.
    async fn take_over_from(&self, epoch: Epoch) -> Result<Option<Head>, LogError>;

    /// Whether nobody has taken the shard over since we did.
    async fn is_owner(&self) -> Result<bool, LogError>;

    /// Connects the writer ahead of the first append. Its connection lives on the runtime of the caller.
    async fn connect_writer(&self) -> Result<(), LogError>;

    /// Appends one row in one commit. Goes on to its end even when the caller is dropped. Panics on a row whose parts do not
    /// fit together. One append at a time: others wait.
    ///
    /// After `Unknown` every further append is `NotStored(Unsettled)` until `take_over`.
    async fn append(&self, row: &NewRow) -> Appended;

    /// The row that starts just here, if there is one: settles an unknown outcome. 0 gives the genesis row.
    async fn row_starting_at(&self, first: Sequence) -> Result<Option<StoredRow>, LogError>;

    /// One record's exact bytes.
    async fn record(&self, sequence: Sequence) -> Result<Option<Bytes>, LogError>;

    /// The rows that hold the records after `after`, in order, up to and with the one that holds `until`, or to the end of the
    /// log as it is when the reader gets there. The first and last may hold records outside of the range: skip those.
    ///
    /// Dense (LOG-1): each row starts where the one before it ended, else `LogError::Hole`. Memory is bounded by a few rows.
    fn rows(
        &self,
        after: Sequence,
        until: Option<Sequence>,
    ) -> BoxStream<'static, Result<StoredRow, LogError>>;

    /// Waits until the log is longer than `sequence` or the time is over; answers with the last sequence it knows of.
    async fn wait_past(&self, sequence: Sequence, timeout: Duration) -> Result<Sequence, LogError>;

    /// Stores a snapshot, whole or not at all; then forgets all but the newest two of its fingerprint, and all but the
    /// newest one of each other (a program that is rolled back finds its own again).
    async fn put_snapshot(&self, snapshot: &Snapshot) -> Result<(), LogError>;

    /// All that are stored, newest first.
    async fn newest_snapshots(&self) -> Result<Vec<SnapshotInfo>, LogError>;

    /// A snapshot's bytes, checked against its digest: `DamagedSnapshot` when they differ or are gone.
    async fn snapshot(&self, info: &SnapshotInfo) -> Result<Snapshot, LogError>;

    /// The log's clock less ours, in µs, less than a round trip off.
    async fn clock_skew(&self) -> Result<i64, LogError>;

    /// Makes room for what comes after this head. To be called now and then, off the hot path; cheap when there is room.
    async fn make_partitions_ahead(&self, head: Sequence) -> Result<(), LogError>;
}

impl LogClass {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            LogClass::Books => "books",
            LogClass::Platform => "platform",
            LogClass::Access => "access",
        }
    }
}

/// Version of the row and record framing, written into the genesis record.
pub(crate) const LOG_FORMAT: u32 = 1;

/// The record with sequence 0. `parent` is for restores: the log that this one goes on from.
pub(crate) fn genesis_record(shard: Shard, log_id: LogId, class: LogClass, recorded_at: Ts) -> String {
    format!(
        r#"{{"seq":0,"id":"{id}","type":"log_opened","version":1,"log":"{log_id}","shard":{shard},"class":"{class}","format":{LOG_FORMAT},"parent":null,"recorded_at":{at}}}"#,
        id = Uuid::new_v4(),
        class = class.as_str(),
        at = recorded_at.0,
    )
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
