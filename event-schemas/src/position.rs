//! Where a record stands in the log: shard, sequence, and both in one number.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An ordered log with one writer. 0 is the platform, books are 1…
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Shard(pub u16);

/// A record's place in its shard: dense from 1; 0 is the genesis row.
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
pub struct Sequence(pub u64);

/// A record's place in the whole log, on the wire `"<shard>:<sequence>"` (JavaScript's numbers end at 2^53).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    pub shard: Shard,
    pub sequence: Sequence,
}

const SEQUENCE_BITS: u32 = 48;
const SEQUENCE_MAX: u64 = (1 << SEQUENCE_BITS) - 1;
/// The sign bit of a Postgres `bigint` stays free.
const SHARD_MAX: u16 = (1 << 15) - 1;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a position reads \"<shard>:<sequence>\", such as \"1:17\"")]
pub struct InvalidPosition;

impl Sequence {
    pub const GENESIS: Sequence = Sequence(0);
    pub const FIRST: Sequence = Sequence(1);

    #[must_use]
    pub fn next(self) -> Sequence {
        assert!(self.0 < SEQUENCE_MAX, "LOG-1: a shard holds 2^48 records");
        Sequence(self.0 + 1)
    }
}

impl Position {
    #[must_use]
    pub fn new(shard: Shard, sequence: Sequence) -> Position {
        assert!(shard.0 <= SHARD_MAX, "a shard's number has 15 bits");
        assert!(sequence.0 <= SEQUENCE_MAX, "LOG-1: a shard holds 2^48 records");
        Position { shard, sequence }
    }

    /// `shard << 48 | sequence`, as the log's table keys it.
    #[must_use]
    pub fn to_i64(self) -> i64 {
        let number = (u64::from(self.shard.0) << SEQUENCE_BITS) | self.sequence.0;
        i64::try_from(number).expect("a shard's number has 15 bits")
    }

    /// The inverse of [`Position::to_i64`]. Panics on a negative number, which the log never holds.
    #[must_use]
    pub fn from_i64(number: i64) -> Position {
        let number = u64::try_from(number).expect("positions are not negative");
        let shard = u16::try_from(number >> SEQUENCE_BITS).expect("15 bits are left");
        Position { shard: Shard(shard), sequence: Sequence(number & SEQUENCE_MAX) }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.shard.0, self.sequence.0)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Position {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Position, InvalidPosition> {
        let (shard, sequence) = text.split_once(':').ok_or(InvalidPosition)?;
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(shard) || !digits(sequence) {
            return Err(InvalidPosition);
        }
        let shard: u16 = shard.parse().map_err(|_| InvalidPosition)?;
        let sequence: u64 = sequence.parse().map_err(|_| InvalidPosition)?;
        if shard > SHARD_MAX || sequence > SEQUENCE_MAX {
            return Err(InvalidPosition);
        }
        Ok(Position { shard: Shard(shard), sequence: Sequence(sequence) })
    }
}

impl Serialize for Position {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Position, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Position {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Position".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[0-9]{1,5}:[0-9]{1,15}$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_its_number_and_its_text() {
        for (shard, sequence) in [(0, 0), (1, 17), (SHARD_MAX, SEQUENCE_MAX)] {
            let position = Position::new(Shard(shard), Sequence(sequence));
            assert_eq!(Position::from_i64(position.to_i64()), position);
            assert_eq!(position.to_string().parse(), Ok(position));
        }
    }

    #[test]
    fn a_position_that_is_none_is_refused() {
        for text in ["", "1", "1:", ":1", "+1:2", "1:-2", "32768:1", "1:281474976710656", "1:2:3", " 1:2"] {
            assert_eq!(text.parse::<Position>(), Err(InvalidPosition), "{text:?}");
        }
    }
}
