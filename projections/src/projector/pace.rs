//! How fast a build reads, over the last seconds.

use std::time::Duration;

use event_schemas::Sequence;
use tokio::time::Instant;

/// Shorter stretches say little.
const STRETCH_MIN: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct Pace {
    since: Instant,
    from: Sequence,
    records_per_s: Option<f64>,
}

impl Pace {
    pub fn from(at: Sequence) -> Pace {
        Pace { since: Instant::now(), from: at, records_per_s: None }
    }

    /// Notes that the build has come to here. Each stretch counts as much as all before it.
    pub fn at(&mut self, at: Sequence) -> Option<f64> {
        let length = self.since.elapsed();
        if length >= STRETCH_MIN {
            let now = at.0.saturating_sub(self.from.0) as f64 / length.as_secs_f64();
            let smooth = self.records_per_s.map_or(now, |before| (before + now) / 2.0);
            *self = Pace { since: Instant::now(), from: at, records_per_s: Some(smooth) };
        }
        self.records_per_s
    }
}
