//! What can go wrong with the log, as errors; outcomes of an append are [`crate::Appended`].

use event_schemas::{Sequence, Shard};

#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("cannot {doing}")]
    Postgres {
        doing: &'static str,
        #[source]
        source: tokio_postgres::Error,
    },

    #[error("no connection to Postgres")]
    Pool(#[source] deadpool_postgres::PoolError),

    #[error("there is no log for shard {shard} in this database")]
    NoSuchLog { shard: Shard },

    #[error(
        "the data was written by a newer version: its schema {table} is at {found}, this program knows {known}; use the newer program"
    )]
    NewerData { table: String, found: i32, known: i32 },

    #[error("cannot bring the schema {table} up to date")]
    Migration {
        table: String,
        #[source]
        source: Box<refinery::Error>,
    },

    #[error("LOG-1: the log has a hole: after {after} comes {found}")]
    Hole { after: Sequence, found: Sequence },

    #[error("the row that starts at {first} is damaged: {what}")]
    DamagedRow { first: Sequence, what: &'static str },

    #[error("the snapshot at {sequence} is damaged")]
    DamagedSnapshot { sequence: Sequence },

    #[error("the outcome of the last append is unknown: take over before the next")]
    Unsettled,

    #[error("the connection was lost while the append was under way")]
    ConnectionLost,

    #[error("the wait for the replica was cut short: the row may be lost by a fail-over")]
    ReplicationWaitCut,

    #[error("a fault that a test ordered")]
    Injected,
}

/// Says what was being done when Postgres failed.
pub(crate) trait Doing<T> {
    fn doing(self, doing: &'static str) -> Result<T, LogError>;
}

impl<T> Doing<T> for Result<T, tokio_postgres::Error> {
    fn doing(self, doing: &'static str) -> Result<T, LogError> {
        self.map_err(|source| LogError::Postgres { doing, source })
    }
}

impl From<deadpool_postgres::PoolError> for LogError {
    fn from(error: deadpool_postgres::PoolError) -> LogError {
        LogError::Pool(error)
    }
}
