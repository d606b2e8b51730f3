//! Ctrl-C and SIGTERM: the first asks us to stop, the second does not wait.

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What a shell reports for a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// A token that is cancelled by the first signal. The second ends the process at once: what was answered is in the log.
pub fn stop_token() -> Result<CancellationToken> {
    let mut interrupts = signal(SignalKind::interrupt()).context("cannot listen for Ctrl-C")?;
    let mut terms = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let stop = CancellationToken::new();
    let asked = stop.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupts.recv() => {}
                _ = terms.recv() => {}
            }
            if asked.is_cancelled() {
                eprintln!("nexus: stopped at once");
                std::process::exit(INTERRUPTED);
            }
            asked.cancel();
        }
    });
    Ok(stop)
}
