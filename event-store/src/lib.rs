//! The log: append, read, follow, fencing, Merkle tree. Knows no event type.
//!
//! [`Log`] is what the sequencer and the readers see. [`PostgresLog`] keeps it in Postgres, [`MemoryLog`] in memory for
//! tests, with faults to order. `tests/conformance.rs` holds both to the same contract.

mod error;
mod log;
mod memory;
pub mod merkle;
mod migrate;
mod pool;
mod postgres;
mod row;

pub use error::LogError;
pub use log::{Appended, Epoch, Head, Log, LogClass, LogId, Snapshot, SnapshotInfo};
pub use memory::{Fault, HeldAppend, MemoryLog};
pub use merkle::Root;
pub use migrate::{migrate, migrate_with};
pub use pool::{PoolOptions, pool};
pub use postgres::PostgresLog;
pub use row::{NewRow, StoredRow};
