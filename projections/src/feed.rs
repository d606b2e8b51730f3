//! Where a projector gets its records from, in order and without gaps.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use event_schemas::{Record, Sequence, Ts};
use event_store::{Log, LogError};
use futures_util::StreamExt;

/// A source of records of one shard. What it gives is dense: the record after the last one, and so on.
#[async_trait]
pub trait Feed: Send + 'static {
    /// The next records after this one: `max` or a few more when so many are there, at least one, or none when none came in
    /// time.
    async fn after(
        &mut self,
        sequence: Sequence,
        max: usize,
        patience: Duration,
    ) -> Result<Vec<(Sequence, Bytes)>, LogError>;

    /// The last record that is known to be there.
    async fn last(&self) -> Result<Sequence, LogError>;
}

/// Straight from the log: woken by notifications, correct by looking.
pub struct LogFeed(pub Arc<dyn Log>);

#[async_trait]
impl Feed for LogFeed {
    async fn after(
        &mut self,
        sequence: Sequence,
        max: usize,
        patience: Duration,
    ) -> Result<Vec<(Sequence, Bytes)>, LogError> {
        if self.0.wait_past(sequence, patience).await? <= sequence {
            return Ok(Vec::new());
        }
        // Read to its end: a stream that is dropped before costs a connection.
        let mut rows = self.0.rows(sequence, Some(Sequence(sequence.0 + max as u64)));
        let mut lines = Vec::new();
        while let Some(row) = rows.next().await {
            let row = row?;
            let new = row.lines().filter(|(at, _)| *at > sequence);
            lines.extend(new.map(|(at, line)| (at, row.records.slice_ref(line))));
        }
        Ok(lines)
    }

    async fn last(&self) -> Result<Sequence, LogError> {
        Ok(self.0.head().await?.last)
    }
}

/// The last record that was recorded at or before a time. Costs the logarithm of the log.
pub async fn known_by(log: &dyn Log, time: Ts) -> Result<Sequence, LogError> {
    // Everything up to `known` is old enough, everything from `new` on is too new.
    let (mut known, mut new) = (Sequence::GENESIS, log.head().await?.last.next());
    while known.next() < new {
        let middle = Sequence(known.0 + (new.0 - known.0 - 1) / 2);
        let Some(row) = log.rows(middle, Some(middle.next())).next().await else { break };
        let row = row?;
        if row.recorded_at <= time {
            known = row.last.max(known);
            continue;
        }
        let is_known =
            |line: &[u8]| Record::read(line).is_ok_and(|record| record.envelope.recorded_at <= time);
        match row.lines().take_while(|(_, line)| is_known(line)).last() {
            Some((last, _)) => return Ok(last),
            None => new = row.first,
        }
    }
    Ok(known)
}
