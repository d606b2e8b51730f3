//! The books as a fold of the log: what a boot, a snapshot and a replay share.

use event_schemas::{Record, Sequence, Ts, Unreadable};
use event_store::merkle::Frontier;
use event_store::{Root, StoredRow};
use ledger_core::{Books, NoUndo, evolve};

/// Books, tree and clock after some record.
#[derive(Debug, Default)]
pub struct Fold {
    pub books: Books,
    pub tree: Frontier,
    pub last: Sequence,
    pub recorded_at: Ts,
}

#[derive(Debug, thiserror::Error)]
pub enum FoldError {
    #[error("the record at {sequence} cannot be read")]
    Unreadable {
        sequence: Sequence,
        #[source]
        source: Unreadable,
    },
    #[error("LOG-1: the record at {expected} says that it is {found}")]
    WrongSequence { expected: Sequence, found: Sequence },
    #[error("LOG-4: the tree over the records up to {last} has the root {found}, the log says {expected}")]
    WrongRoot { last: Sequence, expected: Root, found: Root },
}

impl Fold {
    /// Empty books, after the genesis row.
    #[must_use]
    pub fn after_genesis(genesis: &StoredRow) -> Fold {
        let mut fold = Fold { recorded_at: genesis.recorded_at, ..Fold::default() };
        fold.tree.push(&genesis.records);
        fold
    }

    /// Folds a row's records that are not folded yet, and holds the tree against the row's root.
    /// `each` sees every record and its bytes before the books change.
    pub fn row(
        &mut self,
        row: &StoredRow,
        mut each: impl FnMut(&Fold, &Record, &[u8]),
    ) -> Result<(), FoldError> {
        let folded = self.last;
        for (sequence, line) in row.lines().filter(|(sequence, _)| *sequence > folded) {
            let record = Record::read(line).map_err(|source| FoldError::Unreadable { sequence, source })?;
            let found = record.envelope.sequence;
            if found != sequence || sequence != self.last.next() {
                return Err(FoldError::WrongSequence { expected: self.last.next(), found });
            }
            each(self, &record, line);
            self.tree.push(line);
            evolve(&mut self.books, &record, &mut NoUndo);
            self.last = sequence;
            self.recorded_at = self.recorded_at.max(record.envelope.recorded_at);
        }
        let found = self.tree.root();
        if self.last == row.last && found != row.root {
            return Err(FoldError::WrongRoot { last: row.last, expected: row.root, found });
        }
        Ok(())
    }
}
