//! Records that will be one row of the log, and who waits for them.

use std::sync::Arc;

use event_schemas::{Record, Sequence, Ts};
use event_store::merkle::Frontier;
use ledger_core::Undo;

use crate::item::Answer;

/// `T` names who waits: a channel's end in the shell, a number in a simulation.
#[derive(Debug)]
pub(crate) struct Batch<T> {
    pub first: Sequence,
    pub records: Vec<Arc<Record>>,
    /// The records' lines, separated by newlines.
    pub bytes: Vec<u8>,
    /// What the books held before, oldest first.
    pub notes: Vec<Undo>,
    /// Given out when the batch is durable.
    pub answers: Vec<(T, Answer)>,
    /// The tree before the batch.
    pub tree_before: Frontier,
    pub recorded_at: Ts,
}

impl<T> Batch<T> {
    pub(crate) fn new(first: Sequence, tree_before: Frontier, recorded_at: Ts) -> Batch<T> {
        Batch {
            first,
            records: Vec::new(),
            bytes: Vec::new(),
            notes: Vec::new(),
            answers: Vec::new(),
            tree_before,
            recorded_at,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The last record. The one before `first` while the batch is empty.
    pub(crate) fn last(&self) -> Sequence {
        Sequence(self.first.0 + self.records.len() as u64 - 1)
    }

    pub(crate) fn record(&self, sequence: Sequence) -> Option<&Arc<Record>> {
        let at = sequence.0.checked_sub(self.first.0)?;
        self.records.get(usize::try_from(at).ok()?)
    }

    /// Adds a record's line and hashes it into the tree.
    pub(crate) fn push(&mut self, record: Arc<Record>, tree: &mut Frontier) {
        if !self.records.is_empty() {
            self.bytes.push(b'\n');
        }
        let start = self.bytes.len();
        record.write(&mut self.bytes);
        tree.push(&self.bytes[start..]);
        self.recorded_at = record.envelope.recorded_at;
        self.records.push(record);
    }
}
