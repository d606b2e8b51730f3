//! Plain-text accounting: reads journals of hledger and beancount into transactions whose every amount is known, and writes
//! one for hledger.

mod account;
mod amount;
mod assets;
mod beancount;
mod comment;
mod cursor;
mod date;
mod entries;
mod fault;
mod hledger;
mod infer;
mod map;
mod model;
mod number;
mod running;
mod source;
mod types;
pub mod write;

pub use assets::Assets;
pub use entries::{Converter, Entered};
pub use fault::Faults;
pub use infer::Scales;
pub use map::Map;
pub use model::{LeftOut, Price};
pub use running::settle;
pub use source::{Format, read};
pub use types::Types;
