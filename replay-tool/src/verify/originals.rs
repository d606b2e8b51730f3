//! The transactions that reversals name, looked up as the sequencer does: by key, then in the log.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use event_schemas::{Record, Sequence};
use event_store::{Log, LogError, StoredRow};
use tokio::runtime::Handle;

/// Recent rows are kept: most reversals follow soon, and reading one record costs a round trip.
const ROWS_KEPT_MAX: usize = 64;

pub(super) struct Originals {
    log: Arc<dyn Log>,
    runtime: Handle,
    recent: VecDeque<StoredRow>,
}

impl Originals {
    pub fn new(log: Arc<dyn Log>, runtime: Handle) -> Originals {
        Originals { log, runtime, recent: VecDeque::with_capacity(ROWS_KEPT_MAX) }
    }

    /// Keeps a row that was judged.
    pub fn passed(&mut self, row: &StoredRow) {
        if self.recent.len() == ROWS_KEPT_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(row.clone());
    }

    /// A record that was judged already.
    pub fn record(&self, current: &StoredRow, sequence: Sequence) -> Result<Option<Record>, LogError> {
        Ok(self.bytes(current, sequence)?.and_then(|bytes| Record::read(&bytes).ok()))
    }

    fn bytes(&self, current: &StoredRow, sequence: Sequence) -> Result<Option<Bytes>, LogError> {
        if sequence >= current.first {
            return Ok(current.record(sequence));
        }
        match self.recent.iter().find(|row| row.first <= sequence && sequence <= row.last) {
            Some(row) => Ok(row.record(sequence)),
            None => self.runtime.block_on(self.log.record(sequence)),
        }
    }
}
