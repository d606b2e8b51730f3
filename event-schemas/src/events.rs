//! Every event there is. A new one: a file here, its line in `mod`, its line in the list.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::{Reader, Unreadable, write_rest};

pub mod account_closed;
pub mod account_frozen;
pub mod account_opened;
pub mod account_renamed;
pub mod account_unfrozen;
pub mod asset_registered;
pub mod budget_changed;
pub mod budget_dropped;
pub mod budget_set;
pub mod command_refused;
pub mod entries;
pub mod ledger_opened;
pub mod limits_set;
pub mod rate_recorded;
pub mod transaction_posted;
pub mod transaction_reversed;

/// What an event of the contract has: a name, a version, an example, and a way to read every version ever released.
pub trait Contract: Serialize + DeserializeOwned + schemars::JsonSchema {
    const NAME: &'static str;
    const VERSION: u16;

    /// One of each kind of field, as the golden files hold it.
    fn example() -> Self;

    /// Appends the event's fields to a record and closes it.
    fn write(&self, out: &mut Vec<u8>) {
        write_rest(out, self);
    }

    /// Reads the event's fields as `version` wrote them, and makes this version's event of them (the upcast).
    fn read(version: u16, reader: &mut Reader<'_>) -> Result<Self, Unreadable> {
        if version == Self::VERSION {
            reader.rest()
        } else {
            Err(Unreadable::UnknownEvent { name: Self::NAME.to_owned(), version })
        }
    }
}

macro_rules! events {
    ($($event:ident in $module:ident),* $(,)?) => {
        $(pub use $module::$event;)*

        /// A fact, as one record of the log holds it.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Event {
            $($event($event),)*
        }

        $(impl From<$event> for Event {
            fn from(event: $event) -> Event {
                Event::$event(event)
            }
        })*

        impl Event {
            /// Every event's name, in the order of the list.
            pub const NAMES: &'static [&'static str] = &[$($event::NAME),*];

            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Event::$event(_) => $event::NAME,)* }
            }

            #[must_use]
            pub fn version(&self) -> u16 {
                match self { $(Event::$event(_) => $event::VERSION,)* }
            }

            pub(crate) fn write(&self, out: &mut Vec<u8>) {
                match self { $(Event::$event(event) => event.write(out),)* }
            }

            #[inline(always)]
            pub(crate) fn read(name: &str, version: u16, reader: &mut Reader<'_>) -> Result<Event, Unreadable> {
                match name {
                    $($event::NAME => $event::read(version, reader).map(Event::$event),)*
                    _ => Err(Unreadable::UnknownEvent { name: name.to_owned(), version }),
                }
            }

            /// An example of every event.
            #[must_use]
            pub fn examples() -> Vec<Event> {
                vec![$(Event::$event($event::example()),)*]
            }

            /// `(name, version, JSON Schema of the event's own fields)` of every event.
            #[must_use]
            pub fn schemas() -> Vec<(&'static str, u16, schemars::Schema)> {
                vec![$(($event::NAME, $event::VERSION, schemars::schema_for!($event)),)*]
            }
        }
    };
}

events! {
    TransactionPosted in transaction_posted,
    TransactionReversed in transaction_reversed,
    CommandRefused in command_refused,
    LedgerOpened in ledger_opened,
    AccountOpened in account_opened,
    AccountRenamed in account_renamed,
    AccountFrozen in account_frozen,
    AccountUnfrozen in account_unfrozen,
    AccountClosed in account_closed,
    LimitsSet in limits_set,
    AssetRegistered in asset_registered,
    RateRecorded in rate_recorded,
    BudgetSet in budget_set,
    BudgetChanged in budget_changed,
    BudgetDropped in budget_dropped,
}
