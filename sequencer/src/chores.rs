//! Now and then, beside the hot path: partitions ahead, snapshots, the clock, whose the shard is.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use event_schemas::Sequence;
use tokio::sync::{mpsc, oneshot};
use tracing::{error, info, warn};

use crate::handle::Shared;
use crate::memory_snapshots::Asked;
use crate::snapshot::{self, SnapshotError};

/// Our clock and the log's may differ by this much.
const CLOCK_SKEW_MAX_US: i64 = 2_000_000;

/// How long a server that was superseded and has nothing to write may not know it. Until then it answers reads from books
/// that may be behind; it can record nothing.
const OWNER_CHECK_EVERY: Duration = Duration::from_secs(1);

/// Until the shard is another server's.
pub(crate) async fn watch_owner(shared: Arc<Shared>) {
    let mut every = tokio::time::interval(OWNER_CHECK_EVERY);
    loop {
        every.tick().await;
        // When the log does not answer, nothing is known, and writing fails too.
        if let Ok(false) = shared.log.is_owner().await {
            shared.stopped.store(true, Relaxed);
            shared.superseded.notify_one();
            return;
        }
    }
}

/// When snapshots are made, in records.
pub(crate) struct Snapshots {
    /// Since the newest one, when it costs little: the books are small, or there is little else to do.
    pub every: u64,
    /// Since the newest one, whatever else there is to do.
    pub at_last: u64,
    pub newest: u64,
    pub from_memory: mpsc::Sender<Asked>,
}

/// To fold the log costs as much as carrying out a tenth of the commands that are folded: above this many per second it waits.
const BUSY_PER_S: u64 = 5_000;
const CHORES_EVERY: Duration = Duration::from_secs(5);

/// For ever.
pub(crate) async fn run(shared: Arc<Shared>, mut snapshots: Snapshots) {
    let mut every = tokio::time::interval(CHORES_EVERY);
    let mut durable_before = shared.metrics.durable.load(Relaxed);
    loop {
        every.tick().await;
        check_clock(&shared).await;
        let durable = shared.metrics.durable.load(Relaxed);
        if let Err(error) = shared.log.make_partitions_ahead(Sequence(durable)).await {
            warn!(error = &error as &dyn std::error::Error, "cannot make partitions ahead");
        }
        let is_busy = durable.saturating_sub(durable_before) > BUSY_PER_S * CHORES_EVERY.as_secs();
        durable_before = durable;
        if let Err(error) = snapshots.make_if_due(&shared, durable, is_busy).await {
            warn!(error = &error as &dyn std::error::Error, "cannot make a snapshot");
        }
    }
}

impl Snapshots {
    async fn make_if_due(
        &mut self,
        shared: &Shared,
        durable: u64,
        is_busy: bool,
    ) -> Result<(), SnapshotError> {
        let new = durable.saturating_sub(self.newest);
        if new < self.every {
            return Ok(());
        }
        let (asked, answer) = oneshot::channel();
        // Where one is still asked for in vain, this one is dropped, and the answer with it.
        let _ = self.from_memory.try_send(asked);
        match tokio::time::timeout(CHORES_EVERY, answer).await {
            Ok(Ok(Some(snapshot))) => {
                shared.log.put_snapshot(&snapshot).await?;
                info!(sequence = %snapshot.sequence, bytes = snapshot.bytes.len(), "stored a snapshot of the books in memory");
                self.newest = snapshot.sequence.0;
            }
            // The books are large.
            Ok(Ok(None)) if !is_busy || new >= self.at_last => {
                self.newest = snapshot::take_quietly(shared.log.clone()).await?.0;
            }
            // Later, then. A batch that was not stored, and a long look for an unknown outcome, tell of themselves.
            _ => {}
        }
        Ok(())
    }
}

/// A clock that is far from the log's would record times that others cannot believe.
pub(crate) async fn check_clock(shared: &Shared) {
    let Ok(skew_us) = shared.log.clock_skew().await else { return };
    let skewed = skew_us.abs() > CLOCK_SKEW_MAX_US;
    if skewed != shared.clock_skewed.swap(skewed, Relaxed) {
        if skewed {
            error!(skew_us, "our clock and the database's differ too much: commands are turned away");
        } else {
            info!(skew_us, "our clock agrees with the database's again");
        }
    }
}
