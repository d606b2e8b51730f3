//! What a clean verification tells.

use std::fmt;
use std::time::Duration;

use event_schemas::Position;
use serde::Serialize;

/// Counts, and the tree head: whoever keeps that can later prove that nothing before it was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    pub log_id: String,
    pub head: Position,
    pub epoch: u64,
    pub tree_size: u64,
    /// Root of the Merkle tree (RFC 6962) over all records, in hex.
    pub tree_head: String,
    pub rows: u64,
    pub records: u64,
    pub refusals: u64,
    pub entries: u64,
    pub ledgers: u64,
    pub accounts: u64,
    pub snapshots: u64,
    /// Of other programs, which this one cannot read.
    pub snapshots_skipped: u64,
    pub took: Duration,
}

impl Verified {
    #[must_use]
    pub fn per_s(&self) -> f64 {
        self.records as f64 / self.took.as_secs_f64().max(1e-6)
    }
}

/// Digits in groups of three.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "The log is whole: {} records in {} rows, each decided again ({} events, {} refusals).",
            grouped(self.records),
            grouped(self.rows),
            grouped(self.records - self.refusals),
            grouped(self.refusals),
        )?;
        writeln!(
            f,
            "Debits equal credits in every currency; entries: {}, accounts: {}, ledgers: {}.",
            grouped(self.entries),
            grouped(self.accounts),
            grouped(self.ledgers),
        )?;
        if self.snapshots + self.snapshots_skipped > 0 {
            write!(f, "Snapshots that equal the fold: {}", self.snapshots)?;
            if self.snapshots_skipped > 0 {
                write!(f, ", {} of other versions not looked at", self.snapshots_skipped)?;
            }
            writeln!(f, ".")?;
        }
        writeln!(f)?;
        writeln!(f, "log        {}", self.log_id)?;
        writeln!(f, "head       {}  (epoch {})", self.head, self.epoch)?;
        writeln!(f, "tree size  {}", self.tree_size)?;
        writeln!(f, "tree head  {}", self.tree_head)?;
        write!(f, "took       {:.1} s, {} records/s", self.took.as_secs_f64(), grouped(self.per_s() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_groups_of_three() {
        let texts: Vec<String> = [0, 12, 123, 1234, 123_456, 1_234_567].map(grouped).into();
        assert_eq!(texts, ["0", "12", "123", "1,234", "123,456", "1,234,567"]);
    }
}
