//! Two servers in turn: one with few records, new in each round, and one with millions. The ratio is taken per round.

use std::time::Duration;

use super::{Run, cold_start, fold, verify};
use crate::engine::http_runs::HttpRuns;
use crate::engine::stored::Stored;
use crate::server::Server;
use crate::workload::{Books, BulkFormat, Spread};

const WALLETS: u32 = 10_000;
const CONNECTIONS: u64 = 64;

/// Transfers/s of one server: single and bulk.
struct Speeds {
    single: f64,
    bulk: f64,
}

pub async fn measure(run: &mut Run<'_>) -> anyhow::Result<()> {
    let launch = run.launch("full");
    let server = launch.start().await?;
    let books = Books::new("bench", WALLETS);
    eprintln!("full: opening {WALLETS} wallets, then {} transfers", run.sizes.many_records);
    server.api().open_books(&books).await?;
    let mut full = HttpRuns::new(&server, books, run.seed, run.sizes.length);
    let stored = Stored::connect(&launch.data).await?;
    let before = stored.bytes().await?;
    full.fill("full: fill", run.sizes.many_records).await?;
    let bytes = stored.bytes().await? - before;
    run.figures.add("scale.stored.bytes_per_transfer", bytes as f64 / run.sizes.many_records as f64);

    for round in 0..run.sizes.rounds {
        eprintln!("round {} of {}", round + 1, run.sizes.rounds);
        let few = fresh(run, round).await?;
        stored.settle().await?;
        let many = speeds(&mut full, "5m").await?;
        run.figures.add("scale.records_100k.single.c64.per_s", few.single);
        run.figures.add("scale.records_100k.bulk1000.per_s", few.bulk);
        run.figures.add("scale.records_5m.single.c64.per_s", many.single);
        run.figures.add("scale.records_5m.bulk1000.per_s", many.bulk);
        run.figures.add("scale.ratio.single_5m_over_100k", many.single / few.single);
        run.figures.add("scale.ratio.bulk_5m_over_100k", many.bulk / few.bulk);
    }
    stored.settle().await?;
    fold::measure(run, stored.url()).await?;
    verify::measure(run, &launch).await?;
    server.stop().await?;
    let took = cold_start::timed(&launch).await?;
    run.figures.add("scale.cold_start_5m_records_s", took.as_secs_f64());
    Ok(())
}

/// A server of its own each time: what it stores while it is measured would soon not be few records any more.
async fn fresh(run: &Run<'_>, round: u32) -> anyhow::Result<Speeds> {
    let launch = run.launch(&format!("fresh{round}"));
    let server: Server = launch.start().await?;
    let books = Books::new("bench", WALLETS);
    server.api().open_books(&books).await?;
    let mut http = HttpRuns::new(&server, books, run.seed + 1 + u64::from(round), run.sizes.length);
    http.fill("fresh: fill", run.sizes.few_records).await?;
    Stored::connect(&launch.data).await?.settle().await?;
    let speeds = speeds(&mut http, "100k").await?;
    server.stop().await?;
    std::fs::remove_dir_all(&launch.data)?;
    Ok(speeds)
}

async fn speeds(http: &mut HttpRuns<'_>, records: &str) -> anyhow::Result<Speeds> {
    // The checkpoint just made leaves the first change of every page to be written whole: not part of what is compared.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let single = http.single(&format!("{records}: single"), CONNECTIONS, Spread::Uniform).await?;
    let bulk = http.bulk(&format!("{records}: bulk"), Spread::Uniform, BulkFormat::Ndjson).await?;
    Ok(Speeds { single: single.per_s, bulk: bulk.per_s })
}
