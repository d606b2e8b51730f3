//! What setting and changing a budget have in common: the checks of a plan.

use event_schemas::{AccountPath, AssetCode, Day, Direction, Period, Quantity};

use crate::amount::Amount;
use crate::decide::Context;
use crate::refusal::{Refusal, RefusalKind};
use crate::state::{AccountRef, Ledger};

/// Of weeks the first that may be planned begins on the fifth.
const EARLIEST: &str = "1970-01-01";

/// A plan as it was asked for.
pub(super) struct Asked<'a> {
    pub account: Option<&'a AccountPath>,
    pub category: Option<&'a str>,
    pub direction: Option<Direction>,
    pub currency: AssetCode,
    pub amount: Amount,
    pub period: Period,
    pub starts: Option<Day>,
    pub ends: Option<Day>,
}

/// What the plan comes to beyond that.
pub(super) struct Planned {
    pub direction: Direction,
    pub amount: Quantity,
    pub starts: Day,
}

/// Checked in the order in which both commands list their refusals.
pub(super) fn plan(asked: &Asked<'_>, ledger: &Ledger, context: &Context<'_>) -> Result<Planned, Refusal> {
    if asked.account.is_none() && asked.category.is_none() {
        return Err(Refusal::at(RefusalKind::BudgetIsForNothing, "/account"));
    }
    let direction = asked.direction.or_else(|| usual_direction(asked.account, ledger));
    let direction =
        direction.ok_or_else(|| Refusal::at(RefusalKind::BudgetDirectionIsUnknown, "/direction"))?;
    let Some((_, scale)) = ledger.asset(asked.currency) else {
        return Err(Refusal::at(RefusalKind::AssetNotFound, "/currency").with("currency", asked.currency));
    };
    let minor = asked.amount.to_minor(scale).map_err(|kind| Refusal::of_amount(kind, "/amount", scale))?;
    let starts = match asked.starts {
        Some(day) => begins(day, asked.period, "/starts")?,
        None => asked.period.first_day(today(ledger, context)),
    };
    if let Some(ends) = asked.ends {
        let next = asked.period.next(ends);
        let last = next.map_or_else(last_day_of_all, |next| next.previous().expect("it follows a day"));
        if ends != last {
            return Err(Refusal::at(RefusalKind::PeriodIsNotWhole, "/ends")
                .with("period", asked.period.as_str())
                .with("ends", last));
        }
    }
    let earliest = Day::parse(EARLIEST).expect("a day");
    if starts < earliest {
        return Err(Refusal::at(RefusalKind::BudgetStartsTooEarly, "/starts").with("earliest", earliest));
    }
    if let Some(ends) = asked.ends.filter(|ends| *ends < starts) {
        return Err(Refusal::at(RefusalKind::BudgetEndsBeforeItStarts, "/ends")
            .with("starts", starts)
            .with("ends", ends));
    }
    Ok(Planned { direction, amount: Quantity::new(minor, scale), starts })
}

/// The side on which the account's balance is positive: spending for expenses, earning for income. Categories are for spending
/// where no account says otherwise.
fn usual_direction(account: Option<&AccountPath>, ledger: &Ledger) -> Option<Direction> {
    let Some(path) = account else { return Some(Direction::Debit) };
    let there = ledger.account(&AccountRef::Path(path.clone())).map(|(_, account)| account.account_type);
    there.or_else(|| path.account_type()).map(|account_type| account_type.normal_side())
}

/// The day, if a period begins on it.
pub(super) fn begins(day: Day, period: Period, pointer: &str) -> Result<Day, Refusal> {
    let first = period.first_day(day);
    if first == day {
        return Ok(day);
    }
    let refusal = Refusal::at(RefusalKind::PeriodIsNotWhole, pointer)
        .with("period", period.as_str())
        .with("before", first);
    Err(match period.next(day) {
        Some(next) => refusal.with("after", next),
        None => refusal,
    })
}

/// In the ledger's time zone.
pub(super) fn today(ledger: &Ledger, context: &Context<'_>) -> Day {
    let local = context.now.to_utc().with_timezone(&ledger.time_zone);
    Day::of(local.date_naive()).unwrap_or_else(last_day_of_all)
}

fn last_day_of_all() -> Day {
    Day::parse("9999-12-31").expect("a day")
}
