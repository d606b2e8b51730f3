//! `nexus import`: post what a file holds.

use anyhow::Result;

use crate::import::{self, CsvArgs, JournalArgs};

/// Post what a file holds, each row or transaction once
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    format: Format,
}

#[derive(clap::Subcommand, Debug)]
enum Format {
    /// A file of comma-separated values, or something like it
    #[command(
        long_about = "Post the rows of a CSV file: each row once, however often and in however many files it is imported.\n\n\
        The mapping says how columns become transactions; docs/import.md explains it, examples/ has some."
    )]
    Csv(CsvArgs),

    /// A journal of hledger, Ledger or Beancount
    #[command(
        long_about = "Post the transactions of a plain-text journal (hledger, most of Ledger, Beancount): each once, however often it \
        is imported.\n\n\
        Balances that the journal asserts are checked before anything is posted, and again by the ledger. Where currencies are \
        exchanged, equity:conversion takes what is left over in each; virtual postings are balanced by equity:virtual.\n\n\
        docs/import.md explains what is read, examples/ has a journal."
    )]
    Journal(JournalArgs),
}

pub async fn run(args: Args) -> Result<()> {
    match args.format {
        Format::Csv(args) => import::csv(args).await,
        Format::Journal(args) => import::journal(args).await,
    }
}
