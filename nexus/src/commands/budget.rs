//! `nexus budget`: sets, changes and drops budgets.

use anyhow::Result;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{
    answers::text,
    client::{Client, segment},
    config::Server,
    output::Output,
};

/// Plan how much is to be spent or earned in each period
///
/// A budget is for an account and all below it, for a category, or for a category in an account. It moves no money and forbids
/// nothing.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example: nexus budget household set food 400 EUR month --account expenses:food")]
pub struct Args {
    /// The ledger, such as household
    ledger: String,

    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Set a budget
    Set(Plan),
    /// Change a budget, as a whole, from a day on; what was planned for before stays
    Change(Plan),
    /// Drop a budget from a day on; what was planned for before stays
    Drop {
        /// The budget, such as food
        budget: String,

        /// The first day without it, on which a period begins [default: the beginning of the present one]
        #[arg(long, value_name = "DATE")]
        from: Option<String>,

        /// Why; stands readable in the log
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,

        #[command(flatten)]
        how: How,
    },
}

#[derive(clap::Args, Debug)]
struct Plan {
    /// The budget, such as food
    budget: String,

    /// What is planned for each period, such as 400
    amount: String,

    /// Such as EUR
    currency: String,

    /// Of the calendar; weeks begin on Mondays
    #[arg(value_parser = ["week", "month", "quarter", "year"])]
    period: String,

    /// Of this account and all below it
    #[arg(long, value_name = "PATH", required_unless_present = "category")]
    account: Option<String>,

    /// Of entries with this category: in the account, or else in all of income and expense
    #[arg(long, value_name = "TEXT")]
    category: Option<String>,

    /// How people call it; stands readable in the log
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,

    /// The side that uses the plan up [default: debit for expenses, assets and categories, credit for the rest]
    #[arg(long, value_parser = ["debit", "credit"])]
    direction: Option<String>,

    /// From when this is planned: a day on which a period begins [default: the beginning of the present one]
    #[arg(long, value_name = "DATE")]
    starts: Option<String>,

    /// The last day, on which a period ends [default: none]
    #[arg(long, value_name = "DATE")]
    ends: Option<String>,

    /// What becomes of the difference at a period's end: what is left goes on, or what was overspent too [default: none]
    #[arg(long, value_parser = ["none", "remaining", "all"])]
    carry_over: Option<String>,

    #[command(flatten)]
    how: How,
}

#[derive(clap::Args, Debug)]
struct How {
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
    let budgets = format!("/v1/ledgers/{}/budgets", segment(&args.ledger));
    let (path, body, how) = match args.command {
        Command::Set(plan) => {
            let mut body = plan.body();
            body.insert("budget".to_owned(), json!(plan.budget));
            (budgets, body, plan.how)
        }
        Command::Change(plan) => {
            (format!("{budgets}/{}/change", segment(&plan.budget)), plan.body(), plan.how)
        }
        Command::Drop { budget, from, reason, how } => {
            let body = present([("from", &from), ("reason", &reason)]);
            (format!("{budgets}/{}/drop", segment(&budget)), body, how)
        }
    };
    let client = Client::find(&how.server)?;
    let key = how.key.unwrap_or_else(|| Uuid::new_v4().to_string());
    let query = if how.dry_run { "?dry_run=true" } else { "" };
    let answer = client.post(&format!("{path}{query}"), &key, &body.into()).await?;
    how.output.print(&answer, words)
}

impl Plan {
    fn body(&self) -> Map<String, Value> {
        let mut body = present([
            ("name", &self.name),
            ("account", &self.account),
            ("category", &self.category),
            ("direction", &self.direction),
            ("starts", &self.starts),
            ("ends", &self.ends),
            ("carry_over", &self.carry_over),
        ]);
        for (name, value) in
            [("amount", &self.amount), ("currency", &self.currency), ("period", &self.period)]
        {
            body.insert(name.to_owned(), json!(value));
        }
        body
    }
}

fn present<'a>(fields: impl IntoIterator<Item = (&'a str, &'a Option<String>)>) -> Map<String, Value> {
    let present =
        fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value.as_ref()?))));
    present.collect()
}

fn words(answer: &Value) -> String {
    let [ledger, budget, from] = ["ledger", "budget", "from"].map(|name| text(answer, name));
    let what = match answer["amount"].as_str() {
        None => format!("budget {budget} ends: nothing is planned from {from} on"),
        Some(amount) => {
            let [currency, period, starts] = ["currency", "period", "starts"].map(|name| text(answer, name));
            format!("budget {budget}: {amount} {currency} a {period} from {starts} on")
        }
    };
    match answer["position"].as_str() {
        Some(position) => format!("Recorded in {ledger}: {what}, position {position}.\n"),
        None => format!("A dry run: this would be recorded in {ledger}: {what}. Nothing was recorded.\n"),
    }
}
