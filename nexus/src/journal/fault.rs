//! Where something stands in a journal, and what is wrong with it.

use std::{fmt, sync::Arc};

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// As it was named, on the command line or by an `include`.
    pub file: Arc<str>,
    pub line: u32,
}

/// What cannot be read or does not add up, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub place: Place,
    pub why: String,
}

/// All faults of a journal, in the order in which they were found.
#[derive(Debug, Default)]
pub struct Faults(pub Vec<Fault>);

/// More would not be read.
const SHOWN_MAX: usize = 20;

impl Place {
    pub fn fault(&self, why: impl Into<String>) -> Fault {
        Fault { place: self.clone(), why: why.into() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}:{}", self.file, self.line)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}: {}", self.place, self.why)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().take(SHOWN_MAX).enumerate() {
            write!(to, "{}{fault}", if index == 0 { "" } else { "\n" })?;
        }
        match self.0.len().saturating_sub(SHOWN_MAX) {
            0 => Ok(()),
            more => write!(to, "\nand {more} more"),
        }
    }
}

impl std::error::Error for Fault {}
impl std::error::Error for Faults {}

impl Faults {
    pub fn none(self) -> Result<(), Faults> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}
