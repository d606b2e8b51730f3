//! Where a page of a statement ended: its `next`, which means nothing to the caller.

use std::borrow::Cow;

use event_schemas::{AccountNumber, Sequence, Ts};
use poem_openapi::registry::MetaSchema;
use projections::statements::Place;

use crate::wire::value::{WireValue, string};

/// The pages after it go on there, as known at the same position. Five numbers in hexadecimal: what was known, account, and place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatementCursor {
    pub known_at: Sequence,
    /// Of a general ledger: the account.
    pub account: AccountNumber,
    /// `None`: before the account's first line.
    pub place: Option<Place>,
}

/// Before all times that an entry may have.
const BEFORE: Place = Place { effective: Ts(i64::MIN), position: Sequence(0), leg: 0 };

impl WireValue for StatementCursor {
    const NAME: &'static str = "statement cursor";
    const EXPECTED: &'static str = "the `next` of the page before";

    fn schema() -> MetaSchema {
        string(
            r"^[0-9a-f]{1,12}\.[0-9a-f]{1,8}\.[0-9a-f]{1,16}\.[0-9a-f]{1,12}\.[0-7]?[0-9a-f]{1,3}$",
            "11.3.5e0be100a2000.10.1",
        )
    }

    fn parse(text: &str) -> Result<Self, String> {
        read(text).ok_or_else(|| format!("expected {}", Self::EXPECTED))
    }

    fn to_text(&self) -> Cow<'_, str> {
        let Place { effective, position, leg } = self.place.unwrap_or(BEFORE);
        format!("{:x}.{:x}.{:x}.{:x}.{leg:x}", self.known_at.0, self.account.0, effective.0, position.0)
            .into()
    }
}

fn read(text: &str) -> Option<StatementCursor> {
    let mut parts = text.split('.');
    let mut number = |digits: usize| {
        let part = parts.next().filter(|part| (1..=digits).contains(&part.len()))?;
        let is_plain = part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        u64::from_str_radix(part, 16).ok().filter(|_| is_plain)
    };
    let (known_at, account, effective, position) = (number(12)?, number(8)?, number(16)?, number(12)?);
    let leg = i16::try_from(number(4)?).ok()?;
    if parts.next().is_some() {
        return None;
    }
    let place = Place { effective: Ts(effective.cast_signed()), position: Sequence(position), leg };
    Some(StatementCursor {
        known_at: Sequence(known_at),
        account: AccountNumber(u32::try_from(account).ok()?),
        place: (place != BEFORE).then_some(place),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_as_it_was_written() {
        let place = Place {
            effective: Ts(-62_135_596_800_000_000),
            position: Sequence((1 << 48) - 1),
            leg: i16::MAX,
        };
        for place in [None, Some(place), Some(Place { effective: Ts(0), position: Sequence(1), leg: 0 })] {
            let cursor = StatementCursor { known_at: Sequence(17), account: AccountNumber(u32::MAX), place };
            assert_eq!(StatementCursor::parse(&cursor.to_text()), Ok(cursor));
        }
        for text in ["", "1", "1.2.3.4", "1.2.3.4.5.6", "1.2.3.4.8000", "1.2.3.4.", "+1.2.3.4.5", "1.2.3.4.G"]
        {
            assert!(StatementCursor::parse(text).is_err(), "{text:?}");
        }
    }
}
