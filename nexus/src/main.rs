//! The one binary: every role as a subcommand.

mod client;
mod commands;
mod config;
mod exit;

use std::process::ExitCode;

use clap::Parser;

/// An event-sourced double-entry ledger: the server, its tools, and its client.
#[derive(Parser)]
#[command(name = "nexus", version, about, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: commands::Command,
}

#[tokio::main]
async fn main() -> ExitCode {
    match Cli::parse().command.run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => exit::tell(&error),
    }
}
