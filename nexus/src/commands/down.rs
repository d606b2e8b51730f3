//! `nexus down`: stops the server of a data folder.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal};

use crate::{config::DataFolder, folder, say::say};

/// Longer than the door's and the sequencer's grace and Postgres's last checkpoint together.
const PATIENCE: Duration = Duration::from_secs(120);

/// Stop the server of a data folder
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    data: DataFolder,
}

pub async fn run(args: Args) -> Result<()> {
    let data = args.data.absolute()?;
    let shown = data.path.display();
    let Some(pid) = folder::owner(&data) else {
        say(&format!("No server runs on {shown}.\n"));
        return Ok(());
    };
    let process = Pid::from_raw(pid).context("a process number is not 0")?;
    rustix::process::kill_process(process, Signal::TERM)
        .with_context(|| format!("cannot stop process {pid}"))?;
    let since = Instant::now();
    while folder::owner(&data) == Some(pid) {
        if since.elapsed() > PATIENCE {
            bail!(
                "process {pid} has not stopped within {} s; its log is {}",
                PATIENCE.as_secs(),
                data.log().display()
            );
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    say(&format!("Stopped the server of {shown}.\n"));
    Ok(())
}
