//! Checks a whole log: one task reads, one thread hashes and reads records, one decides them again.
//!
//! Costs ~2 µs per record on two cores; memory for the books, 24 bytes per key, and a few rows.

mod again;
mod genesis;
mod judge;
mod originals;
mod snapshots;
mod tree;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use event_schemas::{Position, Sequence};
use event_store::{Head, Log, LogError, StoredRow};
use futures_util::{FutureExt, StreamExt};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::finding::{Finding, Place};
use crate::panics;
use crate::progress::Progress;
use crate::report::Verified;
use judge::Judge;
use originals::Originals;
use snapshots::Snapshots;
use tree::Hashed;

/// Rows that wait between two steps.
const ROWS_AHEAD_MAX: usize = 8;

/// What keeps a log from being checked. It says nothing about the log.
#[derive(Debug, thiserror::Error)]
#[error("the log cannot be read to its end")]
pub struct VerifyError(#[from] LogError);

/// Why the judging stopped before the end.
enum Stop {
    Finding(Box<Finding>),
    Error(LogError),
}

impl From<Box<Finding>> for Stop {
    fn from(finding: Box<Finding>) -> Stop {
        Stop::Finding(finding)
    }
}

impl From<LogError> for Stop {
    fn from(error: LogError) -> Stop {
        Stop::Error(error)
    }
}

/// Checks every record up to the head that the log has now, and the snapshots. Finds the first thing that is wrong.
pub async fn verify(
    log: Arc<dyn Log>,
    progress: Progress,
) -> Result<Result<Verified, Box<Finding>>, VerifyError> {
    let since = Instant::now();
    match checked(log, progress, since).await {
        Ok(verified) => Ok(Ok(verified)),
        Err(Stop::Finding(finding)) => Ok(Err(finding)),
        Err(Stop::Error(error)) => Err(VerifyError(error)),
    }
}

async fn checked(log: Arc<dyn Log>, progress: Progress, since: Instant) -> Result<Verified, Stop> {
    let head = log.head().await?;
    progress.expect(head.last.0);
    let snapshots = Snapshots::list(log.clone(), head.last).await?;
    let genesis = log.row_starting_at(Sequence::GENESIS).await;
    let genesis = genesis.map_err(|error| explained(&*log, Sequence::GENESIS, error))?;
    let genesis = genesis.ok_or_else(|| {
        let place = Place::After(Position::new(log.shard(), Sequence::GENESIS));
        Finding::new(place, "the log begins with its genesis row", "a row at 0", "none")
    })?;
    let originals = Originals::new(log.clone(), Handle::current());
    let judge = Judge::after_genesis(&genesis, head, log.shard(), originals)?;

    let (rows, to_hash) = mpsc::channel(ROWS_AHEAD_MAX);
    let (hashed, to_judge) = mpsc::channel(ROWS_AHEAD_MAX);
    let reading = tokio::spawn(read(log, head, rows));
    let wanted = snapshots.positions();
    let hashing = tokio::task::spawn_blocking(move || tree::hash(&genesis, to_hash, &hashed, &wanted));
    let judging = tokio::task::spawn_blocking(move || judge_all(judge, snapshots, to_judge, &progress));
    let judged = judging.await.expect("judging catches the panics of the rules");
    // Both end when nobody takes what they send.
    hashing.await.expect("hashing does not panic");
    reading.await.expect("reading does not panic");
    Ok(Verified { took: since.elapsed(), ..judged? })
}

/// Sends the log's rows after the genesis row. Ends early when nobody wants them any more.
async fn read(log: Arc<dyn Log>, head: Head, rows: mpsc::Sender<Result<StoredRow, Stop>>) {
    let mut after = Sequence::GENESIS;
    let mut stream = log.rows(Sequence::GENESIS, Some(head.last));
    loop {
        // The store stops at numbers that no log holds. Here they are what we look for.
        let row = match AssertUnwindSafe(stream.next()).catch_unwind().await {
            Ok(None) => return,
            Ok(Some(row)) => row.map_err(|error| explained(&*log, after, error)),
            Err(panic) => {
                let place = Place::After(Position::new(log.shard(), after));
                let rule = "every row can be read";
                Err(Finding::new(place, rule, "a row", panics::words(&*panic)).into())
            }
        };
        if let Ok(row) = &row {
            after = row.last;
        }
        let ends = row.is_err();
        if rows.send(row).await.is_err() || ends {
            return;
        }
    }
}

/// A row that the log itself finds damaged is a finding; all else keeps us from looking.
fn explained(log: &dyn Log, after: Sequence, error: LogError) -> Stop {
    let position = |sequence| Position::new(log.shard(), sequence);
    let hole = "LOG-1: each row begins where the one before it ended";
    match error {
        LogError::Hole { found, .. } => Finding::new(
            Place::After(position(after)),
            hole,
            format!("a row that begins at {}", position(after.next())),
            format!("a row that begins at {}", position(found)),
        )
        .into(),
        LogError::DamagedRow { first, what } => {
            let rule = "a row holds one line per record, and a root";
            Finding::new(
                Place::Row { first: position(first), last: position(first) },
                rule,
                "a whole row",
                what,
            )
            .into()
        }
        error => Stop::Error(error),
    }
}

fn judge_all(
    mut judge: Judge,
    mut snapshots: Snapshots,
    mut rows: mpsc::Receiver<Result<Hashed, Stop>>,
    progress: &Progress,
) -> Result<Verified, Stop> {
    while let Some(row) = rows.blocking_recv() {
        let row = row?;
        judge.row(&row)?;
        if let Some(tree) = row.tree {
            snapshots.check(&mut judge.fold, tree)?;
        }
        progress.set(row.row.last.0);
    }
    let verified = judge.end()?;
    snapshots.end()?;
    Ok(Verified { snapshots: snapshots.equal, snapshots_skipped: snapshots.skipped, ..verified })
}
