//! The pen: commands queue, are decided, appended, answered. One writer per shard.
//!
//! [`Machine`] is the whole logic without IO, so that a seeded test can drive it through every crash. The shell around it
//! owns the queue and the log; [`Sequencer`] is the handle that the door holds.

mod answers;
mod batch;
mod boot;
mod chores;
mod commit;
mod fold;
mod handle;
mod item;
mod keys;
mod machine;
mod memory_snapshots;
mod metrics;
mod shell;
pub mod snapshot;

pub use boot::{BootError, Booted, boot};
pub use fold::{Fold, FoldError};
pub use handle::{Group, Sequencer, Unavailable};
pub use item::{Answer, Item};
pub use keys::{KeyIndex, MemoryKeys, Name};
pub use machine::{ATOMIC_MAX, BATCH_BYTES_MAX, BATCH_RECORDS_MAX, Machine, Start, Submitted};
pub use metrics::Metrics;
pub use shell::{Config, Stopped, start};
