//! `nexus export`: write what a ledger holds for other programs.

use anyhow::Result;

use crate::export::{self, JournalArgs};

/// Write what a ledger holds for other programs
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    format: Format,
}

#[derive(clap::Subcommand, Debug)]
enum Format {
    /// A journal that hledger reads
    #[command(
        long_about = "Write everything that was recorded in a ledger as a journal that hledger reads: commodities, accounts with their \
        types, prices, and each transaction with its key.\n\n\
        Balances, income statement and balance sheet come out the same there. docs/import.md says what becomes of the rest."
    )]
    Journal(JournalArgs),
}

pub async fn run(args: Args) -> Result<()> {
    match args.format {
        Format::Journal(args) => export::journal(args).await,
    }
}
