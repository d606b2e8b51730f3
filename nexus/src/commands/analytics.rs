//! `nexus analytics`: income and expense, cash, worth, and months compared.

use anyhow::Result;
use serde_json::Value;

use super::budget::ask;
use crate::{
    answers::{list, text},
    client::{Client, segment},
    config::Server,
    output::Output,
    table::{Column, table},
};

/// See where money comes from and goes, and what there is
#[derive(clap::Args, Debug)]
#[command(after_help = "Example: nexus analytics household income-expense --from 2026-01-01 --depth 2")]
pub struct Args {
    /// The ledger, such as household
    ledger: String,

    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// What was earned and spent in each period
    IncomeExpense {
        #[command(flatten)]
        days: Days,

        /// Cut into these periods of the calendar
        #[arg(long, value_parser = PERIODS, default_value = "month")]
        by: String,

        #[command(flatten)]
        lines: Lines,

        #[command(flatten)]
        how: How,
    },
    /// What came into cash and went out of it in each period, and where from and to
    CashFlow {
        #[command(flatten)]
        days: Days,

        /// Cut into these periods of the calendar
        #[arg(long, value_parser = PERIODS, default_value = "month")]
        by: String,

        /// Cash is this account and all below it [default: all assets]
        #[arg(long, value_name = "PATH")]
        cash: Option<String>,

        /// Sum the other accounts by the first so many names of their paths
        #[arg(long, value_name = "NUMBER")]
        depth: Option<String>,

        #[command(flatten)]
        how: How,
    },
    /// Assets less liabilities at the end of each period
    NetWorth {
        #[command(flatten)]
        days: Days,

        /// At the ends of these periods of the calendar
        #[arg(long, value_parser = PERIODS, default_value = "month")]
        every: String,

        #[command(flatten)]
        how: How,
    },
    /// What was earned and spent in two months
    Compare {
        /// The month, such as 2026-11
        month: String,

        /// The month with which it is compared [default: the one before]
        #[arg(long, value_name = "MONTH")]
        with: Option<String>,

        #[command(flatten)]
        lines: Lines,

        #[command(flatten)]
        how: How,
    },
}

const PERIODS: [&str; 4] = ["week", "month", "quarter", "year"];

#[derive(clap::Args, Debug)]
struct Days {
    /// The first day [default: the first of the year]
    #[arg(long, value_name = "DATE")]
    from: Option<String>,

    /// The last day [default: today]
    #[arg(long, value_name = "DATE")]
    to: Option<String>,
}

#[derive(clap::Args, Debug)]
struct Lines {
    /// By account or by category
    #[arg(long, value_parser = ["account", "category"], default_value = "account")]
    group: String,

    /// By the first so many names of the accounts' paths
    #[arg(long, value_name = "NUMBER")]
    depth: Option<String>,
}

#[derive(clap::Args, Debug)]
struct How {
    /// What was known by then: a date, an instant, or a position such as 1:17
    #[arg(long, value_name = "TIME|POSITION")]
    known_at: Option<String>,

    #[command(flatten)]
    output: Output,

    #[command(flatten)]
    server: Server,
}

pub async fn run(args: Args) -> Result<()> {
    let ledger = &args.ledger;
    let of = |name: &str| format!("/v1/ledgers/{}/analytics/{name}", segment(ledger));
    match args.command {
        Command::IncomeExpense { days, by, lines, how } => {
            let asked = [
                ("from", days.from),
                ("to", days.to),
                ("by", Some(by)),
                ("group", Some(lines.group)),
                ("depth", lines.depth),
                ("known_at", how.known_at),
            ];
            let answer = ask(&Client::find(&how.server)?, ledger, &of("income-expense"), asked).await?;
            how.output.print(&answer, income_expense)
        }
        Command::CashFlow { days, by, cash, depth, how } => {
            let asked = [
                ("from", days.from),
                ("to", days.to),
                ("by", Some(by)),
                ("cash", cash),
                ("depth", depth),
                ("known_at", how.known_at),
            ];
            let answer = ask(&Client::find(&how.server)?, ledger, &of("cash-flow"), asked).await?;
            how.output.print(&answer, cash_flow)
        }
        Command::NetWorth { days, every, how } => {
            let asked =
                [("from", days.from), ("to", days.to), ("every", Some(every)), ("known_at", how.known_at)];
            let answer = ask(&Client::find(&how.server)?, ledger, &of("net-worth"), asked).await?;
            how.output.print(&answer, net_worth)
        }
        Command::Compare { month, with, lines, how } => {
            let asked = [
                ("month", Some(month)),
                ("with", with),
                ("group", Some(lines.group)),
                ("depth", lines.depth),
                ("known_at", how.known_at),
            ];
            let answer = ask(&Client::find(&how.server)?, ledger, &of("compare"), asked).await?;
            how.output.print(&answer, compare)
        }
    }
}

