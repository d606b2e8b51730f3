//! `benches scale`: what millions of records and accounts cost, beside what few of them do.

mod accounts;
mod cold_start;
mod fold;
mod throughput;
mod verify;

use std::path::PathBuf;
use std::time::Duration;

use crate::engine::targets;
use crate::figures::Figures;
use crate::ground::Ground;
use crate::machine::Machine;
use crate::output::Output;
use crate::scratch::Scratch;
use crate::server::Launch;

#[derive(clap::Args, Debug, Clone)]
pub struct Options {
    /// Thousands instead of millions, one round: whether it works, not how fast
    #[arg(long)]
    quick: bool,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    ground: Ground,
    /// Only this part
    #[arg(long, value_name = "PART")]
    only: Option<Part>,
    /// Repeats the very same requests
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Throughput on few and on many records, fold, verification, bytes stored
    Records,
    /// Memory per account, cold start
    Accounts,
}

/// How much of everything. Figures are named after the full form, so that names are stable.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    rounds: u32,
    length: Duration,
    few_records: u64,
    many_records: u64,
    few_accounts: u64,
    /// Here the server is left alone until it has made a snapshot. The rest is not enough for another one.
    accounts_at_snapshot: u64,
    many_accounts: u64,
    repeats: u32,
}

const FULL: Sizes = Sizes {
    rounds: 5,
    length: Duration::from_secs(2),
    few_records: 100_000,
    many_records: 5_000_000,
    few_accounts: 200_000,
    accounts_at_snapshot: 510_000,
    many_accounts: 1_000_000,
    repeats: 3,
};

const QUICK: Sizes = Sizes {
    rounds: 1,
    length: Duration::from_millis(500),
    few_records: 10_000,
    many_records: 50_000,
    few_accounts: 10_000,
    accounts_at_snapshot: 25_000,
    many_accounts: 50_000,
    repeats: 1,
};

/// What every part needs.
struct Run<'a> {
    scratch: &'a Scratch,
    nexus: PathBuf,
    sizes: Sizes,
    seed: u64,
    figures: Figures,
}

impl Run<'_> {
    fn launch(&self, name: &str) -> Launch {
        let data = self.scratch.path().join(name);
        Launch { nexus: self.nexus.clone(), data, database: None, bench_echo: false, views: true }
    }
}

pub async fn run(options: Options) -> anyhow::Result<()> {
    options.output.refuse_table_with(&[("--quick", options.quick), ("--only", options.only.is_some())])?;
    let scratch = options.ground.scratch()?;
    let machine = Machine::look(scratch.path());
    eprintln!("{}, seed {}", machine.describe(), options.seed);
    let mut run = Run {
        scratch: &scratch,
        nexus: options.ground.nexus()?,
        sizes: if options.quick { QUICK } else { FULL },
        seed: options.seed,
        figures: Figures::default(),
    };
    if options.only != Some(Part::Records) {
        accounts::measure(&mut run).await?;
    }
    if options.only != Some(Part::Accounts) {
        throughput::measure(&mut run).await?;
    }
    let figures = run.figures;
    if options.quick {
        eprintln!(
            "quick: everything was done, but with too little for the figures to mean what they are called"
        );
    } else {
        targets::print(&figures, &targets::SCALE);
    }
    options.output.write("scale", &figures, &machine, run.sizes.rounds)
}
