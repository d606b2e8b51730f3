//! The microscope: checks a log from its first byte to its last, and shows the books as they were.
//!
//! [`verify()`] trusts nothing that is stored: it hashes every record, decides every command again and adds up every
//! balance. [`state_at`] folds the log up to a position or a time.

mod args;
mod finding;
mod panics;
mod progress;
mod report;
mod state;
mod verify;

pub use args::{Command, run};
pub use finding::{Finding, Place};
pub use progress::Progress;
pub use report::Verified;
pub use state::{At, State, StateError, state_at};
pub use verify::{VerifyError, verify};
