//! `nexus balance`: one account now, read strongly; or any accounts at any time, from the view.

use anyhow::Result;
use serde_json::Value;

use crate::{
    answers::{list, text},
    ask::ask,
    client::{Client, segment},
    config::Server,
    output::Output,
    table::{Column, table},
    valued::footnotes,
};

/// Show an account's balances
///
/// What every recorded transaction up to now comes to: posted, pending and available in each currency. With --at, --known-at
/// or --below: what was in effect then, as it was known then, of the account, of it and all below it, or of all.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The ledger, such as household
    ledger: String,

    /// The account's path, such as assets:bank; may be left out with --at, --known-at, --below or --valued-in
    #[arg(required_unless_present_any = ["at", "known_at", "below", "valued_in"])]
    account: Option<String>,

    /// What was in effect by then: a date (its whole day) or an instant, such as 2026-11-23T10:00:00Z
    #[arg(long, value_name = "TIME")]
    at: Option<String>,

    /// What was known by then: a date, an instant, or a position such as 1:17
    #[arg(long, value_name = "TIME|POSITION")]
    known_at: Option<String>,

    /// This account and all below it
    #[arg(long, value_name = "PATH", conflicts_with = "account")]
    below: Option<String>,

    /// Also value them in this currency, by the rates that were recorded
    #[arg(long, value_name = "CURRENCY")]
    valued_in: Option<String>,

    #[command(flatten)]
    output: Output,

    #[command(flatten)]
    server: Server,
}

pub async fn run(args: Args) -> Result<()> {
    let client = Client::find(&args.server)?;
    let ledger = segment(&args.ledger);
    if let (Some(account), None, None, None) = (&args.account, &args.at, &args.known_at, &args.valued_in) {
        let answer = client.get(&format!("/v1/ledgers/{ledger}/accounts/{}", segment(account))).await?;
        return args.output.print(&answer, words);
    }
    let parameters = [
        ("account", args.account.as_deref()),
        ("below", args.below.as_deref()),
        ("at", args.at.as_deref()),
        ("known_at", args.known_at.as_deref()),
        ("valued_in", args.valued_in.as_deref()),
    ];
    let answer = ask(&client, &args.ledger, "balances", &parameters).await?;
    args.output.print(&answer, words_of_then)
}

fn words_of_then(answer: &Value) -> String {
    let at = answer["at"].as_str().map(|at| format!(" in effect by {at}")).unwrap_or_default();
    let head = format!("Balances{at}, as known at {}\n\n", text(answer, "known_at"));
    let is_valued = answer["value"].is_object();
    let rows: Vec<Vec<String>> = list(answer, "balances")
        .map(|balance| {
            let field = |name| text(balance, name).to_owned();
            let mut row = vec![
                field("account"),
                field("currency"),
                field("debits"),
                field("credits"),
                field("balance"),
            ];
            if is_valued {
                row.push(field("value"));
            }
            row
        })
        .collect();
    if rows.is_empty() {
        return head + "nothing yet\n";
    }
    let totals = list(answer, "totals").map(|total| {
        let field = |name| text(total, name).to_owned();
        vec![field("currency"), field("debits"), field("credits"), field("net")]
    });
    let several = rows.len() > 1;
    let mut columns = vec![
        Column::Text("account"),
        Column::Text("currency"),
        Column::Figure("debits"),
        Column::Figure("credits"),
        Column::Figure("balance"),
    ];
    if is_valued {
        columns.push(Column::Figure("value"));
    }
    let balances = table(&columns, rows);
    let totals = table(
        &[
            Column::Text("total"),
            Column::Figure("debits"),
            Column::Figure("credits"),
            Column::Figure("debits - credits"),
        ],
        totals.collect(),
    );
    let shown = if several { format!("{head}{balances}\n{totals}") } else { head + &balances };
    shown + &worth(&answer["value"])
}

/// What balances are worth together.
fn worth(value: &Value) -> String {
    if value.is_null() {
        return String::new();
    }
    let notes = footnotes(&value["unconverted"], value);
    format!("\nDebits - credits are worth {} {}\n{notes}", text(value, "net"), text(value, "currency"))
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
