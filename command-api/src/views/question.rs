//! What all questions to the views have in common: whose day it is, which records are known, which views, and a tag.

use std::time::Duration;

use chrono::NaiveDate;
use chrono_tz::Tz;
use event_schemas::{Day, EffectiveAt, LedgerId, Position, Sequence, Ts};
use ledger_core::{Books, start_of_day};
use projections::{Reader, View, Views, known_by};

use crate::{
    caller::{Caller, ledger_not_found},
    codes,
    engine::{Engine, log_failed, view_failed},
    problem::Problem,
    views::tagged::Etag,
    wire::{Wire, moment::Moment},
};

/// How long a request may wait for the views to read what it asks for.
const PATIENCE: Duration = Duration::from_secs(2);

/// A question about a ledger.
pub struct Question<'a> {
    engine: &'a Engine,
    views: &'a Views,
    pub ledger: LedgerId,
    /// The ledger's: a date means a day there.
    pub zone: Tz,
    /// The end of the log when the question came.
    last: Sequence,
}

/// Views at one position, and what is asked of them.
pub struct Asked {
    pub reader: Reader,
    /// Records up to this one count: what was asked for, or all that the views have read.
    pub known_at: Sequence,
    /// What all the views had read.
    pub as_of: Position,
    pub tag: Etag,
}

impl<'a> Question<'a> {
    /// The caller's question, if the ledger is there and is theirs to see.
    pub async fn of<S>(
        engine: &'a Engine,
        caller: &Caller<S>,
        ledger: Wire<LedgerId>,
    ) -> Result<Self, Problem> {
        let ledger = caller.granted(ledger.0)?.into_id();
        let id = ledger.clone();
        let look = move |books: &Books, as_of: Position| Some((books.ledger(&id)?.time_zone, as_of.sequence));
        let (zone, last) = engine.read(look).await?.ok_or_else(|| ledger_not_found(ledger.as_str()))?;
        let views =
            engine.views.as_ref().ok_or_else(|| Problem::new(&codes::VIEW_NOT_READY).retry_after(60))?;
        Ok(Self { engine, views, ledger, zone, last })
    }

    /// The instant, or the last one of the day.
    pub fn end_of(&self, time: EffectiveAt) -> Ts {
        match time {
            EffectiveAt::Instant(instant) => instant,
            EffectiveAt::Date(date) => {
                date.succ_opt().map_or(Ts(i64::MAX), |next| Ts(start_of_day(next, self.zone).0 - 1))
            }
        }
    }

    /// The instant, or the first one of the day.
    pub fn start_of(&self, time: EffectiveAt) -> Ts {
        match time {
            EffectiveAt::Instant(instant) => instant,
            EffectiveAt::Date(date) => start_of_day(date, self.zone),
        }
    }

    /// The day in the ledger's time zone.
    pub fn day_of(&self, time: Ts) -> Day {
        // Years run from 1 to 9999; a time beyond is as good as their ends.
        let (first, last) = (NaiveDate::from_ymd_opt(1, 1, 1), NaiveDate::from_ymd_opt(9999, 12, 31));
        let (first, last) = (first.expect("a date"), last.expect("a date"));
        let date = time.to_utc().with_timezone(&self.zone).date_naive();
        Day::of(date.clamp(first, last)).expect("just made to be one")
    }

    /// Waits until these views have read what the question needs, and holds them still.
    pub async fn ask(
        &self,
        views: &[&dyn View],
        known_at: Option<Wire<Moment>>,
        min_position: Option<Wire<Position>>,
    ) -> Result<Asked, Problem> {
        let known_at = match known_at {
            None => None,
            Some(Wire(Moment::Position(position))) => Some(self.here(position)?),
            Some(Wire(Moment::Time(time))) => Some(self.known_by(self.end_of(time)).await?),
        };
        let min_position = min_position.map(|position| self.here(position.0)).transpose()?;
        let reached = min_position.max(known_at);
        // For what is not recorded there is nothing to wait.
        let patience = if reached > Some(self.last) { Duration::ZERO } else { PATIENCE };
        let reader = self.views.reader(views, reached, patience).await.map_err(view_failed)?;
        let as_of = reader.position;
        let known_at = known_at.unwrap_or(as_of.sequence);
        // Looked up after the reader stands still: what changed the ledger up to there is in the books by now.
        let id = self.ledger.clone();
        let changed_at =
            self.engine.read(move |books, _| books.ledger(&id).map(|ledger| ledger.changed_at)).await?;
        let touched = changed_at.map_or(known_at, |changed_at| changed_at.min(known_at));
        let tag = Etag::new(&reader.versions(), self.position(touched));
        Ok(Asked { reader, known_at, as_of, tag })
    }

    /// The last record that was recorded at or before a time.
    pub async fn known_by(&self, time: Ts) -> Result<Sequence, Problem> {
        let known = known_by(&**self.engine.sequencer.log(), time).await;
        known.map_err(|error| log_failed(&error))
    }

    pub fn position(&self, sequence: Sequence) -> Position {
        Position::new(self.engine.sequencer.log().shard(), sequence)
    }

    pub fn here(&self, position: Position) -> Result<Sequence, Problem> {
        let shard = self.engine.sequencer.log().shard();
        let elsewhere = || {
            Problem::new(&codes::POSITION_ELSEWHERE)
                .detail(format!("the ledger's records stand in shard {shard}"))
        };
        (position.shard == shard).then_some(position.sequence).ok_or_else(elsewhere)
    }
}

impl Asked {
    /// Lets the views go on.
    pub async fn end(self) -> Result<(), Problem> {
        self.reader.end().await.map_err(view_failed)
    }
}
