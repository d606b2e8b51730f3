//! How far each build is behind the log, in records and in time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use event_schemas::Sequence;
use event_store::{Log, LogError};
use futures_util::StreamExt;
use tokio_postgres::GenericClient;

use crate::{
    ViewError,
    builds::{State, Status, statuses},
};

/// What a build has not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lag {
    pub records: u64,
    /// Age of the oldest of them; nothing, when there is none.
    pub age: Duration,
}

/// Every build that is read or made, and its lag; of others the lag says nothing.
pub async fn lags(client: &impl GenericClient, log: &dyn Log) -> Result<Vec<(Status, Lag)>, ViewError> {
    // The builds first: what they have read is in the log that is looked at after them.
    let statuses = statuses(client, log.shard()).await?;
    let last = log.head().await?.last;
    let mut lags: Vec<(Status, Lag)> = Vec::with_capacity(statuses.len());
    for status in statuses {
        // Several that stand at one place are the rule.
        let same = lags.iter().find(|(other, _)| other.position == status.position);
        let lag = match same {
            Some((_, lag)) => *lag,
            None => lag(log, status.position, last).await?,
        };
        lags.push((status, lag));
    }
    Ok(lags)
}

async fn lag(log: &dyn Log, read: Sequence, last: Sequence) -> Result<Lag, LogError> {
    let records = last.0.saturating_sub(read.0);
    if records == 0 {
        return Ok(Lag::default());
    }
    let next = log.rows(read, Some(read.next())).next().await.transpose()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let age = next.map_or(Duration::ZERO, |row| {
        let recorded_at = Duration::from_micros(u64::try_from(row.recorded_at.0).unwrap_or(0));
        now.saturating_sub(recorded_at)
    });
    Ok(Lag { records, age })
}

impl Status {
    /// It is on its way: a live or a building one.
    #[must_use]
    pub fn is_moving(&self) -> bool {
        matches!(self.state, State::Live | State::Building) && self.halted.is_none()
    }

    /// Of what there is to read, in percent.
    #[must_use]
    pub fn percent(&self, lag: Lag) -> f64 {
        let all = self.position.0 + lag.records;
        if all == 0 { 100.0 } else { self.position.0 as f64 * 100.0 / all as f64 }
    }

    /// How long it will take to read the rest, if it goes on as it does.
    #[must_use]
    pub fn eta(&self, lag: Lag) -> Option<Duration> {
        let pace = self.records_per_s.filter(|pace| *pace >= 1.0 && self.is_moving())?;
        Duration::try_from_secs_f64(lag.records as f64 / pace).ok()
    }
}
