//! The open loop: requests arrive on a schedule, whether or not the server keeps up.
//!
//! Latency runs from the *intended* start of each arrival, so that a stall shows in every arrival it delayed and not
//! only in the one request that was in flight (coordinated omission).

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::progress::report_every_second;
use super::ticker::Ticker;
use super::worker::{Window, Worker};
use super::{Source, Summary, Tally};

/// A server that is slower than the schedule may take this much longer than planned, then the run has failed.
const GRACE: Duration = Duration::from_secs(30);

#[derive(Debug, Clone)]
pub struct OpenLoop {
    pub name: String,
    pub address: SocketAddr,
    pub warm_up: Duration,
    pub length: Duration,
    pub arrivals_per_s: f64,
}

impl OpenLoop {
    /// One connection per source. An arrival that finds all connections busy waits, and its wait counts.
    pub async fn run<S: Source>(&self, sources: Vec<S>) -> anyhow::Result<Summary> {
        anyhow::ensure!(self.arrivals_per_s > 0.0, "{}: a schedule needs a rate above 0", self.name);
        let tally = Arc::new(Mutex::new(Tally::default()));
        let ticker = Ticker::start();
        let mut workers = Vec::new();
        // Answers late because of a backlog must count too, so the window has no end but the run's.
        let window = Window::after(self.warm_up, self.length + GRACE);
        for source in sources {
            let mut worker = Worker::new(self.address, source, tally.clone(), window);
            worker.connect().await;
            workers.push(worker);
        }
        let schedule = Arc::new(Schedule::new(self.arrivals_per_s, self.warm_up + self.length));
        let progress = tokio::spawn(report_every_second(self.name.clone(), tally.clone()));
        let running =
            workers.into_iter().map(|worker| tokio::spawn(follow(worker, schedule.clone(), ticker.clone())));
        let running = futures_util::future::try_join_all(running.collect::<Vec<_>>());
        let begun = Instant::now();
        let limit = self.warm_up + self.length + GRACE;
        let ended = tokio::time::timeout(limit, running).await;
        let took = begun.elapsed();
        progress.abort();
        let Ok(ended) = ended else {
            anyhow::bail!(
                "{}: the server fell {GRACE:?} behind {} arrivals/s",
                self.name,
                self.arrivals_per_s
            )
        };
        ended?;
        let tally = tally.lock().expect("no holder of the tally panics");
        // A server that did not keep up took longer.
        Ok(tally.summary(took.saturating_sub(self.warm_up).max(self.length)))
    }
}

async fn follow<S: Source>(mut worker: Worker<S>, schedule: Arc<Schedule>, ticker: Ticker) {
    loop {
        worker.prepare();
        let Some(intended) = schedule.next() else { return };
        if Instant::now() < intended {
            ticker.wait_until(intended).await;
        }
        worker.run_prepared(intended).await;
    }
}

/// Evenly spaced arrivals, handed out in order.
#[derive(Debug)]
struct Schedule {
    start: Instant,
    spacing_ns: f64,
    arrivals: u64,
    taken: AtomicU64,
}

impl Schedule {
    fn new(per_s: f64, length: Duration) -> Self {
        let arrivals = (per_s * length.as_secs_f64()) as u64;
        Self { start: Instant::now(), spacing_ns: 1e9 / per_s, arrivals, taken: AtomicU64::new(0) }
    }

    fn next(&self) -> Option<Instant> {
        let index = self.taken.fetch_add(1, Ordering::Relaxed);
        let offset = Duration::from_nanos((index as f64 * self.spacing_ns) as u64);
        (index < self.arrivals).then(|| self.start + offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loadgen::Response;
    use crate::loadgen::echo_server::{EchoServer, Manner};

    struct Hello;

    impl Source for Hello {
        fn next(&mut self, request: &mut Vec<u8>) {
            request.clear();
            request.extend_from_slice(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello");
        }

        fn judge(&mut self, response: &Response) -> Result<u64, String> {
            if response.body == b"hello" { Ok(1) } else { Err(response.excerpt()) }
        }
    }

    async fn run(connections: usize, arrivals_per_s: f64) -> Summary {
        let server = EchoServer::start(Manner::Length).await;
        let open = OpenLoop {
            name: "test".into(),
            address: server.address,
            warm_up: Duration::ZERO,
            length: Duration::from_millis(300),
            arrivals_per_s,
        };
        open.run((0..connections).map(|_| Hello).collect()).await.unwrap()
    }

    #[tokio::test]
    async fn every_arrival_of_the_schedule_is_sent_once() {
        assert_eq!(run(8, 2_000.0).await.units, 600);
    }

    #[tokio::test]
    async fn a_backlog_counts_from_the_intended_start() {
        // Far more than one connection can carry: the last arrivals have waited for all those before them, so the
        // worst latency must come near the overrun of the whole run, not near one round trip.
        let started = Instant::now();
        let summary = run(1, 400_000.0).await;
        let overrun = started.elapsed() - Duration::from_millis(300);
        assert_eq!(summary.units, 120_000);
        assert!(summary.p999_ms > overrun.as_secs_f64() * 1_000.0 * 0.9, "{summary:?}, overrun {overrun:?}");
    }
}
