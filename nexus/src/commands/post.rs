//! `nexus post`: an amount from one account to another.

use anyhow::Result;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{
    answers,
    client::{Client, segment},
    config::Server,
    output::Output,
};

/// Post a transaction
///
/// Takes an amount from one account, which is credited, and gives it to another, which is debited.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example: nexus post household 12.34 EUR --from assets:bank --to expenses:food")]
pub struct Args {
    /// The ledger, such as household
    ledger: String,

    /// Such as 12.34
    amount: String,

    /// Such as EUR
    currency: String,

    /// The account that is credited
    #[arg(long, value_name = "ACCOUNT")]
    from: String,

    /// The account that is debited
    #[arg(long, value_name = "ACCOUNT")]
    to: String,

    /// When it happened: a date, or an instant such as 2026-11-23T10:00:00Z [default: now]
    #[arg(long, value_name = "DATE")]
    on: Option<String>,

    /// What it was about; stands readable in the log
    #[arg(long, short, value_name = "TEXT")]
    description: Option<String>,

    /// Its number on somebody else's paper, such as an invoice's
    #[arg(long, value_name = "TEXT")]
    reference: Option<String>,

    /// The transaction's id: the same key again posts nothing new [default: made here]
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
    let key = args.key.clone().unwrap_or_else(|| Uuid::new_v4().to_string());
    let query = if args.dry_run { "?dry_run=true" } else { "" };
    let path = format!("/v1/ledgers/{}/transactions{query}", segment(&args.ledger));
    let answer = client.post(&path, &key, &body(&args)).await?;
    args.output.print(&answer, |answer| answers::posted(answer, "Posted"))
}

fn body(args: &Args) -> Value {
    let entry = |account: &str, direction: &str| json!({"account": account, "direction": direction, "amount": args.amount, "currency": args.currency});
    let mut body = Map::new();
    let texts =
        [("effective_at", &args.on), ("description", &args.description), ("reference", &args.reference)];
    for (name, value) in texts {
        body.extend(value.as_ref().map(|value| (name.to_owned(), json!(value))));
    }
    body.insert("entries".to_owned(), json!([entry(&args.to, "debit"), entry(&args.from, "credit")]));
    body.into()
}
