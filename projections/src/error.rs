//! What can go wrong with a view, for who runs it and for who asks it.

use event_schemas::Sequence;
use event_store::LogError;

use crate::{TooLarge, view::Poison};

#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    #[error("cannot {doing}")]
    Postgres {
        doing: &'static str,
        #[source]
        source: tokio_postgres::Error,
    },
    #[error("no connection to the views' database")]
    Pool(#[from] deadpool_postgres::PoolError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Poison(#[from] Poison),
    #[error("another projector has moved this build on")]
    Overtaken,
    #[error("there is no view {0:?}")]
    NoSuchView(String),
    #[error("there is no build {build} of the view {name:?}")]
    NoSuchBuild { name: String, build: u32 },
    #[error("build {build} of the view {name:?} is the one that is asked: it cannot be dropped")]
    IsLive { name: String, build: u32 },
    /// It was never built, or a new version of it is not ready.
    #[error("the view {name:?} is being built: it has read {read} records so far")]
    NotReady { name: &'static str, read: u64 },
    /// It has not read as far as the caller asked, within the time that was given.
    #[error("the view {name:?} has read up to {read}, and {wanted} was asked for")]
    Behind { name: &'static str, read: Sequence, wanted: Sequence },
    #[error("the question takes too long to be answered")]
    TakesTooLong,
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

/// Says what was being done when Postgres failed.
pub(crate) trait Doing<T> {
    fn doing(self, doing: &'static str) -> Result<T, ViewError>;
}

impl<T> Doing<T> for Result<T, tokio_postgres::Error> {
    fn doing(self, doing: &'static str) -> Result<T, ViewError> {
        self.map_err(|source| ViewError::Postgres { doing, source })
    }
}
