//! The closed loop: every connection sends its next request as soon as the last is answered.
//!
//! It finds the most that a server can do. Its latencies hide waiting that a real arrival would see: for those the
//! open loop is there.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::progress::report_every_second;
use super::worker::{Window, Worker};
use super::{Source, Summary, Tally};

/// How long stragglers may take after the window has closed, before the run counts as failed.
const GRACE: Duration = Duration::from_secs(30);

#[derive(Debug, Clone)]
pub struct ClosedLoop {
    pub name: String,
    pub address: SocketAddr,
    pub warm_up: Duration,
    pub length: Duration,
    /// Ends the run early: bulk runs are bounded in what they store.
    pub requests_max: u64,
}

impl ClosedLoop {
    /// One connection per source. Every request that was sent has a known outcome when this returns `Ok`.
    pub async fn run<S: Source>(&self, sources: Vec<S>) -> anyhow::Result<Summary> {
        let tally = Arc::new(Mutex::new(Tally::default()));
        let mut workers = Vec::new();
        let mut window = Window::after(self.warm_up, self.length);
        for source in sources {
            let mut worker = Worker::new(self.address, source, tally.clone(), window);
            worker.connect().await;
            workers.push(worker);
        }
        let requests = Arc::new(AtomicU64::new(0));
        let progress = tokio::spawn(report_every_second(self.name.clone(), tally.clone()));
        let running: Vec<_> = workers
            .into_iter()
            .map(|mut worker| {
                let (requests, requests_max) = (requests.clone(), self.requests_max);
                tokio::spawn(async move {
                    let mut now = Instant::now();
                    while now < window.until && requests.fetch_add(1, Ordering::Relaxed) < requests_max {
                        worker.prepare();
                        worker.run_prepared(now).await;
                        now = Instant::now();
                    }
                    now
                })
            })
            .collect();
        let limit = self.warm_up + self.length + GRACE;
        let ended = tokio::time::timeout(limit, futures_util::future::try_join_all(running)).await;
        progress.abort();
        let Ok(ended) = ended else {
            anyhow::bail!("{}: requests were still unanswered {GRACE:?} after the end", self.name)
        };
        let last = ended?.into_iter().max().unwrap_or(window.until);
        // A run that its request count ended is measured over the time it took.
        window.until = window.until.min(last);
        anyhow::ensure!(window.until > window.from, "{}: ended within its warm-up", self.name);
        let tally = tally.lock().expect("no holder of the tally panics");
        Ok(tally.summary(window.length()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loadgen::Response;
    use crate::loadgen::echo_server::{EchoServer, Manner};

    pub struct Hello;

    impl Source for Hello {
        fn next(&mut self, request: &mut Vec<u8>) {
            request.clear();
            request.extend_from_slice(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello");
        }

        fn judge(&mut self, response: &Response) -> Result<u64, String> {
            if response.body == b"hello" { Ok(1) } else { Err(response.excerpt()) }
        }
    }

    async fn run(manner: Manner, connections: usize, requests_max: u64) -> (Summary, u64) {
        let server = EchoServer::start(manner).await;
        let closed = ClosedLoop {
            name: "test".into(),
            address: server.address,
            warm_up: Duration::ZERO,
            length: Duration::from_secs(20),
            requests_max,
        };
        let summary = closed.run((0..connections).map(|_| Hello).collect()).await.unwrap();
        (summary, server.requests.load(Ordering::Relaxed))
    }

    #[tokio::test]
    async fn it_sends_as_many_requests_as_it_was_told_and_counts_each_once() {
        let (summary, served) = run(Manner::Length, 8, 1_000).await;
        assert_eq!((summary.units, summary.units_acknowledged, served), (1_000, 1_000, 1_000));
        assert_eq!((summary.errors, summary.lost), (0, 0));
        assert!(summary.per_s > 0.0 && summary.p50_ms <= summary.p999_ms);
    }

    #[tokio::test]
    async fn a_lost_connection_and_a_503_are_counted_and_the_request_is_sent_again() {
        let (summary, served) = run(Manner::Flaky, 1, 80).await;
        // Of 10 requests served, 8 get their answer.
        assert_eq!((summary.units_acknowledged, served), (80, 100));
        assert_eq!((summary.lost, summary.by_status[&503], summary.retries), (10, 10, 20));
        assert!(summary.flawless("test").is_err());
    }
}
