//! Instants in whole microseconds, and what a caller may write for "when it happened".

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// Microseconds since 1970-01-01T00:00:00Z: what Postgres keeps and what a record holds.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct Ts(pub i64);

/// When a transaction happened: an instant, or a day that starts at midnight in the ledger's time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectiveAt {
    Instant(Ts),
    Date(NaiveDate),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTime {
    #[error("an instant reads like 2026-11-23T10:00:00Z (RFC 3339, at most six fraction digits)")]
    NotAnInstant,
    #[error("a time reads like 2026-11-23T10:00:00Z, or 2026-11-23 for the start of that day")]
    NotATime,
    #[error("a day reads like 2026-11-23")]
    NotADay,
    #[error("years run from 0001 to 9999")]
    OutOfRange,
}

/// 10000-01-01T00:00:00Z, where RFC 3339 ends.
const END: i64 = 253_402_300_800_000_000;

impl Ts {
    /// 0001-01-01T00:00:00Z: the first that every program reads.
    pub const EARLIEST: Ts = Ts(-62_135_596_800_000_000);

    /// Reads RFC 3339 with a `T`, at most microseconds.
    pub fn parse(text: &str) -> Result<Ts, InvalidTime> {
        // chrono also takes a space for the `T` and nanoseconds; a record keeps neither (so hashes would differ).
        let bytes = text.as_bytes();
        let fraction_digits = match bytes.get(19) {
            Some(b'.') => bytes[20..].iter().take_while(|b| b.is_ascii_digit()).count(),
            _ => 0,
        };
        if bytes.get(10) != Some(&b'T') || fraction_digits > 6 {
            return Err(InvalidTime::NotAnInstant);
        }
        let time = DateTime::parse_from_rfc3339(text).map_err(|_| InvalidTime::NotAnInstant)?;
        Ts(time.timestamp_micros()).in_range()
    }

    fn in_range(self) -> Result<Ts, InvalidTime> {
        if (Ts::EARLIEST.0..END).contains(&self.0) { Ok(self) } else { Err(InvalidTime::OutOfRange) }
    }

    /// The calendar's view of it. Saturates outside of chrono's years, which no record holds.
    #[must_use]
    pub fn to_utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    #[must_use]
    pub fn from_utc(time: DateTime<Utc>) -> Ts {
        Ts(time.timestamp_micros())
    }
}

impl fmt::Display for Ts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl FromStr for EffectiveAt {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<EffectiveAt, InvalidTime> {
        if text.len() != 10 {
            return Ts::parse(text).map(EffectiveAt::Instant).map_err(|error| match error {
                InvalidTime::OutOfRange => InvalidTime::OutOfRange,
                _ => InvalidTime::NotATime,
            });
        }
        let shape = text
            .bytes()
            .enumerate()
            .all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()
            .filter(|_| shape)
            .ok_or(InvalidTime::NotATime)?;
        if text.starts_with("0000") { Err(InvalidTime::OutOfRange) } else { Ok(EffectiveAt::Date(date)) }
    }
}

impl fmt::Display for EffectiveAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EffectiveAt::Instant(instant) => instant.fmt(f),
            EffectiveAt::Date(date) => date.fmt(f),
        }
    }
}

impl Serialize for EffectiveAt {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EffectiveAt {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<EffectiveAt, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_prints_as_it_was_read() {
        for text in ["2026-11-23T10:00:00Z", "1969-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z"] {
            assert_eq!(Ts::parse(text).map(|t| t.to_string()), Ok(text.to_owned()));
        }
        assert_eq!(Ts::parse("2026-11-23T11:00:00+01:00"), Ts::parse("2026-11-23T10:00:00Z"));
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in [
            "",
            "2026-11-23",
            "2026-11-23 10:00:00Z",
            "2026-11-23T10:00:00",
            "2026-11-23T10:00:00.1234567Z",
            "2026-13-23T10:00:00Z",
        ] {
            assert_eq!(Ts::parse(text), Err(InvalidTime::NotAnInstant), "{text}");
        }
        assert_eq!(Ts::parse("0000-01-01T00:00:00Z"), Err(InvalidTime::OutOfRange));
    }

    #[test]
    fn a_bare_date_is_a_date() {
        assert!(matches!("2026-11-23".parse(), Ok(EffectiveAt::Date(_))));
        for text in ["2026-02-30", "2026/11/23", "26-11-2300", "+026-11-23", "2026-1-023"] {
            assert_eq!(text.parse::<EffectiveAt>(), Err(InvalidTime::NotATime), "{text}");
        }
    }
}
