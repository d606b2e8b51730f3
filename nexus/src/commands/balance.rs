//! `nexus balance`: one account, read strongly.

use anyhow::Result;
use serde_json::Value;

use crate::{
    answers::{list, text},
    client::{Client, segment},
    config::Server,
    output::Output,
    table::{Column, table},
};

/// Show an account's balances
///
/// What every recorded transaction up to now comes to: posted, pending and available in each currency.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The ledger, such as household
    ledger: String,

    /// The account's path, such as assets:bank
    account: String,

    #[command(flatten)]
    output: Output,

    #[command(flatten)]
    server: Server,
}

pub async fn run(args: Args) -> Result<()> {
    let path = format!("/v1/ledgers/{}/accounts/{}", segment(&args.ledger), segment(&args.account));
    let answer = Client::find(&args.server)?.get(&path).await?;
    args.output.print(&answer, words)
}

fn words(account: &Value) -> String {
    let head = format!(
        "{} ({}, {}, {} entries), as of {}\n\n",
        text(account, "account"),
        text(account, "type"),
        text(account, "status"),
        account["entries"],
        text(account, "as_of"),
    );
    let rows = list(account, "balances").map(|balance| {
        let posted = &balance["posted"];
        vec![
            text(balance, "currency").to_owned(),
            text(posted, "debits").to_owned(),
            text(posted, "credits").to_owned(),
            text(posted, "balance").to_owned(),
            text(balance, "pending").to_owned(),
            text(balance, "available").to_owned(),
        ]
    });
    let columns = [
        Column::Text("currency"),
        Column::Figure("debits"),
        Column::Figure("credits"),
        Column::Figure("balance"),
        Column::Figure("pending"),
        Column::Figure("available"),
    ];
    head + &table(&columns, rows.collect())
}
