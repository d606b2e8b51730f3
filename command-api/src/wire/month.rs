//! A month of the calendar, such as `2026-11`.

use std::borrow::Cow;

use event_schemas::{Day, Period};
use poem_openapi::registry::MetaSchema;

use super::value::{WireValue, string};

/// By its first day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month(pub Day);

impl Month {
    /// The first day of the month before the one that begins with `first`; of the very first month, its own.
    pub fn before(first: Day) -> Day {
        first.previous().map_or(first, |day| Period::Month.first_day(day))
    }

    /// The last day of the month that begins with `first`.
    pub fn last(first: Day) -> Day {
        let end = Period::Month.next(first).and_then(Day::previous);
        end.unwrap_or_else(|| Day::parse("9999-12-31").expect("a day"))
    }
}

impl WireValue for Month {
    const NAME: &'static str = "month";
    const EXPECTED: &'static str = "a month, such as \"2026-11\"";

    fn schema() -> MetaSchema {
        string("^(?!0000)[0-9]{4}-(0[1-9]|1[0-2])$", "2026-11")
    }

    fn parse(text: &str) -> Result<Self, String> {
        let day = Day::parse(&format!("{text}-01")).ok().filter(|_| text.len() == 7);
        day.map(Self).ok_or_else(|| format!("expected {}", Self::EXPECTED))
    }

    fn to_text(&self) -> Cow<'_, str> {
        self.0.to_string()[..7].to_owned().into()
    }
}
