//! The contract: every event, version, example and upcast; ids, money, time, envelope. No IO, no crate of ours.

mod account;
mod codec;
mod day;
pub mod events;
mod ids;
mod iso4217;
mod money;
mod period;
mod position;
mod rate;
mod record;
mod sealed;
mod text;
mod time;

pub use account::{AccountNumber, AccountPath, AccountType, Direction, InvalidPath};
pub use codec::{Reader, Unreadable};
pub use day::Day;
pub use events::{Contract, Event};
pub use ids::{ActorId, BudgetId, InvalidId, Key, LedgerId, RequestHash};
pub use iso4217::ISO_4217;
pub use money::{AssetCode, InvalidAmount, Quantity, SCALE_MAX, parse_amount};
pub use period::{CarryOver, Period};
pub use position::{InvalidPosition, Position, Sequence, Shard};
pub use rate::Rate;
pub use record::{Batch, Envelope, Record};
pub use sealed::{Ciphertext, Metadata, Sealed};
pub use time::{EffectiveAt, InvalidTime, Ts};
