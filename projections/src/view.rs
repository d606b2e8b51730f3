//! What a view is: a name, a version, tables, and a fold.

use async_trait::async_trait;
use event_schemas::{Record, Sequence};
use tokio_postgres::Transaction;

use crate::ViewError;

/// A record that a view cannot fold. That view halts there; the others go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the record at {sequence} cannot be folded: {reason}")]
pub struct Poison {
    pub sequence: Sequence,
    pub reason: String,
}

/// A read model. It must fold the same records to the same rows whatever the batches: a rebuilt view equals an old one.
#[async_trait]
pub trait View: Send + Sync + 'static {
    /// A word of `a-z` and `_`.
    fn name(&self) -> &'static str;

    /// Raised when its tables or their meaning change: the new version is built beside the old one. Views have no migrations.
    fn version(&self) -> u16;

    /// Names of the events that it folds. All others are passed over, also those that are newer than this program.
    fn consumes(&self) -> &'static [&'static str];

    /// SQL that makes its tables, run once in an empty schema.
    fn tables(&self) -> &'static str;

    /// Folds records, in order, into its tables, which are on the transaction's search path.
    async fn apply(&mut self, transaction: &Transaction<'_>, records: &[Record]) -> Result<(), ViewError>;

    /// Drops what it keeps in memory of its tables: the last transaction may not have happened.
    fn forget(&mut self);
}
