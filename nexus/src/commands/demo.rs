//! `nexus demo`: a month of a small household, posted over HTTP as anybody would.

mod month;

use anyhow::{Context, Result, ensure};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::{
    answers::{self, list, text},
    client::{Client, segment},
    config::{self, Server},
    output::Output,
};
use month::Step;

/// Post a small household's month, and show its balances
///
/// Opens the ledger `household`. Everything has a fixed key: running it again posts nothing new.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    output: Output,

    #[command(flatten)]
    server: Server,
}

pub async fn run(args: Args) -> Result<()> {
    let client = Client::find(&args.server)?;
    let before = client.get("/v1/ledgers?limit=1").await?;
    let head = text(&before, "as_of");
    let steps = month::steps();
    let mut new = 0;
    for step in &steps {
        let answer =
            send(&client, step).await.with_context(|| format!("the demo stopped at {}", step.key))?;
        new += usize::from(!answers::was_there(&answer, head));
    }
    let path = format!("/v1/ledgers/{}/accounts", segment(month::LEDGER));
    let mut accounts = client.get_all(&path, "accounts").await?;
    accounts.sort_by_key(|account| month::place(text(account, "account")));
    let answer = json!({ "ledger": month::LEDGER, "posted": new, "repeated": steps.len() - new, "accounts": accounts });
    let worth = net_worth(&accounts)?;
    args.output.print(&answer, |_| words(new, steps.len(), &accounts, &worth, &args.server))
}

async fn send(client: &Client, step: &Step) -> Result<Value> {
    client.post(&step.path, &step.key, &step.body).await
}

fn words(new: usize, steps: usize, accounts: &[Value], worth: &str, server: &Server) -> String {
    let done = match new {
        0 => format!(
            "All {steps} requests had been answered before: nothing new was posted, every answer was the same."
        ),
        new if new == steps => {
            format!("Opened the ledger {} and posted its January: {} transactions.", month::LEDGER, steps - 1)
        }
        new => format!("Posted what was missing: {new} of {steps} requests."),
    };
    let (nexus, ours, ledger) = (config::how_we_are_called(), server.data.as_flag(), month::LEDGER);
    format!(
        "{done}

{}
Net worth: {worth}

Next:

  {nexus} balance {ledger} assets:bank:checking{ours}
  {nexus} events {ledger}{ours}
  {nexus} post {ledger} 4.20 EUR --from assets:cash --to expenses:food:coffee{ours}
  {nexus} replay verify{ours}
",
        answers::accounts(accounts)
    )
}

/// What is owned less what is owed, in each currency: currencies are never added up.
fn net_worth(accounts: &[Value]) -> Result<String> {
    let mut totals: Vec<(&str, Decimal)> = Vec::new();
    for account in accounts {
        let sign = match text(account, "type") {
            "asset" => Decimal::ONE,
            "liability" => Decimal::NEGATIVE_ONE,
            _ => continue,
        };
        for balance in list(account, "balances") {
            let posted = text(&balance["posted"], "balance");
            let amount =
                Decimal::from_str_exact(posted).with_context(|| format!("{posted:?} is no amount"))?;
            let amount = amount.checked_mul(sign).context("a sign does not overflow")?;
            let currency = text(balance, "currency");
            match totals.iter_mut().find(|(known, _)| *known == currency) {
                Some((_, total)) => *total = total.checked_add(amount).context("the total is too large")?,
                None => totals.push((currency, amount)),
            }
        }
    }
    ensure!(!totals.is_empty(), "the household has no balances");
    let shown: Vec<String> = totals.iter().map(|(currency, total)| format!("{total} {currency}")).collect();
    Ok(shown.join(" and "))
}
