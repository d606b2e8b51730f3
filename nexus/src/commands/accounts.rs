//! `nexus accounts`: the accounts of a ledger with their balances.

use anyhow::{Result, bail};
use serde_json::json;

use crate::{
    answers,
    client::{Client, segment},
    config::Server,
    output::Output,
};

/// List a ledger's accounts with their balances
///
/// Balances are on the account's normal side: what an asset holds, what an expense has come to, what is owed.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The ledger; may be left out where there is only one
    ledger: Option<String>,

    #[command(flatten)]
    output: Output,

    #[command(flatten)]
    server: Server,
}

pub async fn run(args: Args) -> Result<()> {
    let client = Client::find(&args.server)?;
    let ledger = match args.ledger {
        Some(ledger) => ledger,
        None => only_ledger(&client).await?,
    };
    let mut accounts =
        client.get_all(&format!("/v1/ledgers/{}/accounts", segment(&ledger)), "accounts").await?;
    accounts.sort_by(|a, b| answers::text(a, "account").cmp(answers::text(b, "account")));
    let answer = json!({ "ledger": ledger, "accounts": accounts });
    args.output.print(&answer, |_| match accounts.is_empty() {
        true => format!("{ledger} has no accounts yet: the first posting opens them.\n"),
        false => answers::accounts(&accounts),
    })
}

async fn only_ledger(client: &Client) -> Result<String> {
    let ledgers = client.get_all("/v1/ledgers", "ledgers").await?;
    match &ledgers[..] {
        [only] => Ok(answers::text(only, "id").to_owned()),
        [] => bail!("there is no ledger yet"),
        several => {
            let names: Vec<&str> = several.iter().map(|ledger| answers::text(ledger, "id")).collect();
            bail!("which ledger? There are {}", names.join(", "))
        }
    }
}
