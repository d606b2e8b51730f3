//! `nexus reverse`: takes a transaction back, whole and once.

use anyhow::Result;
use serde_json::{Map, json};

use crate::{
    answers,
    client::{Client, segment},
    config::Server,
    output::Output,
};

/// Reverse a transaction, whole and once
///
/// Nothing is erased: a second transaction with the sides exchanged is posted.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The ledger, such as household
    ledger: String,

    /// The id of the transaction: the key under which it was posted
    transaction: String,

    /// When the reversal takes effect: a date or an instant [default: now]
    #[arg(long, value_name = "DATE")]
    on: Option<String>,

    /// What it was about; stands readable in the log
    #[arg(long, short, value_name = "TEXT")]
    description: Option<String>,

    /// The reversal's own id: the same key again changes nothing [default: made of the transaction's]
    #[arg(long)]
    key: Option<String>,

    /// Say what would happen, and record nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    output: Output,

    #[command(flatten)]
    server: Server,
}

pub async fn run(args: Args) -> Result<()> {
    let client = Client::find(&args.server)?;
    let key = args.key.unwrap_or_else(|| format!("reverse-{}", args.transaction));
    let mut body = Map::new();
    for (name, value) in [("effective_at", args.on), ("description", args.description)] {
        body.extend(value.map(|value| (name.to_owned(), json!(value))));
    }
    let query = if args.dry_run { "?dry_run=true" } else { "" };
    let (ledger, transaction) = (segment(&args.ledger), segment(&args.transaction));
    let path = format!("/v1/ledgers/{ledger}/transactions/{transaction}/reverse{query}");
    let answer = client.post(&path, &key, &body.into()).await?;
    args.output.print(&answer, |answer| answers::posted(answer, "Reversed"))
}
