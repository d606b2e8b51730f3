//! Days of the calendar, without a time and without a zone.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::{EffectiveAt, InvalidTime};

/// A day of the years 1 to 9999, such as `2026-11-24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(NaiveDate);

impl Day {
    /// `None`: the year is none of 1 to 9999.
    #[must_use]
    pub fn of(date: NaiveDate) -> Option<Day> {
        (1..=9999).contains(&date.year()).then_some(Day(date))
    }

    /// Reads `2026-11-24`.
    pub fn parse(text: &str) -> Result<Day, InvalidTime> {
        match text.parse() {
            Ok(EffectiveAt::Date(date)) => Ok(Day(date)),
            Err(InvalidTime::OutOfRange) => Err(InvalidTime::OutOfRange),
            _ => Err(InvalidTime::NotADay),
        }
    }

    #[must_use]
    pub fn date(self) -> NaiveDate {
        self.0
    }

    /// `None` after the last day of the year 9999.
    #[must_use]
    pub fn next(self) -> Option<Day> {
        self.0.succ_opt().and_then(Day::of)
    }

    /// `None` before the first day of the year 1.
    #[must_use]
    pub fn previous(self) -> Option<Day> {
        self.0.pred_opt().and_then(Day::of)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Day {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Day, InvalidTime> {
        Day::parse(text)
    }
}

impl Serialize for Day {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Day, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Day::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Day {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Day".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_prints_as_it_was_read_and_nothing_else_is_a_day() {
        for text in ["2026-11-24", "0001-01-01", "9999-12-31", "2024-02-29"] {
            assert_eq!(Day::parse(text).map(|day| day.to_string()), Ok(text.to_owned()));
        }
        for text in ["", "2026-11-24T10:00:00Z", "2026-02-30", "24.11.2026", "2026-1-1", "+026-01-01"] {
            assert_eq!(Day::parse(text), Err(InvalidTime::NotADay), "{text}");
        }
        assert_eq!(Day::parse("0000-01-01"), Err(InvalidTime::OutOfRange));
        let end = |text| Day::parse(text).expect("a day");
        assert_eq!((end("9999-12-31").next(), end("0001-01-01").previous()), (None, None));
    }
}
