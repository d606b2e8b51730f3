//! One connection's endless errand: send, await, judge, count; resend the same bytes while the outcome is unknown.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::{Connection, Source, Tally};

/// A request whose outcome stays unknown this often is given up as an error.
const TRIES_MAX: u32 = 500;
const RETRY_PAUSE: Duration = Duration::from_millis(20);

/// Answers inside it are measured; those before (warm-up) and after it only counted.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub from: Instant,
    pub until: Instant,
}

impl Window {
    pub fn after(warm_up: Duration, length: Duration) -> Self {
        let from = Instant::now() + warm_up;
        Self { from, until: from + length }
    }

    pub fn length(&self) -> Duration {
        self.until - self.from
    }
}

pub struct Worker<S> {
    address: SocketAddr,
    connection: Option<Connection>,
    source: S,
    request: Vec<u8>,
    tally: Arc<Mutex<Tally>>,
    window: Window,
}

impl<S: Source> Worker<S> {
    pub fn new(address: SocketAddr, source: S, tally: Arc<Mutex<Tally>>, window: Window) -> Self {
        Self { address, connection: None, source, request: Vec::with_capacity(4096), tally, window }
    }

    pub async fn connect(&mut self) {
        self.connection = Connection::connect(self.address).await.ok();
    }

    /// Makes the next request now, so that its cost is not part of what is timed from an intended start.
    pub fn prepare(&mut self) {
        self.source.next(&mut self.request);
    }

    /// One prepared request from `since` to its known outcome.
    pub async fn run_prepared(&mut self, since: Instant) {
        for _ in 0..TRIES_MAX {
            if self.attempt(since).await == Outcome::Known {
                return;
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
        self.tally().error(|| format!("outcome unknown after {TRIES_MAX} tries"));
    }

    async fn attempt(&mut self, since: Instant) -> Outcome {
        if !self.connection.as_ref().is_some_and(Connection::is_open) {
            self.connect().await;
        }
        let Some(connection) = &mut self.connection else { return Outcome::Unknown };
        let outcome = connection.exchange(&self.request).await;
        let now = Instant::now();
        let mut tally = self.tally.lock().expect("no holder of the tally panics");
        let Ok(response) = outcome else {
            tally.lost += 1;
            tally.retries += 1;
            return Outcome::Unknown;
        };
        *tally.by_status.entry(response.status).or_default() += 1;
        if response.status >= 500 {
            tally.retries += 1;
            tally.error(|| response.excerpt());
            return Outcome::Unknown;
        }
        match self.source.judge(&response) {
            Err(text) => tally.error(|| text),
            Ok(units) => {
                tally.units_acknowledged += units;
                if now >= self.window.from && now < self.window.until {
                    tally.measured(now - since, units);
                }
            }
        }
        Outcome::Known
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().expect("no holder of the tally panics")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Known,
    Unknown,
}
