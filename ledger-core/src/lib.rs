//! The rules: pure `decide` and `evolve` over the books of one shard. No IO, no clock, no random.
#![deny(clippy::arithmetic_side_effects)]

mod amount;
mod assets;
pub mod commands;
mod decide;
mod evolve;
mod limits;
mod refusal;
mod state;
mod undo;

pub use amount::{AMOUNT_MINOR_MAX, Amount};
pub use assets::AssetRef;
pub use commands::{Command, CommandInput};
pub use decide::{Context, Decided, Original, command_of, decide, start_of_day};
pub use evolve::evolve;
pub use limits::Limits;
pub use refusal::{Class, Refusal, RefusalKind};
pub use state::{Account, AccountRef, Balance, BalanceView, Books, Ledger, Pending, Status};
pub use undo::{Journal, NoUndo, Undo, undo};
