//! From a command to the one event that answers it: a fact, or a recorded refusal.

use event_schemas::events::CommandRefused;
use event_schemas::events::entries::Entry;
use event_schemas::{Direction, EffectiveAt, Event, Key, LedgerId, Position, Record, Sequence, Shard, Ts};
use serde_json::value::RawValue;

use crate::commands::Command;
use crate::refusal::{Refusal, RefusalKind};
use crate::state::{Books, Ledger};

/// What a decision may know beside the books: all that is not in the command, and is in the record afterwards.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The shard's clock: never goes back. It becomes `recorded_at`.
    pub now: Ts,
    pub shard: Shard,
    /// The transaction that a reversal names, where the log has it.
    pub original: Option<&'a Original>,
}

/// A transaction as a reversal needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Original {
    Posted {
        key: Key,
        sequence: Sequence,
        entries: Vec<Entry>,
    },
    /// It is itself a reversal.
    Reversal,
}

/// The outcome of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    pub event: Event,
    pub effective_at: Ts,
}

/// Decides one command. The ledger must be there, unless the command opens it.
pub fn decide(
    books: &Books,
    ledger: &LedgerId,
    command: &Command,
    context: &Context<'_>,
) -> Result<Decided, Refusal> {
    command.decide(books, ledger, context)
}

impl Decided {
    /// An event that has no effective time of its own happened when it was recorded.
    pub(crate) fn now(event: impl Into<Event>, context: &Context<'_>) -> Decided {
        Decided { event: event.into(), effective_at: context.now }
    }

    /// The record of a refusal.
    #[must_use]
    pub fn refused(command: &Command, refusal: &Refusal, context: &Context<'_>) -> Decided {
        let text = serde_json::to_string(command).expect("a command is JSON");
        let command = RawValue::from_string(text).expect("just written");
        Decided::now(CommandRefused { command, refusal: refusal.to_record() }, context)
    }
}

impl Original {
    /// What a reversal that names this record's key finds. `None`: the record is no transaction.
    #[must_use]
    pub fn of(record: &Record) -> Option<Original> {
        match &record.event {
            Event::TransactionPosted(posted) => Some(Original::Posted {
                key: record.envelope.key.clone(),
                sequence: record.envelope.sequence,
                entries: posted.entries.clone(),
            }),
            Event::TransactionReversed(_) => Some(Original::Reversal),
            _ => None,
        }
    }
}

/// The command that a record answers: deciding it again on the books of that moment gives the record again.
pub fn command_of(record: &Record) -> Result<Command, serde_json::Error> {
    Command::of(record)
}

/// When it happened: what the command says, read in the ledger's time zone, or now. Never later than now.
pub(crate) fn effective_at(
    asked: Option<EffectiveAt>,
    ledger: &Ledger,
    context: &Context<'_>,
) -> Result<Ts, Refusal> {
    let effective = match asked {
        None => context.now,
        Some(EffectiveAt::Instant(instant)) => instant,
        // East of Greenwich the first day of year 1 began before the first instant that can be written.
        Some(EffectiveAt::Date(date)) => start_of_day(date, ledger.time_zone).max(Ts::EARLIEST),
    };
    if effective > context.now {
        return Err(Refusal::at(RefusalKind::EffectiveInTheFuture, "/effective_at")
            .with("now", context.now)
            .with("effective_at", effective));
    }
    Ok(effective)
}

/// The first instant of a day there. Where the clocks skip midnight, or the whole day, the instant at which they do.
pub fn start_of_day(date: chrono::NaiveDate, zone: chrono_tz::Tz) -> Ts {
    let midnight = date.and_time(chrono::NaiveTime::MIN);
    let after = |seconds: i64| {
        let local = midnight.checked_add_signed(chrono::TimeDelta::seconds(seconds))?;
        local.and_local_timezone(zone).earliest()
    };
    // Local times that are skipped lie together, and never fill two days. Search for the first one that is not skipped.
    let (mut skipped, mut shown) = (-1_i64, 48 * 3600_i64);
    if after(0).is_some() {
        shown = 0;
    }
    while shown.saturating_sub(skipped) > 1 {
        let middle = i64::midpoint(skipped, shown);
        if after(middle).is_some() {
            shown = middle;
        } else {
            skipped = middle;
        }
    }
    after(shown).map_or(Ts(midnight.and_utc().timestamp_micros()), |time| Ts(time.timestamp_micros()))
}

/// The record's position, as a reader of its ledger knows it.
pub(crate) fn position(context: &Context<'_>, sequence: Sequence) -> Position {
    Position::new(context.shard, sequence)
}

/// Both sides of a transaction in one currency, to tell what does not balance.
pub(crate) fn side(direction: Direction, amount: i128) -> (i128, i128) {
    match direction {
        Direction::Debit => (amount, 0),
        Direction::Credit => (0, amount),
    }
}
