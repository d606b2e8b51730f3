//! `benches one NAME`: a single measurement over HTTP, for a profiler or for a quick look.

use std::time::Duration;

use super::cpu::CpuTimes;
use super::http_runs::HttpRuns;
use crate::ground::Ground;
use crate::server::Launch;
use crate::workload::{Books, BulkFormat, Spread};

#[derive(clap::Args, Debug, Clone)]
pub struct Options {
    what: What,
    /// Connections; a bulk has its own number
    #[arg(long, default_value_t = 64)]
    connections: u64,
    /// Length of each repeat
    #[arg(long, default_value_t = 4.0)]
    seconds: f64,
    #[arg(long, default_value_t = 3)]
    repeats: u32,
    #[arg(long, default_value_t = 10_000)]
    wallets: u32,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    ground: Ground,
}

#[derive(clap::ValueEnum, Debug, Clone, Copy)]
enum What {
    Echo,
    Single,
    Hot,
    Bulk,
    BulkJson,
}

pub async fn run(options: Options) -> anyhow::Result<()> {
    let scratch = options.ground.scratch()?;
    let launch = Launch {
        nexus: options.ground.nexus()?,
        data: scratch.path().join("nexus"),
        database: None,
        bench_echo: true,
        views: false,
    };
    let server = launch.start().await?;
    let books = Books::new("bench", options.wallets);
    server.api().open_books(&books).await?;
    let pid = server.pid()?.as_raw_nonzero().get();
    let mut http = HttpRuns::new(&server, books, options.seed, Duration::from_secs_f64(options.seconds));
    let name = format!("{:?}", options.what).to_lowercase();
    for _ in 0..options.repeats {
        let before = CpuTimes::now(pid);
        let summary = match options.what {
            What::Echo => http.echo(&name, options.connections).await?,
            What::Single => http.single(&name, options.connections, Spread::Uniform).await?,
            What::Hot => http.single(&name, options.connections, Spread::Hot).await?,
            What::Bulk => http.bulk(&name, Spread::Uniform, BulkFormat::Ndjson).await?,
            What::BulkJson => http.bulk(&name, Spread::Uniform, BulkFormat::JsonArray).await?,
        };
        let cpu = CpuTimes::now(pid).since(&before, summary.units_acknowledged);
        println!(
            "{name} {:.0}/s, p50 {:.3} ms, p99 {:.3} ms, p99.9 {:.3} ms; {cpu}",
            summary.per_s, summary.p50_ms, summary.p99_ms, summary.p999_ms
        );
    }
    server.stop().await
}
