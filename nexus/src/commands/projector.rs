//! `nexus projector`: the views as a process of their own.

use std::sync::Arc;

use anyhow::{Context, Result};
use event_store::PostgresLog;

use crate::{
    config::Logging,
    say::say,
    service::{self, BOOKS},
    signals, telemetry,
};

/// Fold the log into views, as a process of its own
///
/// `nexus up` does the same inside. Two on one database share the work: each build has one projector at a time, and the
/// others stand by.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Only these views [default: all]
    views: Vec<String>,

    /// The Postgres that holds the log
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    database: String,

    #[command(flatten)]
    logging: Logging,
}

pub async fn run(args: Args) -> Result<()> {
    let telemetry = telemetry::start(&args.logging).await?;
    let result = project(&args).await;
    telemetry.stop().await;
    result
}

async fn project(args: &Args) -> Result<()> {
    let stop = signals::stop_token()?;
    service::migrate(&args.database).await?;
    let log = PostgresLog::connect_reader(&args.database, BOOKS).await.context("cannot open the log")?;
    let projectors = projections::start(&args.database, Arc::new(log), &args.views).await?;
    say("The views are being folded. Ctrl-C stops; the next start goes on where it was.\n");
    stop.cancelled().await;
    projectors.stop().await;
    Ok(())
}
