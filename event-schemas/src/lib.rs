//! The contract: every event, version, example and upcast; ids, money, time, envelope. No IO, no crate of ours.

mod position;
mod time;

pub use position::{InvalidPosition, Position, Sequence, Shard};
pub use time::{EffectiveAt, InvalidTime, Ts};
