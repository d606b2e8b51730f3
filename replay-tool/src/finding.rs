//! What is wrong with a log: where, by which rule, what was expected and what was found.

use std::fmt;

use event_schemas::Position;
use serde::Serialize;

/// The first thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub place: Place,
    /// The rule that is broken, in a sentence.
    pub broken: String,
    pub expected: String,
    pub found: String,
    /// What else is known, for those who look for the cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Where it is wrong, as narrowly as can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    Record(Position),
    /// One row, of which no single record can be named.
    Row {
        first: Position,
        last: Position,
    },
    /// The log ends or breaks off after this record.
    After(Position),
    /// A snapshot, not the log itself.
    Snapshot(Position),
    /// The books after the last record.
    Books(Position),
}

/// Bytes shown on either side of the first difference.
const SHOWN_BEFORE: usize = 32;
const SHOWN_MAX: usize = 160;

impl Finding {
    pub(crate) fn new(
        place: Place,
        broken: impl Into<String>,
        expected: impl ToString,
        found: impl ToString,
    ) -> Box<Finding> {
        Box::new(Finding {
            place,
            broken: broken.into(),
            expected: expected.to_string(),
            found: found.to_string(),
            note: None,
        })
    }

    /// Two texts that ought to be the same, shown from shortly before where they part.
    pub(crate) fn between(
        place: Place,
        broken: impl Into<String>,
        expected: &[u8],
        found: &[u8],
    ) -> Box<Finding> {
        let same = expected.iter().zip(found).take_while(|(one, other)| one == other).count();
        Finding::new(place, broken, excerpt(expected, same), excerpt(found, same))
    }
}

fn excerpt(text: &[u8], at: usize) -> String {
    let start = at.saturating_sub(SHOWN_BEFORE);
    let end = text.len().min(start + SHOWN_MAX);
    let mut shown = String::from_utf8_lossy(&text[start..end]).into_owned();
    if start > 0 {
        shown.insert(0, '…');
    }
    if end < text.len() {
        shown.push('…');
    }
    shown
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Record(position) => write!(f, "record {position}"),
            Place::Row { first, last } => write!(f, "row {first} to {last}"),
            Place::After(position) => write!(f, "after record {position}"),
            Place::Snapshot(position) => write!(f, "snapshot at {position}"),
            Place::Books(position) => write!(f, "books at {position}"),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.place, self.broken)?;
        writeln!(f, "  expected  {}", self.expected)?;
        write!(f, "  found     {}", self.found)?;
        match &self.note {
            Some(note) => write!(f, "\n  {note}"),
            None => Ok(()),
        }
    }
}
