//! The private Postgres of a data folder: started, brought back when it dies, stopped in order.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use infra::{Options, PrivatePostgres, PrivatePostgresError};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio_util::sync::CancellationToken;

use crate::exit::Exit;

/// The database in it that is ours.
const DATABASE: &str = "nexus_platform";
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// One that dies again so soon has a reason that a start does not mend.
const DEATHS_MAX: usize = 5;
const DEATHS_WITHIN: Duration = Duration::from_secs(60);

/// Keeps a server running until told to stop.
pub struct Keeper {
    pub url: String,
    done: CancellationToken,
    keeping: JoinHandle<Result<()>>,
}

impl Keeper {
    /// Starts the server. Cancels `stop` when it dies and cannot be brought back.
    pub async fn start(folder: &Path, stop: CancellationToken) -> Result<Keeper> {
        let mut options = Options::new(folder);
        let server = start(options.clone()).await?;
        // What vanishes from now on was a ledger's: an empty database in its place would answer nonsense.
        options.create = false;
        server.ensure_database(DATABASE).await?;
        let (url, done) = (server.url(DATABASE), CancellationToken::new());
        let keeping = tokio::spawn(keep(server, options, stop, done.clone()));
        Ok(Keeper { url, done, keeping })
    }

    /// Stops the server in order. An error tells that it had died for good.
    pub async fn stop(self) -> Result<()> {
        self.done.cancel();
        self.keeping.await.context("the task that keeps Postgres ended")?
    }
}

async fn start(options: Options) -> Result<PrivatePostgres> {
    let started = spawn_blocking(move || PrivatePostgres::start(options)).await;
    started.context("starting Postgres broke off")?.map_err(|error| match error {
        PrivatePostgresError::InUse { .. } => Exit::FolderInUse.because(error.to_string()),
        PrivatePostgresError::OtherVersion { .. } => Exit::NewerData.because(error.to_string()),
        error => error.into(),
    })
}

async fn keep(
    mut server: PrivatePostgres,
    options: Options,
    stop: CancellationToken,
    done: CancellationToken,
) -> Result<()> {
    let mut deaths: Vec<Instant> = Vec::new();
    while done.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_some() {
        let Some(status) = server.exit_status() else { continue };
        tracing::error!(%status, "Postgres died: bringing it back");
        deaths.retain(|death| death.elapsed() < DEATHS_WITHIN);
        deaths.push(Instant::now());
        // Its lock on the folder goes with it.
        release(server).await;
        let again = match deaths.len() {
            ..=DEATHS_MAX => start(options.clone()).await,
            _ => Err(anyhow::anyhow!("it died {DEATHS_MAX} times within a minute")),
        };
        server = again.inspect_err(|_| stop.cancel()).with_context(|| {
            format!(
                "the private Postgres died ({status}) and could not be brought back; its log is {}",
                log(&options)
            )
        })?;
    }
    release(server).await;
    Ok(())
}

/// Stopping waits for a checkpoint.
async fn release(server: PrivatePostgres) {
    let _ = spawn_blocking(move || server.stop()).await;
}

fn log(options: &Options) -> String {
    options.data_dir.join("server.log").display().to_string()
}