/// The account, the category, or that there is none.
fn name(line: &Value) -> String {
    let name = line["account"].as_str().or_else(|| line["category"].as_str());
    name.unwrap_or("(no category)").to_owned()
}

fn fields(value: &Value, names: &[&str]) -> Vec<String> {
    names.iter().map(|name| text(value, name).to_owned()).collect()
}

fn income_expense(answer: &Value) -> String {
    let mut rows = Vec::new();
    for period in list(answer, "periods") {
        let from = text(period, "from").to_owned();
        for line in list(period, "lines") {
            let mut row = vec![from.clone(), text(line, "type").to_owned(), name(line)];
            row.extend(fields(line, &["amount", "currency"]));
            rows.push(row);
        }
        for total in list(period, "totals") {
            let currency = text(total, "currency");
            let net = text(total, "net").to_owned();
            rows.push(vec![from.clone(), "net".to_owned(), String::new(), net, currency.to_owned()]);
        }
    }
    let columns = [
        Column::Text("from"),
        Column::Text("type"),
        Column::Text("of"),
        Column::Figure("amount"),
        Column::Text("currency"),
    ];
    head("Income and expense", answer) + &table(&columns, rows)
}

fn cash_flow(answer: &Value) -> String {
    let mut rows = Vec::new();
    for period in list(answer, "periods") {
        let from = text(period, "from").to_owned();
        for flow in list(period, "flows") {
            let currency = text(flow, "currency").to_owned();
            for field in ["opening", "inflow", "outflow", "closing"] {
                rows.push(vec![
                    from.clone(),
                    field.to_owned(),
                    text(flow, field).to_owned(),
                    currency.clone(),
                ]);
                let others = list(flow, "others").filter(|other| {
                    let is_out = text(other, "amount").starts_with('-');
                    field == if is_out { "outflow" } else { "inflow" }
                });
                rows.extend(others.map(|other| {
                    let account = format!("  {}", text(other, "account"));
                    vec![from.clone(), account, text(other, "amount").to_owned(), currency.clone()]
                }));
            }
        }
    }
    let columns =
        [Column::Text("from"), Column::Text("cash"), Column::Figure("amount"), Column::Text("currency")];
    head("Cash flow", answer) + &table(&columns, rows)
}

fn net_worth(answer: &Value) -> String {
    let rows = list(answer, "points").flat_map(|point| {
        list(point, "worth").map(|worth| {
            let mut row = vec![text(point, "day").to_owned()];
            row.extend(fields(worth, &["assets", "liabilities", "net", "currency"]));
            row
        })
    });
    let columns = [
        Column::Text("day"),
        Column::Figure("assets"),
        Column::Figure("liabilities"),
        Column::Figure("net"),
        Column::Text("currency"),
    ];
    head("Net worth", answer) + &table(&columns, rows.collect())
}

fn compare(answer: &Value) -> String {
    let rows = list(answer, "lines").map(|line| {
        let mut row = vec![text(line, "type").to_owned(), name(line)];
        row.extend(fields(line, &["amount", "before", "change", "percent", "currency"]));
        row
    });
    let columns = [
        Column::Text("type"),
        Column::Text("of"),
        Column::Figure("amount"),
        Column::Figure("before"),
        Column::Figure("change"),
        Column::Figure("percent"),
        Column::Text("currency"),
    ];
    let title = format!("The month from {} beside that from {}", text(answer, "month"), text(answer, "with"));
    head(&title, answer) + &table(&columns, rows.collect())
}

fn head(title: &str, answer: &Value) -> String {
    format!("{title}, as known at {}\n\n", text(answer, "known_at"))
}
