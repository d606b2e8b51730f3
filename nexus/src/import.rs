//! Importing files: a mapping turns rows into transactions, which are posted once each.

mod amount;
mod answer;
mod balances;
mod columns;
mod conflict;
mod date;
mod decode;
mod exchange;
mod journal;
pub mod key;
mod ledger;
mod mapping;
mod number;
mod plan;
pub mod posting;
mod progress;
mod rates;
mod reader;
mod rejects;
mod rule;
mod run;
mod show;
mod source;
mod template;

use std::{collections::VecDeque, path::PathBuf};

use anyhow::{Context, Result};
use event_schemas::LedgerId;

pub use journal::{JournalArgs, journal};

use crate::{client::Client, config::Server, exit::Exit};
use balances::Balances;
use conflict::Comparer;
use ledger::Ledger;
use mapping::{Faults, Mapping};
use plan::Plan;
use progress::Display;
use rejects::{Rejects, RejectsFile};
use run::{Counts, Import, Report};
use source::{FileFormat, Source};

/// What is to be imported, and how.
#[derive(clap::Args, Debug)]
pub struct CsvArgs {
    /// The file to import
    pub file: PathBuf,

    /// How its columns become transactions (TOML; docs/import.md)
    #[arg(long, value_name = "MAP.toml")]
    pub mapping: PathBuf,

    /// Show the first transactions, ask the server about all, and change nothing
    #[arg(long)]
    pub dry_run: bool,

    /// The ledger to post to, where the mapping does not say so
    #[arg(long)]
    pub ledger: Option<String>,

    /// Open the ledger, and register the mapping's assets, where they are not there
    #[arg(long)]
    pub open: bool,

    /// Write what each row's account held after it
    #[arg(long, value_name = "OUT.csv")]
    pub balances: Option<PathBuf>,

    /// Where to write refused rows [default: FILE.rejected.csv]
    #[arg(long, value_name = "OUT.csv")]
    pub rejects: Option<PathBuf>,

    #[command(flatten)]
    pub server: Server,
}

/// Fits the mapping to the file. All that does not fit is told at once.
fn fit(args: &CsvArgs, mapping: &Mapping) -> Result<(Source, Plan)> {
    let mut faults = Faults::default();
    let format = FileFormat::from_mapping(&mapping.file, &mut faults);
    let Some(format) = format else { return Err(faults.none(&args.mapping).expect_err("there is a fault")) };
    let source = Source::open(&args.file, format)?;
    match Plan::bind(mapping, &source.columns) {
        Ok(plan) => Ok((source, plan)),
        Err(faults) => Err(faults.none(&args.mapping).expect_err("there is a fault")),
    }
}

pub async fn csv(args: CsvArgs) -> Result<()> {
    let mapping = Mapping::load(&args.mapping)?;
    let (source, plan) = fit(&args, &mapping)?;
    let ledger = args.ledger.as_ref().or(mapping.ledger.as_ref());
    let ledger = ledger.context("which ledger? name it: --ledger, or ledger = \"…\" in the mapping")?;
    let ledger = LedgerId::parse(ledger).with_context(|| format!("{ledger:?} is no ledger"))?;
    let ledger = Ledger { client: Client::find(&args.server)?, id: ledger };

    if args.dry_run {
        // Read a second time: what is shown must not be missing from what is asked.
        let (source, plan) = fit(&args, &mapping)?;
        show::first_transactions(source, plan)?;
    }
    if !prepare(&args, &mapping, &ledger).await? {
        println!("the ledger {} is not there, so the server was not asked about the rows", ledger.id);
        return Ok(());
    }

    let mut import = Import {
        dry_run: args.dry_run,
        sha256: source.sha256.clone(),
        head: ledger.head().await?,
        comparer: Comparer::new(ledger.clone()),
        balances: args.balances.as_deref().map(Balances::create).transpose()?,
        rejects: Rejects::File(RejectsFile::new(source.layout.clone(), args.rejects.clone())),
        display: Display::start(source.progress.clone()),
        counts: Counts::default(),
        waiting: VecDeque::new(),
        again: VecDeque::new(),
        conflicts: Vec::new(),
        ledger,
    };
    let outcome = import.run(reader::start(source, plan)).await;
    let report = Report {
        file: args.file,
        unit: "rows",
        counts: import.counts,
        elapsed: import.display.finish(),
        dry_run: args.dry_run,
        // Also when the import broke off: what was refused so far is refused.
        rejects: match import.rejects {
            Rejects::File(file) => file.finish()?,
            Rejects::List(_) => None,
        },
        balances: import.balances.map(Balances::finish).transpose()?,
    };
    print!("{report}");
    outcome?;
    report.exit("row")
}

/// Whether there is a ledger to post to.
async fn prepare(args: &CsvArgs, mapping: &Mapping, ledger: &Ledger) -> Result<bool> {
    if !ledger.exists().await? {
        if !args.open {
            let id = &ledger.id;
            return Err(Exit::Refused.because(format!("there is no ledger {id}; --open opens it")));
        }
        if args.dry_run {
            return Ok(false);
        }
        ledger.open(mapping.time_zone.as_deref()).await?;
        println!("opened the ledger {}", ledger.id);
    }
    if args.open && !args.dry_run {
        for asset in ledger.register(&mapping.assets).await? {
            println!("registered the asset {asset}");
        }
    }
    Ok(true)
}
