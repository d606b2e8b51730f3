//! Months, quarters and years in a ledger's time zone.

use chrono::{DateTime, Datelike, Months, NaiveDate};
use chrono_tz::Tz;
use event_schemas::Ts;
use ledger_core::start_of_day;
use poem_openapi::Enum;

/// How long the parts of a period are.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[oai(rename_all = "snake_case")]
pub enum Every {
    Month,
    Quarter,
    Year,
}

impl Every {
    fn months(self) -> u32 {
        match self {
            Self::Month => 1,
            Self::Quarter => 3,
            Self::Year => 12,
        }
    }

    /// The parts of the calendar between two moments, each with its first and its last moment; the first and the last may be cut
    /// short. `None`: more than `max`.
    pub fn between(self, (first, last): (Ts, Ts), zone: Tz, max: usize) -> Option<Vec<(Ts, Ts)>> {
        let mut parts = Vec::new();
        let mut begin = first;
        while begin <= last {
            if parts.len() == max {
                return None;
            }
            let next = self.begin_of(begin, zone)?.checked_add_months(Months::new(self.months()));
            let end = next.map_or(Ts(i64::MAX), |next| Ts(start_of_day(next, zone).0 - 1));
            parts.push((begin, end.min(last)));
            begin = Ts(end.0.saturating_add(1));
            if end.0 == i64::MAX {
                break;
            }
        }
        Some(parts)
    }

    /// The first moment of the part of the calendar in which a moment is.
    pub fn begin(self, of: Ts, zone: Tz) -> Ts {
        self.begin_of(of, zone).map_or(of, |date| start_of_day(date, zone))
    }

    fn begin_of(self, moment: Ts, zone: Tz) -> Option<NaiveDate> {
        let date = DateTime::from_timestamp_micros(moment.0)?.with_timezone(&zone).date_naive();
        let month = date.month0() / self.months() * self.months();
        NaiveDate::from_ymd_opt(date.year(), month + 1, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(every: Every, first: &str, last: &str) -> Vec<String> {
        let time = |text| Ts::parse(text).expect("a time");
        let zone = chrono_tz::Europe::Prague;
        let parts = every.between((time(first), time(last)), zone, 20).expect("few");
        parts.iter().map(|(from, to)| format!("{from} {to}")).collect()
    }

    #[test]
    fn parts_follow_upon_one_another_in_the_ledgers_own_days() {
        assert_eq!(
            parts(Every::Month, "2026-02-15T00:00:00Z", "2026-04-10T00:00:00Z"),
            [
                "2026-02-15T00:00:00Z 2026-02-28T22:59:59.999999Z",
                "2026-02-28T23:00:00Z 2026-03-31T21:59:59.999999Z",
                "2026-03-31T22:00:00Z 2026-04-10T00:00:00Z",
            ]
        );
        assert_eq!(
            parts(Every::Quarter, "2026-01-31T23:30:00Z", "2026-04-01T00:00:00Z"),
            ["2026-01-31T23:30:00Z 2026-03-31T21:59:59.999999Z", "2026-03-31T22:00:00Z 2026-04-01T00:00:00Z",]
        );
        assert_eq!(parts(Every::Year, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z").len(), 1);
        assert!(parts(Every::Year, "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z").is_empty());
        let century = (Ts(0), Ts(3_000_000_000_000_000));
        assert_eq!(Every::Month.between(century, chrono_tz::UTC, 20), None);
    }
}
