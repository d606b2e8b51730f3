//! `nexus replay`: the words of its command line.

use std::sync::Arc;

use anyhow::Result;
use event_schemas::LedgerId;
use event_store::Log;

use crate::progress::Progress;
use crate::state::{At, state_at};
use crate::verify::verify;

/// What to do with a log.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Check the whole log: every hash, every record decided again, every balance
    ///
    /// Exits with 1 and names the first bad record, else prints the tree head.
    Verify {
        /// Print the outcome as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show all balances as they were
    State {
        /// A position such as 1:17, or a recorded time such as 2026-11-23T10:00:00Z; else the head
        #[arg(long, value_name = "POSITION|TIME")]
        at: Option<At>,
        /// Only this ledger
        #[arg(long)]
        ledger: Option<LedgerId>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Whether all is well. False: something bad was found, and printed.
pub async fn run(command: Command, log: Arc<dyn Log>) -> Result<bool> {
    let progress = Progress::default();
    match command {
        Command::Verify { json } => {
            let outcome = progress.shown_while(verify(log, progress.clone())).await?;
            match &outcome {
                Ok(verified) if json => println!("{}", serde_json::to_string_pretty(verified)?),
                Ok(verified) => println!("{verified}"),
                Err(finding) if json => println!("{}", serde_json::to_string_pretty(finding)?),
                Err(finding) => println!("{finding}"),
            }
            Ok(outcome.is_ok())
        }
        Command::State { at, ledger, json } => {
            let state = state_at(&log, at.unwrap_or(At::Head), ledger.as_ref(), &progress);
            let state = progress.shown_while(state).await?;
            if json {
                println!("{}", serde_json::to_string_pretty(&state)?);
            } else {
                println!("{state}");
            }
            Ok(true)
        }
    }
}
