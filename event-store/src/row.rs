//! A row of the log: one batch of records, committed together.

use bytes::Bytes;
use event_schemas::{Sequence, Ts};

use crate::{Epoch, LogError, Root};

/// A row to append. `records` holds one line per record, separated by `\n`, none at the end; no record contains one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRow {
    pub first: Sequence,
    pub last: Sequence,
    /// Where the row before it starts ([`crate::Head::first`]).
    pub previous_first: Sequence,
    pub epoch: Epoch,
    /// Leaves of the tree after this row: always `last + 1`, for the genesis record is leaf 0.
    pub tree_size: u64,
    pub root: Root,
    pub recorded_at: Ts,
    pub records: Bytes,
}

/// A row as read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRow {
    pub first: Sequence,
    pub last: Sequence,
    pub epoch: Epoch,
    pub tree_size: u64,
    pub root: Root,
    pub recorded_at: Ts,
    pub records: Bytes,
}

impl NewRow {
    /// Stops the program rather than store nonsense. Costs a pass over the bytes, ~50 µs for 512 KiB.
    pub(crate) fn check(&self) {
        assert!(self.previous_first < self.first, "LOG-1: a row comes after its predecessor");
        assert!(self.first <= self.last, "LOG-1: a row holds at least one record");
        assert_eq!(
            count_lines(&self.records),
            self.last.0 - self.first.0 + 1,
            "LOG-1: a row holds one line per sequence, separated by newlines, none at the end"
        );
        assert_eq!(
            self.tree_size,
            self.last.0 + 1,
            "LOG-4: leaf n is the record with sequence n, genesis is leaf 0"
        );
    }

    /// What a reader will see of this row.
    #[must_use]
    pub fn stored(&self) -> StoredRow {
        let NewRow { first, last, epoch, tree_size, root, recorded_at, .. } = *self;
        StoredRow { first, last, epoch, tree_size, root, recorded_at, records: self.records.clone() }
    }
}

impl StoredRow {
    /// The records with their sequences, without copying.
    pub fn lines(&self) -> impl Iterator<Item = (Sequence, &[u8])> {
        let sequences = (self.first.0..=self.last.0).map(Sequence);
        sequences.zip(Lines { rest: Some(&self.records) })
    }

    /// One record's bytes, shared with the row.
    #[must_use]
    pub fn record(&self, sequence: Sequence) -> Option<Bytes> {
        self.lines().find(|(s, _)| *s == sequence).map(|(_, line)| self.records.slice_ref(line))
    }

    /// Asserted before the append, checked again after the read: stored bytes may have been tampered with.
    pub(crate) fn check(self) -> Result<StoredRow, LogError> {
        let damaged = |what| LogError::DamagedRow { first: self.first, what };
        if self.last < self.first {
            return Err(damaged("it ends before it begins"));
        }
        if self.tree_size != self.last.0 + 1 {
            return Err(damaged("its tree does not hold every record up to its last"));
        }
        if count_lines(&self.records) != self.last.0 - self.first.0 + 1 {
            return Err(damaged("its number of lines is not its number of records"));
        }
        Ok(self)
    }
}

fn count_lines(records: &[u8]) -> u64 {
    if records.is_empty() || records.ends_with(b"\n") {
        return 0;
    }
    memchr::memchr_iter(b'\n', records).count() as u64 + 1
}

struct Lines<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest.take()?;
        let Some(end) = memchr::memchr(b'\n', rest) else { return Some(rest) };
        self.rest = Some(&rest[end + 1..]);
        Some(&rest[..end])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(first: u64, last: u64, records: &'static str) -> StoredRow {
        StoredRow {
            first: Sequence(first),
            last: Sequence(last),
            epoch: Epoch(1),
            tree_size: last + 1,
            root: Root([0; 32]),
            recorded_at: Ts(0),
            records: Bytes::from_static(records.as_bytes()),
        }
    }

    #[test]
    fn records_are_found_by_sequence() {
        let row = row(7, 9, "a\nbc\nd");
        assert_eq!(row.lines().map(|(s, _)| s.0).collect::<Vec<_>>(), [7, 8, 9]);
        assert_eq!(row.record(Sequence(8)).as_deref(), Some(b"bc".as_slice()));
        assert_eq!(row.record(Sequence(9)).as_deref(), Some(b"d".as_slice()));
        assert_eq!(row.record(Sequence(10)), None);
    }

    #[test]
    fn a_row_with_too_many_or_too_few_lines_is_damaged() {
        for records in ["", "a", "a\n", "a\nb\n", "a\nb\nc"] {
            assert!(matches!(row(1, 2, records).check(), Err(LogError::DamagedRow { .. })), "{records:?}");
        }
        assert!(row(1, 2, "a\nb").check().is_ok());
    }
}
