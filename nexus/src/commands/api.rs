//! `nexus api`: the door and the sequencer on a given Postgres, for a service manager.

use anyhow::Result;
use command_api::telemetry::observer::Observer;

use crate::{
    config::{Door, Logging},
    say::say,
    service::{self, Service},
    signals, telemetry,
};

/// Serve the API on a Postgres of yours
///
/// Like `nexus up --database`, but without a data folder and without folding views: API keys are made with `nexus keys create`,
/// and `nexus projector` folds.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The Postgres to use
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    database: String,

    #[command(flatten)]
    door: Door,

    #[command(flatten)]
    logging: Logging,
}

pub async fn run(args: Args) -> Result<()> {
    let telemetry = telemetry::start(&args.logging).await?;
    let result = serve(&args, telemetry.observer()).await;
    telemetry.stop().await;
    result
}

async fn serve(args: &Args, observer: Option<Observer>) -> Result<()> {
    let bound = service::bind(&args.door, observer).await?;
    let stop = signals::stop_token()?;
    let service = Service::start(&args.database, false).await?;
    let address = bound.address;
    tracing::info!(%address, "serving");
    say(&format!("NEXUS serves http://{address}\n"));
    service.open(bound, stop).await?.until_stopped().await
}
