//! Dates as files write them.

use chrono::{NaiveDate, format::StrftimeItems};
use event_schemas::EffectiveAt;

/// How a file writes dates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DateFormat {
    /// Three numbers in this order, or eight (six) digits without anything between them.
    Order(Order),
    /// RFC 3339, such as `2026-11-23T10:00:00Z`, taken over with its time.
    Instant,
    /// chrono's `strftime` signs. A time of day in it is read over.
    Pattern(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    YearMonthDay,
    DayMonthYear,
    MonthDayYear,
}

impl DateFormat {
    pub fn from_mapping(text: &str) -> Result<Self, String> {
        match text {
            "ymd" => Ok(Self::Order(Order::YearMonthDay)),
            "dmy" => Ok(Self::Order(Order::DayMonthYear)),
            "mdy" => Ok(Self::Order(Order::MonthDayYear)),
            "instant" => Ok(Self::Instant),
            pattern if pattern.contains('%') && StrftimeItems::new(pattern).parse().is_ok() => {
                Ok(Self::Pattern(pattern.to_owned()))
            }
            _ => Err(format!("{text:?} is no way to write dates")),
        }
    }

    pub fn parse(&self, text: &str) -> Result<EffectiveAt, String> {
        let text = text.trim();
        let date = match self {
            Self::Order(order) => order.parse(text),
            Self::Pattern(pattern) => NaiveDate::parse_from_str(text, pattern).ok(),
            Self::Instant => {
                return text.parse().map_err(|error| format!("{text:?} is no instant: {error}"));
            }
        };
        date.filter(|date| (1..=9999).contains(&chrono::Datelike::year(date)))
            .map(EffectiveAt::Date)
            .ok_or_else(|| format!("{text:?} is no date {self} (file.dates)"))
    }
}

impl std::fmt::Display for DateFormat {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Order(Order::YearMonthDay) => to.write_str("in the order year, month, day"),
            Self::Order(Order::DayMonthYear) => to.write_str("in the order day, month, year"),
            Self::Order(Order::MonthDayYear) => to.write_str("in the order month, day, year"),
            Self::Instant => to.write_str("like 2026-11-23T10:00:00Z"),
            Self::Pattern(pattern) => write!(to, "like {pattern}"),
        }
    }
}

impl Order {
    fn parse(self, text: &str) -> Option<NaiveDate> {
        let numbers: Vec<&str> = text.split(['-', '.', '/', ' ']).filter(|part| !part.is_empty()).collect();
        let parts = match numbers[..] {
            [first, second, third] => [first, second, third],
            [whole] if whole.is_ascii() => self.cut(whole)?,
            _ => return None,
        };
        let [year, month, day] = match self {
            Self::YearMonthDay => parts,
            Self::DayMonthYear => [parts[2], parts[1], parts[0]],
            Self::MonthDayYear => [parts[2], parts[0], parts[1]],
        };
        let is_short = |part: &str| matches!(part.len(), 1 | 2);
        if !is_short(month) || !is_short(day) || !parts.iter().all(|part| is_digits(part)) {
            return None;
        }
        NaiveDate::from_ymd_opt(self::year(year)?, month.parse().ok()?, day.parse().ok()?)
    }

    /// Digits without anything between them.
    fn cut(self, whole: &str) -> Option<[&str; 3]> {
        let year = whole.len().checked_sub(4).filter(|length| matches!(length, 2 | 4))?;
        let (first, second) = if self == Self::YearMonthDay { (year, year + 2) } else { (2, 4) };
        Some([&whole[..first], &whole[first..second], &whole[second..]])
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Two digits are a year from 1970 to 2069, as POSIX has it.
fn year(text: &str) -> Option<i32> {
    let year: i32 = text.parse().ok()?;
    match text.len() {
        4 => Some(year),
        2 => Some(if year < 70 { 2000 + year } else { 1900 + year }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: &str, text: &str) -> String {
        DateFormat::from_mapping(format)
            .unwrap()
            .parse(text)
            .map_or("refused".into(), |date| date.to_string())
    }

    #[test]
    fn dates_are_read_in_the_order_that_the_mapping_names() {
        for (format, text, expected) in [
            ("ymd", "2026-11-23", "2026-11-23"),
            ("ymd", "2026/1/3", "2026-01-03"),
            ("ymd", "930226", "1993-02-26"),
            ("ymd", "20261123", "2026-11-23"),
            ("dmy", "3.11.2026", "2026-11-03"),
            ("dmy", "03. 11. 2026", "2026-11-03"),
            ("dmy", "03112026", "2026-11-03"),
            ("dmy", "03.11.26", "2026-11-03"),
            ("mdy", "11/03/2026", "2026-11-03"),
            ("mdy", "11/03/69", "2069-11-03"),
            ("mdy", "11/03/70", "1970-11-03"),
            ("%d %b %Y", "03 Nov 2026", "2026-11-03"),
            ("%d.%m.%Y %H:%M", "03.11.2026 09:30", "2026-11-03"),
            ("instant", "2026-11-23T11:00:00+01:00", "2026-11-23T10:00:00Z"),
        ] {
            assert_eq!(read(format, text), expected, "{format} {text}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for (format, text) in [
            ("ymd", ""),
            ("ymd", "2026-02-30"),
            ("ymd", "23.11.2026"),
            ("ymd", "2026-11-23 10:00"),
            ("ymd", "0000-01-01"),
            ("dmy", "11/23/2026"),
            ("mdy", "23/11/2026"),
            ("dmy", "3.11"),
            ("dmy", "+3.11.2026"),
            ("instant", "2026-11-23 10:00"),
        ] {
            assert_eq!(read(format, text), "refused", "{format} {text}");
        }
        for format in ["", "yyyy-mm-dd", "%Q"] {
            assert!(DateFormat::from_mapping(format).is_err(), "{format}");
        }
    }
}
