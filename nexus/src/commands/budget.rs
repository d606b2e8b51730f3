//! `nexus budget`: what is planned, spent and left; sets, changes and drops budgets.

use anyhow::Result;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{
    answers::{list, text},
    ask::when_it_is_there,
    client::{Client, segment},
    config::Server,
    output::Output,
    table::{Column, table},
};

/// Plan how much is to be spent or earned in each period, and see what came of it
///
/// Without a command: what is planned, spent and left in the present periods, or in those of --at. A budget is for an account and all below it, for a category, or for a category in an account. It moves no money and forbids
/// nothing.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example: nexus budget household set food 400 EUR month --account expenses:food")]
pub struct Args {
    /// The ledger, such as household
    ledger: String,

    #[command(subcommand)]
    command: Option<Command>,

    /// In the periods that hold this time, by then: a date (its whole day) or an instant, such as 2026-11-23T10:00:00Z
    #[arg(long, value_name = "TIME")]
    at: Option<String>,

    /// What was known by then: a date, an instant, or a position such as 1:17
    #[arg(long, value_name = "TIME|POSITION")]
    known_at: Option<String>,

    #[command(flatten)]
    output: Output,

    #[command(flatten)]
    server: Server,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Show a budget's periods, and all that was said of it
    Show {
        /// The budget, such as food
        budget: String,

        /// The first day [default: as many as twelve periods back]
        #[arg(long, value_name = "DATE")]
        from: Option<String>,

        /// The last day [default: today]
        #[arg(long, value_name = "DATE")]
        to: Option<String>,

        /// What was known by then: a date, an instant, or a position such as 1:17
        #[arg(long, value_name = "TIME|POSITION")]
        known_at: Option<String>,

        #[command(flatten)]
        output: Output,

        #[command(flatten)]
        server: Server,
    },
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
        None => return now(&args, &budgets).await,
        Some(Command::Show { budget, from, to, known_at, output, server }) => {
            let asked = [("from", from), ("to", to), ("known_at", known_at)];
            let client = Client::find(&server)?;
            let answer =
                ask(&client, &args.ledger, &format!("{budgets}/{}", segment(&budget)), asked).await?;
            return output.print(&answer, words_of_one);
        }
        Some(Command::Set(plan)) => {
            let mut body = plan.body();
            body.insert("budget".to_owned(), json!(plan.budget));
            (budgets, body, plan.how)
        }
        Some(Command::Change(plan)) => {
            (format!("{budgets}/{}/change", segment(&plan.budget)), plan.body(), plan.how)
        }
        Some(Command::Drop { budget, from, reason, how }) => {
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

/// All budgets, page by page.
async fn now(args: &Args, budgets: &str) -> Result<()> {
    let client = Client::find(&args.server)?;
    let mut all: Option<Value> = None;
    let mut cursor: Option<String> = None;
    loop {
        let asked = [
            ("at", args.at.clone()),
            ("known_at", args.known_at.clone()),
            ("limit", Some("1000".to_owned())),
            ("cursor", cursor.take()),
        ];
        let mut page = ask(&client, &args.ledger, budgets, asked).await?;
        cursor = page["next"].as_str().map(str::to_owned);
        match &mut all {
            None => all = Some(page),
            Some(all) => {
                let more = page["budgets"].take();
                let known = all["budgets"].as_array_mut();
                known
                    .into_iter()
                    .for_each(|known| known.extend(more.as_array().into_iter().flatten().cloned()));
            }
        }
        if cursor.is_none() {
            break;
        }
    }
    let mut all = all.unwrap_or_default();
    all.as_object_mut().map(|all| all.remove("next"));
    args.output.print(&all, words_of_all)
}

/// Asks the views, when they have read what is recorded by now.
pub async fn ask<const N: usize>(
    client: &Client,
    ledger: &str,
    path: &str,
    asked: [(&str, Option<String>); N],
) -> Result<Value> {
    let accounts = format!("/v1/ledgers/{}/accounts?limit=1", segment(ledger));
    let now = client.get(&accounts).await?["as_of"].as_str().map(str::to_owned);
    let query = asked.into_iter().chain([("min_position", now)]);
    let query = query.filter_map(|(name, value)| Some(format!("{name}={}", segment(&value?))));
    when_it_is_there(client, &format!("{path}?{}", query.collect::<Vec<_>>().join("&"))).await
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

fn words_of_all(answer: &Value) -> String {
    let head = format!("Budgets at {}, as known at {}\n\n", text(answer, "at"), text(answer, "known_at"));
    let budgets: Vec<&Value> = list(answer, "budgets").collect();
    if budgets.is_empty() {
        return head + "none plans for that time\n";
    }
    let lead = |budget: &&Value| vec![text(budget, "budget").to_owned()];
    head + &periods(&[Column::Text("budget")], budgets.iter().map(|budget| (lead(budget), *budget)))
}

fn words_of_one(answer: &Value) -> String {
    let plans = list(answer, "plans").map(|word| {
        let plan = &word["plan"];
        let of = [text(plan, "account"), text(plan, "category")];
        let of: Vec<&str> = of.into_iter().filter(|text| !text.is_empty()).collect();
        let figures = match plan["planned"].as_str() {
            Some(planned) => {
                [planned, text(plan, "currency"), text(plan, "period"), text(plan, "carry_over")]
            }
            None => ["dropped", "", "", ""],
        };
        let mut row = vec![text(word, "position").to_owned(), text(word, "starts").to_owned()];
        row.extend(figures.map(str::to_owned));
        row.push(of.join(", "));
        row
    });
    let columns = [
        Column::Text("said at"),
        Column::Text("from"),
        Column::Figure("planned"),
        Column::Text("currency"),
        Column::Text("period"),
        Column::Text("carry over"),
        Column::Text("of"),
    ];
    let plans = table(&columns, plans.collect());
    let budget = text(answer, "budget");
    let head = format!("The budget {budget}, as known at {}\n\n{plans}\n", text(answer, "known_at"));
    head + &periods(&[], list(answer, "periods").map(|period| (Vec::new(), period)))
}

fn periods<'a>(lead: &[Column], periods: impl Iterator<Item = (Vec<String>, &'a Value)>) -> String {
    let rows = periods.map(|(mut row, period)| {
        let fields = ["from", "to", "planned", "carried_over", "actual", "remaining", "currency"];
        row.extend(fields.map(|field| text(period, field).to_owned()));
        row.push(used(period));
        row
    });
    let columns = [
        Column::Text("from"),
        Column::Text("to"),
        Column::Figure("planned"),
        Column::Figure("carried over"),
        Column::Figure("actual"),
        Column::Figure("remaining"),
        Column::Text("currency"),
        Column::Text("used"),
    ];
    table(&[lead, &columns].concat(), rows.collect())
}

/// How much of what is planned and carried over is used: ten marks, and a percentage.
fn used(period: &Value) -> String {
    const MARKS: i128 = 10;
    // Of one currency, all have as many decimals.
    let minor = |name: &str| text(period, name).replace('.', "").parse::<i128>().ok();
    let of = minor("planned")
        .zip(minor("carried_over"))
        .and_then(|(planned, carried)| planned.checked_add(carried));
    let (Some(actual), Some(of)) = (minor("actual"), of.filter(|of| *of > 0)) else { return String::new() };
    let Some(percent) = actual.checked_mul(100).map(|hundredfold| hundredfold / of) else {
        return String::new();
    };
    let marks = usize::try_from((percent / MARKS).clamp(0, MARKS)).expect("ten at most");
    format!("{}{} {percent:>4} %", "#".repeat(marks), ".".repeat(10 - marks))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_shows_what_is_used() {
        let used = |planned, carried, actual| {
            used(&json!({ "planned": planned, "carried_over": carried, "actual": actual }))
        };
        assert_eq!(used("400.00", "0.00", "123.45"), "###.......   30 %");
        assert_eq!(used("400.00", "100.00", "750.00"), "##########  150 %");
        assert_eq!(used("400.00", "0.00", "-20.00"), "..........   -5 %");
        assert_eq!(used("0.00", "0.00", "5.00"), "");
    }
}
