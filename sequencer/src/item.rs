//! What goes into the sequencer, and what comes out.

use std::sync::Arc;

use event_schemas::{ActorId, Key, LedgerId, Position, Record, RequestHash, Sequence};
use ledger_core::Command;

/// One command with all that its record will say of where it came from.
#[derive(Debug, Clone)]
pub struct Item {
    pub ledger: LedgerId,
    pub command: Command,
    pub key: Key,
    pub request: RequestHash,
    pub actor: ActorId,
    pub caused_by: Option<Position>,
    pub traceparent: Option<Box<str>>,
    /// Decide and answer, record nothing.
    pub dry_run: bool,
    /// The record that a reversal names, once the shell has read it from the log.
    pub original: Option<Arc<Record>>,
}

/// The outcome of an item. Each but the last three is given only when all that it rests on is durable.
#[derive(Debug, Clone)]
pub enum Answer {
    /// It is in the log, as this record: an event or a refusal.
    Recorded(Arc<Record>),
    /// The key was used before the records in memory: the answer is the record at this place, if its request is the same.
    Known(Sequence),
    /// What would have been recorded. Its sequence and id mean nothing.
    DryRun(Arc<Record>),
    /// The key was used before, for another request: by the record at this place, or by another item of the same batch.
    KeyConflict(Option<Sequence>),
    /// Some keys of an atomic batch were used before, and some not.
    KeysMixed,
    /// What a read saw is durable.
    Seen,
    LedgerNotFound,
    /// The log could not store it, and will not: try again. Nothing is recorded, no key is used up.
    NotRecorded,
    /// It waited too long in the queue: nothing is recorded, no key is used up.
    TimedOut,
}
