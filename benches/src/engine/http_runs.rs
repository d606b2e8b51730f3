//! Each measurement over HTTP, and the count of all that was ever acknowledged.

use std::time::Duration;

use crate::loadgen::closed_loop::ClosedLoop;
use crate::loadgen::open_loop::OpenLoop;
use crate::loadgen::{Source, Summary};
use crate::server::Server;
use crate::workload::keys::KeySpace;
use crate::workload::{Books, Bulk, BulkFormat, Echo, Single, Spread};

use super::cpu::{CpuPerUnit, CpuTimes};

const BULK_ITEMS: u64 = 1_000;
const BULK_CONNECTIONS: u64 = 4;
/// Bounds what a run stores: 500,000 transfers.
const BULK_REQUESTS_MAX: u64 = 500;
const FILLED_WITHIN: Duration = Duration::from_secs(900);

pub struct HttpRuns<'a> {
    server: &'a Server,
    pub books: Books,
    seed: u64,
    streams: u64,
    length: Duration,
    posted: u64,
}

impl<'a> HttpRuns<'a> {
    pub fn new(server: &'a Server, books: Books, seed: u64, length: Duration) -> Self {
        Self { server, books, seed, streams: 0, length, posted: 0 }
    }

    pub fn server(&self) -> &'a Server {
        self.server
    }

    /// Transfers acknowledged since the start, measured or not. None is left unknown: each run repeats a request
    /// whose answer was lost until it has one.
    pub fn posted(&self) -> u64 {
        self.posted
    }

    pub async fn echo(&mut self, name: &str, connections: u64) -> anyhow::Result<Summary> {
        let sources = self.sources(connections, Echo::new);
        self.closed(name, self.length, u64::MAX).run(sources).await?.flawless(name)
    }

    pub async fn single(&mut self, name: &str, connections: u64, spread: Spread) -> anyhow::Result<Summary> {
        let sources = self.sources(connections, |books, token, keys| Single::new(books, token, keys, spread));
        let summary = self.closed(name, self.length, u64::MAX).run(sources).await?;
        self.posted += summary.units_acknowledged;
        summary.flawless(name)
    }

    /// The same, and what it cost each of the processes that share the cores.
    pub async fn single_with_cpu(
        &mut self,
        name: &str,
        connections: u64,
        spread: Spread,
    ) -> anyhow::Result<(Summary, CpuPerUnit)> {
        let server = self.server.pid()?.as_raw_nonzero().get();
        let before = CpuTimes::now(server);
        let summary = self.single(name, connections, spread).await?;
        let cpu = CpuTimes::now(server).since(&before, summary.units_acknowledged);
        Ok((summary, cpu))
    }

    pub async fn single_open(&mut self, name: &str, connections: u64, per_s: f64) -> anyhow::Result<Summary> {
        let sources =
            self.sources(connections, |books, token, keys| Single::new(books, token, keys, Spread::Uniform));
        let open = OpenLoop {
            name: name.to_owned(),
            address: self.server.address,
            warm_up: self.length / 4,
            length: self.length,
            arrivals_per_s: per_s,
        };
        let summary = open.run(sources).await?;
        self.posted += summary.units_acknowledged;
        summary.flawless(name)
    }

    pub async fn bulk(&mut self, name: &str, spread: Spread, format: BulkFormat) -> anyhow::Result<Summary> {
        let sources = self.sources(BULK_CONNECTIONS, |books, token, keys| {
            Bulk::new(books, token, keys, spread, format, BULK_ITEMS)
        });
        let summary = self.closed(name, self.length / 2, BULK_REQUESTS_MAX).run(sources).await?;
        self.posted += summary.units_acknowledged;
        summary.flawless(name)
    }

    /// Stores `transfers`, in bulk, as fast as that goes.
    pub async fn fill(&mut self, name: &str, transfers: u64) -> anyhow::Result<()> {
        let sources = self.sources(BULK_CONNECTIONS, |books, token, keys| {
            Bulk::new(books, token, keys, Spread::Uniform, BulkFormat::Ndjson, BULK_ITEMS)
        });
        let mut all = self.closed(name, FILLED_WITHIN, transfers / BULK_ITEMS);
        all.warm_up = Duration::ZERO;
        let summary = all.run(sources).await?.flawless(name)?;
        let stored = summary.units_acknowledged;
        anyhow::ensure!(stored == transfers / BULK_ITEMS * BULK_ITEMS, "{name}: {stored} stored");
        self.posted += stored;
        Ok(())
    }

    fn closed(&self, name: &str, length: Duration, requests_max: u64) -> ClosedLoop {
        let name = name.to_owned();
        ClosedLoop { name, address: self.server.address, warm_up: length / 4, length, requests_max }
    }

    /// One per connection, each with keys that no other connection or run has.
    fn sources<S: Source>(&mut self, count: u64, make: impl Fn(&Books, &str, KeySpace) -> S) -> Vec<S> {
        let first = self.streams;
        self.streams += count;
        let streams = first..self.streams;
        streams
            .map(|stream| make(&self.books, &self.server.token, KeySpace { seed: self.seed, stream }))
            .collect()
    }
}
