//! One round: every figure once, those that are compared next to each other. The median of the rounds counts.

use std::time::Duration;

use super::http_runs::HttpRuns;
use super::sample::{RECORDS_PER_ROW, Sample};
use super::stored::Stored;
use crate::figures::Figures;
use crate::loadgen::Summary;
use crate::peers::{Append, Batch, PeerDatabase, RowLocks};
use crate::workload::{BulkFormat, Spread};

/// The share of the closed loop's rate that the open loop offers.
const OPEN_SHARE: f64 = 0.7;

pub struct Peers<'a> {
    database: &'a PeerDatabase,
    row_locks: RowLocks<'a>,
    batch: Batch<'a>,
    batch_connections: u64,
    append: Append<'a>,
    sample: Sample,
}

impl<'a> Peers<'a> {
    pub async fn create(database: &'a PeerDatabase, accounts: u32, sample: Sample) -> anyhow::Result<Self> {
        Ok(Self {
            database,
            row_locks: RowLocks::create(database, accounts).await?,
            batch: Batch::create(database, accounts).await?,
            batch_connections: 1,
            append: Append::create(database).await?,
            sample,
        })
    }

    pub async fn check(&self) -> anyhow::Result<()> {
        self.row_locks.check().await?;
        self.batch.check().await
    }
}

pub struct Rounds<'a, 'b> {
    pub http: &'a mut HttpRuns<'b>,
    pub peers: Peers<'b>,
    pub stored: Stored,
    pub figures: &'a mut Figures,
    pub length: Duration,
}

impl Rounds<'_, '_> {
    /// Batches that touch the same accounts wait for each other, so more connections need not be faster: the peer
    /// gets the number that suits it best here.
    pub async fn choose_batch_connections(&mut self) -> anyhow::Result<()> {
        let mut best = 0.0;
        for connections in [1, 2, 4] {
            let name = format!("sql.batch500 on {connections}");
            let summary = self.peers.batch.run(&name, connections, self.length / 2).await?;
            if summary.per_s > best {
                best = summary.per_s;
                self.peers.batch_connections = connections;
            }
        }
        Ok(())
    }

    pub async fn run_one(&mut self) -> anyhow::Result<()> {
        self.singles_and_their_ceilings().await?;
        self.bulk_and_its_ceiling().await?;
        self.one_connection_and_its_ceiling().await?;
        for connections in [16, 256] {
            let name = format!("http.single.c{connections}.uniform");
            let summary = self.http.single(&name, connections, Spread::Uniform).await?;
            self.add(&name, &summary);
        }
        let uniform = self.peers.row_locks.run("sql.row_locks.uniform", Spread::Uniform, self.length).await?;
        self.figures.add("sql.row_locks.uniform.per_s", uniform.per_s);
        let batch = self.peers.batch.run("sql.batch500", self.peers.batch_connections, self.length).await?;
        self.figures.add("sql.batch500.per_s", batch.per_s);
        self.peers.database.settle().await
    }

    /// echo, uniform, its open loop, hot, row locks: each next to the one that it is compared with.
    async fn singles_and_their_ceilings(&mut self) -> anyhow::Result<()> {
        let echo = self.http.echo("ceiling.echo.c64", 64).await?;
        self.add("ceiling.echo.c64", &echo);
        let name = "http.single.c64.uniform";
        let (uniform, cpu) = self.http.single_with_cpu(name, 64, Spread::Uniform).await?;
        self.add(name, &uniform);
        cpu.add_to(self.figures, name);
        let open = self.http.single_open("http.single.c64.open70", 64, uniform.per_s * OPEN_SHARE).await?;
        self.add("http.single.c64.open70", &open);
        let hot = self.http.single("http.single.c64.hot", 64, Spread::Hot).await?;
        self.add("http.single.c64.hot", &hot);
        let row_locks = self.peers.row_locks.run("sql.row_locks.hot", Spread::Hot, self.length).await?;
        self.figures.add("sql.row_locks.hot.per_s", row_locks.per_s);
        // What it leaves to be written is written now, not while something else is measured.
        self.peers.database.settle().await?;

        self.figures.add("ratio.single_over_echo", uniform.per_s / echo.per_s);
        self.figures.add("ratio.hot_over_uniform", hot.per_s / uniform.per_s);
        self.figures.add("ratio.hot_over_row_locks_hot", hot.per_s / row_locks.per_s);
        Ok(())
    }

    async fn bulk_and_its_ceiling(&mut self) -> anyhow::Result<()> {
        let rows = self.peers.sample.rows.clone();
        let append =
            self.peers.append.run("ceiling.append", rows, RECORDS_PER_ROW as u64, self.length / 2).await?;
        self.figures.add("ceiling.append.per_s", append.per_s);
        let bytes_before = self.stored.bytes().await?;
        let uniform = self.http.bulk("http.bulk1000.uniform", Spread::Uniform, BulkFormat::Ndjson).await?;
        let bytes = self.stored.bytes().await? - bytes_before;
        self.figures.add("stored.bytes_per_transfer.bulk", bytes as f64 / uniform.units_acknowledged as f64);
        self.add("http.bulk1000.uniform", &uniform);
        let hot = self.http.bulk("http.bulk1000.hot", Spread::Hot, BulkFormat::Ndjson).await?;
        self.add("http.bulk1000.hot", &hot);
        let json =
            self.http.bulk("http.bulk1000_json.uniform", Spread::Uniform, BulkFormat::JsonArray).await?;
        self.add("http.bulk1000_json.uniform", &json);
        self.figures.add("ratio.bulk_over_append", uniform.per_s / append.per_s);
        self.figures.add("ratio.bulk_hot_over_uniform", hot.per_s / uniform.per_s);
        Ok(())
    }

    async fn one_connection_and_its_ceiling(&mut self) -> anyhow::Result<()> {
        let rows = vec![self.peers.sample.record.clone()];
        let append = self.peers.append.run("ceiling.append1", rows, 1, self.length / 2).await?;
        self.figures.add("ceiling.append1.p50_ms", append.p50_ms);
        let single = self.http.single("http.single.c1.uniform", 1, Spread::Uniform).await?;
        self.add("http.single.c1.uniform", &single);
        self.figures.add("ratio.single_c1_over_append1", single.p50_ms / append.p50_ms);
        self.figures.add("http.single.c1.over_2_appends_ms", single.p50_ms - 2.0 * append.p50_ms);
        Ok(())
    }

    fn add(&mut self, name: &str, summary: &Summary) {
        self.figures.add(format!("{name}.per_s"), summary.per_s);
        self.figures.add_latencies(name, summary);
    }
}
