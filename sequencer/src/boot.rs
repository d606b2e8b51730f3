//! From a log to a machine: take the shard over, load the newest snapshot, fold the tail, index the keys.

use std::sync::Arc;

use event_schemas::{Envelope, Sequence, Ts, Unreadable};
use event_store::{Log, LogError, StoredRow};
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tracing::info;
use uuid::Uuid;

use crate::fold::{Fold, FoldError};
use crate::keys::MemoryKeys;
use crate::machine::{Machine, Start};
use crate::snapshot::{self, SnapshotError};

/// Rows that are read ahead of the fold.
const ROWS_AHEAD_MAX: usize = 8;

#[derive(Debug, thiserror::Error)]
pub enum BootError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("the log cannot be folded")]
    Fold(#[from] FoldError),
    #[error("the log cannot be folded")]
    Snapshot(#[from] SnapshotError),
    #[error("the record at {sequence} cannot be read")]
    Unreadable {
        sequence: Sequence,
        #[source]
        source: Unreadable,
    },
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
    #[error("LOG-1: the log's last record is {expected}, but its rows end at {found}")]
    Short { expected: Sequence, found: Sequence },
}

/// A machine at the end of its log, and how it got there.
pub struct Booted<T> {
    pub machine: Machine<T>,
    /// Where the snapshot stood; 0 when there was none.
    pub snapshot: Sequence,
    pub last: Sequence,
}

/// Takes the shard over and makes a machine of its log. Two threads: one reads, one folds.
pub async fn boot<T: Send + 'static>(log: Arc<dyn Log>) -> Result<Booted<T>, BootError> {
    let head = log.take_over().await?;
    let fold = snapshot::newest(&*log, Some(head.last)).await?;
    let snapshot = fold.last;

    let (rows, folded) = mpsc::channel(ROWS_AHEAD_MAX);
    let reader = log.clone();
    let reading = tokio::spawn(async move {
        let mut stream = reader.rows(Sequence::GENESIS, Some(head.last));
        while let Some(row) = stream.next().await {
            if rows.send(row).await.is_err() {
                return;
            }
        }
    });
    let folding = tokio::task::spawn_blocking(move || fold_rows(fold, head.last, folded));
    let (fold, keys) = folding.await.expect("folding does not panic but on a damaged log")?;
    reading.await.expect("reading does not panic");
    if fold.last != head.last {
        return Err(BootError::Short { expected: head.last, found: fold.last });
    }
    info!(shard = %log.shard(), epoch = %head.epoch, snapshot = %snapshot, last = %head.last, "booted");

    let start = Start {
        shard: log.shard(),
        epoch: head.epoch,
        first: head.first,
        last: head.last,
        recorded_at: fold.recorded_at,
        tree: fold.tree,
        books: fold.books,
    };
    let machine = Machine::new(start, Box::new(keys), Box::new(record_id));
    Ok(Booted { machine, snapshot, last: head.last })
}

/// A UUID of version 7 (RFC 9562): the time in milliseconds, then 74 random bits. Where records lie together so do their
/// ids, which whoever keeps them in an index is glad of, and so is the log's compression.
fn record_id(now: Ts) -> Uuid {
    // Bits 48–51 and 64–65 of a random UUID are fixed, as they are in the one made here.
    let random = Uuid::new_v4().into_bytes();
    let millis = u64::try_from(now.0 / 1_000).expect("the clock is past 1970");
    let random = random[6..].try_into().expect("10 of 16 bytes");
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

fn fold_rows(
    mut fold: Fold,
    last: Sequence,
    mut rows: mpsc::Receiver<Result<StoredRow, LogError>>,
) -> Result<(Fold, MemoryKeys), BootError> {
    let mut keys = MemoryKeys::with_room_for(*Uuid::new_v4().as_bytes(), last.0);
    let mut names = Vec::new();
    while let Some(row) = rows.blocking_recv() {
        let row = row?;
        for (sequence, line) in row.lines().filter(|(sequence, _)| *sequence > Sequence::GENESIS) {
            let (ledger, key) =
                Envelope::read_key(line).map_err(|source| BootError::Unreadable { sequence, source })?;
            names.push((keys.name_of_text(&ledger, &key), sequence));
        }
        // By themselves: the processor then waits for several places of a large table at once.
        names.drain(..).for_each(|(name, sequence)| keys.insert_name(name, sequence));
        if row.last > fold.last {
            fold.row(&row, |_, _, _| {})?;
        }
    }
    Ok((fold, keys))
}
