//! `nexus open`: a new set of books.

use anyhow::Result;
use serde_json::{Map, Value, json};

use crate::{answers::text, client::Client, config::Server, output::Output};

/// Open a ledger
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Its id, such as household: lower-case letters, digits, - and _
    ledger: String,

    /// A name for people
    #[arg(long)]
    name: Option<String>,

    /// An IANA time zone, such as Europe/Prague: a bare date means the start of that day there [default: UTC]
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,

    /// Refuse postings to accounts that were not opened before
    #[arg(long)]
    open_accounts_explicitly: bool,

    /// Keep account paths out of the log's entries
    #[arg(long)]
    hide_paths: bool,

    /// The key of this request: the same key again changes nothing [default: made of the ledger's id]
    #[arg(long)]
    key: Option<String>,

    #[command(flatten)]
    output: Output,

    #[command(flatten)]
    server: Server,
}

pub async fn run(args: Args) -> Result<()> {
    let client = Client::find(&args.server)?;
    let key = args.key.clone().unwrap_or_else(|| format!("open-{}", args.ledger));
    let answer = client.post("/v1/ledgers", &key, &body(&args)).await?;
    args.output.print(&answer, words)
}

fn body(args: &Args) -> Value {
    let mut body = Map::from_iter([("id".to_owned(), json!(args.ledger))]);
    let mut put = |name: &str, value: Option<Value>| body.extend(value.map(|value| (name.to_owned(), value)));
    put("name", args.name.as_ref().map(|name| json!(name)));
    put("time_zone", args.time_zone.as_ref().map(|zone| json!(zone)));
    put("accounts", args.open_accounts_explicitly.then(|| json!("open_explicitly")));
    put("paths", args.hide_paths.then(|| json!("hidden")));
    body.into()
}

fn words(answer: &Value) -> String {
    let accounts = match text(answer, "accounts") {
        "open_on_first_use" => "accounts open on first use",
        _ => "accounts are opened explicitly",
    };
    format!(
        "Opened {} ({}, {accounts}), position {}.\n\
         Descriptions and names stand readable in its log and can never be erased.\n",
        text(answer, "ledger"),
        text(answer, "time_zone"),
        text(answer, "position"),
    )
}
