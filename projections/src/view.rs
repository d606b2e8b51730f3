//! What a view is: a name, a version, tables, and a fold.

use async_trait::async_trait;
use event_schemas::{Envelope, Record, Sequence};
use tokio_postgres::Transaction;

use crate::ViewError;

/// A record that a view cannot fold. That view halts there; the others go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the record at {sequence} cannot be folded: {reason}")]
pub struct Poison {
    pub sequence: Sequence,
    pub reason: String,
}

/// What a view does with a record whose event is of a type that this program does not know, or of a version that it does not
/// know of a type that the view consumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// It may be money: the view halts just before it.
    Halts,
    /// The envelope says all that the view needs: it is given to [`View::apply_strangers`].
    Noted,
}

/// A record of which this program can read no more than the envelope: a newer program wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger {
    pub envelope: Envelope,
    pub name: String,
    pub version: u16,
}

/// A read model. It must fold the same records to the same rows whatever the batches: a rebuilt view equals an old one.
#[async_trait]
pub trait View: Send + Sync + 'static {
    /// A word of `a-z` and `_`.
    fn name(&self) -> &'static str;

    /// Raised when its tables or their meaning change: the new version is built beside the old one. Views have no migrations.
    fn version(&self) -> u16;

    /// Names of the events that it folds. Other events that this program knows are passed over; for those that it does not know
    /// there is [`unknown`](View::unknown).
    fn consumes(&self) -> &'static [&'static str];

    /// SQL that makes its tables, run once in an empty schema, with the indexes that the fold cannot do without.
    fn tables(&self) -> &'static str;

    /// SQL that makes its other indexes: run when a build has read the log, before it is asked. An index over rows that are
    /// there costs a fraction of one that grows with them. They are made earlier when a build is taken up again by another
    /// process, which has nothing in memory, and when the view says that it [`needs_indexes`](View::needs_indexes).
    fn indexes(&self) -> &'static str {
        ""
    }

    /// Its fold has to look things up in its tables from now on: not all that they hold is in its memory.
    fn needs_indexes(&self) -> bool {
        false
    }

    /// What becomes of records that a newer program wrote.
    fn unknown(&self) -> Unknown {
        Unknown::Halts
    }

    /// Folds records, in order, into its tables, which are on the transaction's search path.
    async fn apply(&mut self, transaction: &Transaction<'_>, records: &[Record]) -> Result<(), ViewError>;

    /// Folds records of [`Unknown::Noted`], in their place between the others.
    async fn apply_strangers(
        &mut self,
        _transaction: &Transaction<'_>,
        strangers: &[Stranger],
    ) -> Result<(), ViewError> {
        unreachable!(
            "{} halts at records of newer programs: {} were handed to it",
            self.name(),
            strangers.len()
        )
    }

    /// Drops what it keeps in memory of its tables: the last transaction may not have happened.
    fn forget(&mut self);
}
