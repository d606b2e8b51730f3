//! `nexus ledgers`: which ledgers there are.

use anyhow::Result;

use crate::{client::Client, config::Server};

/// List the ledgers
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    server: Server,
}

pub async fn run(args: Args) -> Result<()> {
    let page = Client::find(&args.server)?.get("/v1/ledgers?limit=1000").await?;
    for ledger in page["ledgers"].as_array().into_iter().flatten() {
        println!("{}", ledger["id"].as_str().unwrap_or_default());
    }
    Ok(())
}
