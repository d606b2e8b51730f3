//! What a run of the generator counted, and its figures.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

const LATENCY_MAX_US: u64 = 120_000_000;
const LATENCY_DIGITS: u8 = 3;

/// Shared by all connections of a run. Everything runs on one thread, so its lock is never waited for.
#[derive(Debug)]
pub struct Tally {
    /// Latencies in microseconds of the answers inside the measured window.
    latency_us: Histogram<u64>,
    /// Units answered inside the measured window.
    pub units: u64,
    /// Units answered at all: warm-up and the tail after the window too.
    pub units_acknowledged: u64,
    pub by_status: BTreeMap<u16, u64>,
    /// Connections lost with a request in flight; each such request was sent again, the same bytes.
    pub lost: u64,
    /// Requests sent again because their outcome was unknown (lost connection, 5xx).
    pub retries: u64,
    pub errors: u64,
    pub first_error: Option<String>,
}

impl Default for Tally {
    fn default() -> Self {
        let latency_us = Histogram::new_with_bounds(1, LATENCY_MAX_US, LATENCY_DIGITS);
        Self {
            latency_us: latency_us.expect("constant bounds are valid"),
            units: 0,
            units_acknowledged: 0,
            by_status: BTreeMap::new(),
            lost: 0,
            retries: 0,
            errors: 0,
            first_error: None,
        }
    }
}

impl Tally {
    pub fn measured(&mut self, latency: Duration, units: u64) {
        self.units += units;
        let us = u64::try_from(latency.as_micros()).unwrap_or(LATENCY_MAX_US).max(1);
        self.latency_us.saturating_record(us);
    }

    pub fn error(&mut self, text: impl FnOnce() -> String) {
        self.errors += 1;
        if self.first_error.is_none() {
            self.first_error = Some(text());
        }
    }

    pub fn percentile_ms(&self, percentile: f64) -> f64 {
        self.latency_us.value_at_percentile(percentile) as f64 / 1_000.0
    }

    pub fn summary(&self, window: Duration) -> Summary {
        Summary {
            per_s: self.units as f64 / window.as_secs_f64(),
            p50_ms: self.percentile_ms(50.0),
            p95_ms: self.percentile_ms(95.0),
            p99_ms: self.percentile_ms(99.0),
            p999_ms: self.percentile_ms(99.9),
            units: self.units,
            units_acknowledged: self.units_acknowledged,
            by_status: self.by_status.clone(),
            lost: self.lost,
            retries: self.retries,
            errors: self.errors,
            first_error: self.first_error.clone(),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Summary {
    pub per_s: f64,
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
    pub p999_ms: f64,
    pub units: u64,
    pub units_acknowledged: u64,
    pub by_status: BTreeMap<u16, u64>,
    pub lost: u64,
    pub retries: u64,
    pub errors: u64,
    pub first_error: Option<String>,
}

impl Summary {
    /// A run with errors measured something else than it says.
    pub fn flawless(self, name: &str) -> anyhow::Result<Self> {
        let flaw = self.first_error.as_deref().unwrap_or("a connection was lost");
        anyhow::ensure!(
            self.errors == 0 && self.lost == 0,
            "{name}: {} errors, {} connections lost, {} requests repeated, by status {:?}; first: {flaw}",
            self.errors,
            self.lost,
            self.retries,
            self.by_status
        );
        anyhow::ensure!(self.units > 0, "{name}: nothing was answered inside the measured window");
        Ok(self)
    }
}
