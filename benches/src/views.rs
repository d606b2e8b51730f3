//! `benches views`: how fast views are built, how soon they answer, and how far they are behind the log.

mod asks;
mod balances;
mod build;
mod dated;
mod described;
mod end_to_end;
mod journal;
mod searches;
mod statements;

use std::path::PathBuf;
use std::time::Duration;

use crate::engine::targets;
use crate::figures::Figures;
use crate::ground::Ground;
use crate::machine::Machine;
use crate::output::Output;
use crate::scratch::Scratch;
use crate::server::Launch;
use journal::Journal;

const LEDGER: &str = "bench";

#[derive(clap::Args, Debug, Clone)]
pub struct Options {
    /// Thousands instead of millions: whether it works, not how fast
    #[arg(long)]
    quick: bool,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    ground: Ground,
    /// Only this part; may be said of several
    #[arg(long, value_name = "PART")]
    only: Vec<Part>,
    /// Repeats the very same requests
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Balances at two times on few and on many entries; rebuilds
    Balances,
    /// The named searches, each over all transactions
    Search,
    /// Statements of many lines
    Statement,
    /// From a request to all views, for a minute
    EndToEnd,
}

/// How much of everything. Figures are named after the full form, so that names are stable.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    wallets: u32,
    few_transfers: u64,
    many_transfers: u64,
    late_transfers: u64,
    described_transactions: u64,
    statement_lines: u64,
    asked_for: Duration,
    searched_for: Duration,
    end_to_end: Duration,
    /// Of the steady part of the run from end to end.
    rate: f64,
}

const FULL: Sizes = Sizes {
    wallets: 10_000,
    few_transfers: 50_000,
    many_transfers: 5_000_000,
    late_transfers: 100_000,
    described_transactions: 1_000_000,
    statement_lines: 10_000,
    asked_for: Duration::from_secs(15),
    searched_for: Duration::from_secs(8),
    end_to_end: Duration::from_secs(60),
    rate: 8_000.0,
};

const QUICK: Sizes = Sizes {
    wallets: 1_000,
    few_transfers: 2_000,
    many_transfers: 10_000,
    late_transfers: 2_000,
    described_transactions: 5_000,
    statement_lines: 50,
    asked_for: Duration::from_millis(500),
    searched_for: Duration::from_millis(500),
    end_to_end: Duration::from_millis(1_500),
    rate: 500.0,
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
    fn launch(&self, name: &str, views: bool) -> Launch {
        let data = self.scratch.path().join(name);
        Launch { nexus: self.nexus.clone(), data, database: None, bench_echo: false, views }
    }
}

pub async fn run(options: Options) -> anyhow::Result<()> {
    options.output.refuse_table_with(&[("--quick", options.quick), ("--only", !options.only.is_empty())])?;
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
    let wanted = |part| options.only.is_empty() || options.only.contains(&part);
    if wanted(Part::Balances) {
        balances::measure(&mut run).await?;
    }
    if wanted(Part::Search) || wanted(Part::Statement) {
        let journal = Journal::build(&mut run, wanted(Part::Statement)).await?;
        if wanted(Part::Search) {
            searches::measure(&mut run, &journal).await?;
        }
        if wanted(Part::Statement) {
            statements::measure(&mut run, &journal).await?;
        }
        journal.server.stop().await?;
    }
    if wanted(Part::EndToEnd) {
        end_to_end::measure(&mut run).await?;
    }
    let figures = run.figures;
    if options.quick {
        eprintln!(
            "quick: everything was done, but with too little for the figures to mean what they are called"
        );
    } else {
        targets::print(&figures, &targets::VIEWS);
    }
    options.output.write("views", &figures, &machine, 1)
}
