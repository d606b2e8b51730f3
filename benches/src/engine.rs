//! `benches engine`: all figures of the write path, in rounds, so that what is compared is measured side by side.

mod conservation;
mod cpu;
pub mod http_runs;
pub mod one;
mod rounds;
mod sample;
pub mod stored;
pub mod table;
pub mod targets;

use std::time::Duration;

use crate::figures::Figures;
use crate::ground::Ground;
use crate::machine::Machine;
use crate::output::Output;
use crate::peers::PeerDatabase;
use crate::server::Launch;
use crate::workload::Books;
use http_runs::HttpRuns;
use rounds::{Peers, Rounds};
use stored::Stored;

#[derive(clap::Args, Debug, Clone)]
pub struct Options {
    /// Two short rounds instead of five long ones
    #[arg(long)]
    quick: bool,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    ground: Ground,
    /// Wallets in the ledger
    #[arg(long, default_value_t = 10_000)]
    wallets: u32,
    #[arg(long, value_name = "N")]
    rounds: Option<u32>,
    /// Length of each measurement
    #[arg(long, value_name = "N")]
    seconds: Option<f64>,
    /// Repeats the very same requests
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Options {
    fn rounds(&self) -> u32 {
        self.rounds.unwrap_or(if self.quick { 2 } else { 5 })
    }

    fn length(&self) -> Duration {
        Duration::from_secs_f64(self.seconds.unwrap_or(if self.quick { 1.0 } else { 4.0 }))
    }
}

pub async fn run(options: Options) -> anyhow::Result<()> {
    options.output.refuse_table_with(&[("--quick", options.quick)])?;
    let scratch = options.ground.scratch()?;
    let machine = Machine::look(scratch.path());
    eprintln!("{}, seed {}", machine.describe(), options.seed);
    let launch = Launch {
        nexus: options.ground.nexus()?,
        data: scratch.path().join("nexus"),
        database: None,
        bench_echo: true,
        // What is measured is the write path; views are folded elsewhere.
        views: false,
    };
    let server = launch.start().await?;
    let database = PeerDatabase::start(&scratch.path().join("peers"))?;

    eprintln!("opening {} wallets", options.wallets);
    let books = Books::new("bench", options.wallets);
    let funded = server.api().open_books(&books).await?;
    let mut http = HttpRuns::new(&server, books.clone(), options.seed, options.length());
    let mut figures = Figures::default();
    let sample = sample::take(&mut http).await?;
    let peers = Peers::create(&database, options.wallets, sample).await?;
    let stored = Stored::connect(&launch.data).await?;
    let mut rounds =
        Rounds { http: &mut http, peers, stored, figures: &mut figures, length: options.length() };
    rounds.choose_batch_connections().await?;
    for round in 1..=options.rounds() {
        eprintln!("round {round} of {}", options.rounds());
        rounds.run_one().await?;
    }
    rounds.peers.check().await?;

    let posted = funded + http.posted();
    conservation::check(&mut server.api(), &books, posted).await?;
    server.stop().await?;

    targets::print(&figures, &targets::ENGINE);
    options.output.write("engine", &figures, &machine, options.rounds())
}
