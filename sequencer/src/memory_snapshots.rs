//! Snapshots of the books as they stand in memory, where a row ends: for small books a millisecond, and no reading.

use event_store::Snapshot;
use tokio::sync::{mpsc, oneshot};

use crate::machine::Machine;

/// What the books may hold (accounts, former paths, reversals) for their snapshot to be made between two batches: that takes
/// the sequencer some 5 ms at most. Larger books are folded from the log, on another thread.
const HELD_MAX: usize = 1 << 16;

/// Where a snapshot goes. `None`: the books are too large for this way.
pub(crate) type Asked = oneshot::Sender<Option<Snapshot>>;

pub(crate) struct MemorySnapshots {
    asked: mpsc::Receiver<Asked>,
    /// It waits for the end of a row.
    wanted: Option<Asked>,
    /// Of the row in flight: nobody may have it before that is durable.
    made: Option<(Asked, Snapshot)>,
}

impl MemorySnapshots {
    pub(crate) fn new(asked: mpsc::Receiver<Asked>) -> MemorySnapshots {
        MemorySnapshots { asked, wanted: None, made: None }
    }

    pub(crate) fn may_ask(&self) -> bool {
        self.wanted.is_none() && self.made.is_none()
    }

    /// Waits until somebody asks; for ever when nobody will.
    pub(crate) async fn asked(&mut self) {
        match self.asked.recv().await {
            Some(asked) => self.wanted = Some(asked),
            None => std::future::pending().await,
        }
    }

    /// The open batch is empty: the books end with the row in flight, or with the last durable one.
    pub(crate) fn at_row_end<T>(&mut self, machine: &Machine<T>) {
        let Some(asked) = self.wanted.take() else { return };
        if machine.books().held() > HELD_MAX {
            let _ = asked.send(None);
            return;
        }
        self.made = Some((asked, machine.snapshot()));
        if !machine.is_committing() {
            self.stored();
        }
    }

    /// What was in flight is durable.
    pub(crate) fn stored(&mut self) {
        if let Some((asked, snapshot)) = self.made.take() {
            let _ = asked.send(Some(snapshot));
        }
    }

    /// What was in flight never will be: whoever asked is told by the end of the channel, and asks again.
    pub(crate) fn not_stored(&mut self) {
        self.made = None;
    }
}
