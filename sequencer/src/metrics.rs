//! What the engine counts, for whoever exports it.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use event_schemas::{Event, Sequence};

use crate::item::Answer;

/// Counters since the start, and gauges.
#[derive(Debug, Default)]
pub struct Metrics {
    pub events_recorded: AtomicU64,
    pub refusals_recorded: AtomicU64,
    pub repeats: AtomicU64,
    pub key_conflicts: AtomicU64,
    pub not_recorded: AtomicU64,
    pub timed_out: AtomicU64,
    pub turned_away: AtomicU64,
    pub batches: AtomicU64,
    pub commit: Histogram,
    /// Age of the command that left the queue last, in µs.
    pub queue_age_us: AtomicU64,
    pub durable: AtomicU64,
    pub keys: AtomicU64,
}

/// Durations by power of two: bucket n holds those under 2^n × 64 µs.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [AtomicU64; 18],
    sum_us: AtomicU64,
}

const BUCKET_FIRST_US: u64 = 64;

impl Histogram {
    pub fn observe(&self, duration: Duration) {
        let us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let bucket = (us / BUCKET_FIRST_US).checked_ilog2().map_or(0, |log| log as usize + 1);
        self.buckets[bucket.min(self.buckets.len() - 1)].fetch_add(1, Relaxed);
        self.sum_us.fetch_add(us, Relaxed);
    }

    /// `(upper bound in seconds, count at or below it)`, the last without a bound; and the sum in seconds.
    #[must_use]
    pub fn cumulative(&self) -> (Vec<(f64, u64)>, f64) {
        let mut count = 0;
        let buckets = self.buckets.iter().enumerate().map(|(n, bucket)| {
            count += bucket.load(Relaxed);
            let bound = if n + 1 == self.buckets.len() {
                f64::INFINITY
            } else {
                ((BUCKET_FIRST_US << n) as f64) / 1e6
            };
            (bound, count)
        });
        (buckets.collect(), self.sum_us.load(Relaxed) as f64 / 1e6)
    }
}

impl Metrics {
    pub(crate) fn answered(&self, answer: &Answer) {
        let counter = match answer {
            Answer::Recorded(record) if matches!(record.event, Event::CommandRefused(_)) => {
                &self.refusals_recorded
            }
            Answer::Recorded(_) => &self.events_recorded,
            Answer::Known(_) => &self.repeats,
            Answer::KeyConflict(_) | Answer::KeysMixed => &self.key_conflicts,
            Answer::NotRecorded => &self.not_recorded,
            Answer::TimedOut => &self.timed_out,
            Answer::DryRun(_) | Answer::Seen | Answer::LedgerNotFound => return,
        };
        counter.fetch_add(1, Relaxed);
    }

    pub(crate) fn committed(&self, durable: Sequence, took: Duration) {
        self.batches.fetch_add(1, Relaxed);
        self.commit.observe(took);
        self.durable.store(durable.0, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_fall_into_their_buckets() {
        let histogram = Histogram::default();
        for us in [1, 63, 64, 127, 128, 1_000_000_000] {
            histogram.observe(Duration::from_micros(us));
        }
        let (buckets, sum) = histogram.cumulative();
        assert_eq!(buckets[0], (0.000_064, 2));
        assert_eq!(buckets[1], (0.000_128, 4));
        assert_eq!(buckets[2], (0.000_256, 5));
        assert_eq!(buckets[17], (f64::INFINITY, 6));
        assert!((sum - 1_000.000_383).abs() < 1e-9);
    }
}
