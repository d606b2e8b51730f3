//! Periods of the calendar that a budget plans for, and what of one becomes of the next.

use chrono::{Datelike, Days, Months};
use serde::{Deserialize, Serialize};

use crate::Day;

/// A kind of period: all of the calendar. Weeks begin on Mondays (ISO 8601), quarters in January, April, July and October.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    Week,
    Month,
    Quarter,
    Year,
}

/// What happens at a period's end with the difference of plan and actual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CarryOver {
    /// Every period begins anew.
    None,
    /// What is left is added to the next period. What was overspent is forgotten.
    Remaining,
    /// What is left is added to the next period, what was overspent is taken from it.
    All,
}

impl Period {
    pub const ALL: [Period; 4] = [Period::Week, Period::Month, Period::Quarter, Period::Year];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Period::Week => "week",
            Period::Month => "month",
            Period::Quarter => "quarter",
            Period::Year => "year",
        }
    }

    /// The period of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Period> {
        Period::ALL.into_iter().find(|period| period.as_str() == name)
    }

    /// The first day of the period that holds this one. The very first week begins with the year 1, a Monday.
    #[must_use]
    pub fn first_day(self, day: Day) -> Day {
        let date = day.date();
        let first = match self {
            Period::Week => date.checked_sub_days(Days::new(date.weekday().num_days_from_monday().into())),
            Period::Month => date.with_day(1),
            Period::Quarter => date.with_day(1).and_then(|day| day.with_month(date.month0() / 3 * 3 + 1)),
            Period::Year => date.with_day(1).and_then(|day| day.with_month(1)),
        };
        first.and_then(Day::of).expect("a period begins no earlier than the year 1, which begins on a Monday")
    }

    /// The first day of the period after the one that holds this day. `None`: the year 9999 ends first.
    #[must_use]
    pub fn next(self, day: Day) -> Option<Day> {
        let first = self.first_day(day).date();
        let next = match self {
            Period::Week => first.checked_add_days(Days::new(7)),
            Period::Month => first.checked_add_months(Months::new(1)),
            Period::Quarter => first.checked_add_months(Months::new(3)),
            Period::Year => first.checked_add_months(Months::new(12)),
        };
        next.and_then(Day::of)
    }
}

impl CarryOver {
    pub const ALL: [CarryOver; 3] = [CarryOver::None, CarryOver::Remaining, CarryOver::All];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            CarryOver::None => "none",
            CarryOver::Remaining => "remaining",
            CarryOver::All => "all",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<CarryOver> {
        CarryOver::ALL.into_iter().find(|carry| carry.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).expect("a day")
    }

    #[test]
    fn every_day_is_in_one_period_of_each_kind() {
        for (period, first, next) in [
            (Period::Week, "2026-11-23", Some("2026-11-30")),
            (Period::Month, "2026-11-01", Some("2026-12-01")),
            (Period::Quarter, "2026-10-01", Some("2027-01-01")),
            (Period::Year, "2026-01-01", Some("2027-01-01")),
        ] {
            assert_eq!(period.first_day(day("2026-11-24")), day(first));
            assert_eq!(period.next(day("2026-11-24")), next.map(day));
        }
        for start in ["0001-01-01", "1999-12-25", "2024-02-20", "9999-12-01"] {
            for period in Period::ALL {
                let mut today = day(start);
                for _ in 0..400 {
                    let (first, next) = (period.first_day(today), period.next(today));
                    assert!(
                        first <= today
                            && next.is_none_or(|next| today < next && period.first_day(next) == next)
                    );
                    let Some(tomorrow) = today.next() else { break };
                    let begins = Some(tomorrow) == next;
                    assert_eq!(period.first_day(tomorrow) == tomorrow, begins, "{period:?} {tomorrow}");
                    today = tomorrow;
                }
            }
        }
    }
}
