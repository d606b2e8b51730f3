//! `nexus rate`: records what one unit of a currency is worth in another.

use anyhow::Result;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{
    answers::text,
    client::{Client, segment},
    config::Server,
    output::Output,
};

/// Record an exchange rate
///
/// Balances are valued in another currency by the rates that were recorded.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example: nexus rate household EUR CZK 25.10 --on 2026-11-23 --source CNB")]
pub struct Args {
    /// The ledger, such as household
    ledger: String,

    /// The currency that is priced, such as EUR
    base: String,

    /// The currency in which it is priced, such as CZK
    quote: String,

    /// What one unit of the first is worth in the second, such as 25.10
    rate: String,

    /// From when it holds: a date, or an instant such as 2026-11-23T10:00:00Z [default: now]
    #[arg(long, visible_alias = "at", value_name = "DATE")]
    on: Option<String>,

    /// Who says so; stands readable in the log
    #[arg(long, value_name = "TEXT")]
    source: Option<String>,

    /// The key of this request: the same key again records nothing new [default: made here]
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
    let key = args.key.unwrap_or_else(|| Uuid::new_v4().to_string());
    let mut body = Map::new();
    for (name, value) in [("base", args.base), ("quote", args.quote), ("rate", args.rate)] {
        body.insert(name.to_owned(), json!(value));
    }
    for (name, value) in [("effective_at", args.on), ("source", args.source)] {
        body.extend(value.map(|value| (name.to_owned(), json!(value))));
    }
    let query = if args.dry_run { "?dry_run=true" } else { "" };
    let path = format!("/v1/ledgers/{}/rates{query}", segment(&args.ledger));
    let answer = client.post(&path, &key, &body.into()).await?;
    args.output.print(&answer, words)
}

fn words(answer: &Value) -> String {
    let [ledger, base, quote, rate, from] =
        ["ledger", "base", "quote", "rate", "effective_at"].map(|name| text(answer, name));
    let rate = format!("1 {base} = {rate} {quote} from {from} on");
    match answer["position"].as_str() {
        Some(position) => format!("Recorded in {ledger}: {rate}, position {position}.\n"),
        None => format!("A dry run: this would be recorded in {ledger}: {rate}. Nothing was recorded.\n"),
    }
}
