//! `nexus import csv`: post the rows of a file.

use anyhow::Result;

use crate::import::{self, CsvArgs};

/// Post the rows of a file, each of them once
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
}

pub async fn run(args: Args) -> Result<()> {
    match args.format {
        Format::Csv(args) => import::csv(args).await,
    }
}
