//! Appends a row and finds out what became of it: an answer may be given only then.

use std::sync::Arc;
use std::time::Duration;

use event_store::{Appended, Epoch, Log, NewRow, StoredRow};
use tokio::runtime::Handle;
use tokio::task::JoinError;
use tracing::warn;

/// What an append came to, with unknown outcomes looked into.
pub(crate) enum Settled {
    Stored(Option<Epoch>),
    NotStored(Option<Epoch>),
    Fenced,
    /// It is in the log, and so may be what another server has written since.
    StoredThenFenced,
}

/// Appends a row and finds out what became of it, however long that takes: an answer may be given only then.
pub(crate) async fn append(log: Arc<dyn Log>, row: NewRow, home: Handle) -> Settled {
    match log.append(&row).await {
        Appended::Stored => Settled::Stored(None),
        Appended::Fenced => Settled::Fenced,
        Appended::NotStored(error) => {
            warn!(error = &error as &dyn std::error::Error, first = %row.first, "a batch was not stored");
            Settled::NotStored(None)
        }
        Appended::Unknown(error) => {
            warn!(error = &error as &dyn std::error::Error, first = %row.first, "the outcome of a batch is unknown: looking");
            of_task(home.spawn(async move { look(&*log, &row).await }).await)
        }
    }
}

/// A task is never aborted but with its runtime, at the end of the process.
pub(crate) fn of_task(settled: Result<Settled, JoinError>) -> Settled {
    settled.unwrap_or_else(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => Settled::Fenced,
    })
}

/// Raises our own epoch first, so that a statement still under way in the database cannot succeed later; then looks.
async fn look(log: &dyn Log, row: &NewRow) -> Settled {
    let mut pause = Duration::from_millis(20);
    loop {
        match try_look(log, row).await {
            Ok(settled) => return settled,
            Err(error) => {
                warn!(error = &error as &dyn std::error::Error, first = %row.first, "cannot look yet")
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

async fn try_look(log: &dyn Log, row: &NewRow) -> Result<Settled, event_store::LogError> {
    let head = log.take_over_from(row.epoch).await?;
    let found = log.row_starting_at(row.first).await?;
    let is_ours = |found: &StoredRow| found.root == row.root && found.last == row.last;
    // Whoever raised the epoch waited for our statement too: what is in the log now is all that will ever be.
    let Some(head) = head else {
        let stored = found.as_ref().is_some_and(is_ours);
        return Ok(if stored { Settled::StoredThenFenced } else { Settled::Fenced });
    };
    match found {
        Some(found) if is_ours(&found) => Ok(Settled::Stored(Some(head.epoch))),
        Some(_) => Ok(Settled::Fenced),
        None if head.last.next() == row.first => Ok(Settled::NotStored(Some(head.epoch))),
        None => Ok(Settled::Fenced),
    }
}
