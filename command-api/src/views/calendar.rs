//! The days that a question is about, cut into periods of the calendar.

use chrono::Utc;
use event_schemas::{Day, EffectiveAt, Period, Ts};
use projections::analytics::Interval;

use crate::{
    codes,
    problem::Problem,
    views::{ground::check_period, question::Question},
};

/// Periods in one answer: ten years of months.
const PERIODS_MAX: usize = 120;

/// A period, or the part of one that is asked about: its first day and its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub from: Day,
    pub to: Day,
}

impl Part {
    /// The times between which its entries take effect.
    pub fn interval(self, question: &Question<'_>) -> Interval {
        let begin = question.start_of(EffectiveAt::Date(self.from.date()));
        (Ts(begin.0 - 1), question.end_of(EffectiveAt::Date(self.to.date())))
    }
}

/// From the beginning of the year to today, where nothing else is said, in the ledger's time zone.
pub fn days(question: &Question<'_>, from: Option<Day>, to: Option<Day>) -> Result<Part, Problem> {
    let to = to.unwrap_or_else(|| question.day_of(Ts::from_utc(Utc::now())));
    let from = from.unwrap_or_else(|| Period::Year.first_day(to));
    check_period(Some(from), Some(to))?;
    Ok(Part { from, to })
}

pub fn parts(days: Part, by: Period) -> Result<Vec<Part>, Problem> {
    let mut parts = Vec::new();
    let mut begin = Some(days.from);
    while let Some(from) = begin.filter(|day| *day <= days.to) {
        if parts.len() == PERIODS_MAX {
            let detail = format!("at most {PERIODS_MAX} at once, from `from` to `to`");
            return Err(Problem::new(&codes::TOO_MANY_PERIODS).detail(detail));
        }
        begin = by.next(from);
        let last = begin.and_then(Day::previous).unwrap_or(days.to);
        parts.push(Part { from, to: last.min(days.to) });
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_cut_where_periods_begin() {
        let day = |text| Day::parse(text).unwrap();
        let cut = |from, to, by| {
            let parts = parts(Part { from: day(from), to: day(to) }, by).map_err(|_| "too many");
            parts.map(|parts| {
                parts.iter().map(|part| format!("{}..{}", part.from, part.to)).collect::<Vec<_>>().join(" ")
            })
        };
        assert_eq!(
            cut("2026-10-15", "2026-12-01", Period::Month).unwrap(),
            "2026-10-15..2026-10-31 2026-11-01..2026-11-30 2026-12-01..2026-12-01"
        );
        assert_eq!(cut("2026-11-24", "2026-11-24", Period::Week).unwrap(), "2026-11-24..2026-11-24");
        assert_eq!(
            cut("9999-11-30", "9999-12-31", Period::Month).unwrap(),
            "9999-11-30..9999-11-30 9999-12-01..9999-12-31"
        );
        assert_eq!(cut("2000-01-01", "2009-12-31", Period::Month).map(|all| all.split(' ').count()), Ok(120));
        assert_eq!(cut("2000-01-01", "2010-01-01", Period::Month), Err("too many"));
    }
}
