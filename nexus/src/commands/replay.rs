//! `nexus replay`: the microscope on a log, whether or not its server runs.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Result, bail};
use event_schemas::Shard;
use event_store::PostgresLog;

use crate::{
    config::{DataFolder, Database, default_data},
    database::OpenDatabase,
};

/// Verify a log, or show the books as they were
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: replay_tool::Command,

    /// The data folder
    #[arg(long, value_name = "DIR", env = "NEXUS_DATA", default_value_os_t = default_data(), global = true)]
    data: PathBuf,

    /// A Postgres of yours [default: that of the data folder]
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true, global = true)]
    database: Option<String>,
}

/// All ledgers are in the first shard of books for now.
const BOOKS: Shard = Shard(1);

pub async fn run(args: Args) -> Result<()> {
    let (data, database) = (DataFolder { path: args.data }, Database { url: args.database });
    let database = OpenDatabase::open(&data, &database).await?;
    let outcome = look(args.command, database.url()).await;
    database.close().await?;
    if !outcome? {
        bail!("the log is not as it must be: see above");
    }
    Ok(())
}

async fn look(command: replay_tool::Command, url: &str) -> Result<bool> {
    let log = PostgresLog::connect_reader(url, BOOKS).await?;
    replay_tool::run(command, Arc::new(log)).await
}
