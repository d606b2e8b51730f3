//! `nexus statement`: the entries of accounts in a period, each with the balance after it.

use anyhow::Result;
use chrono::DateTime;
use chrono_tz::Tz;
use serde_json::Value;

use super::events::zone_of;
use crate::{
    answers::{list, text},
    ask::ask_all_pages,
    client::Client,
    config::Server,
    output::Output,
    table::{Column, table},
};

/// Show a statement: entries with the balance after each
///
/// Of one account, or of it and all below it, between an opening and a closing balance. Dates are days in the ledger's time zone.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Example: nexus statement household assets:bank:checking --from 2026-01-01 --to 2026-01-31"
)]
pub struct Args {
    /// The ledger, such as household
    ledger: String,

    /// The account's path, such as assets:bank
    #[arg(required_unless_present = "below")]
    account: Option<String>,

    /// This account and all below it, instead of one account
    #[arg(long, value_name = "PATH", conflicts_with = "account")]
    below: Option<String>,

    /// From then on: a date or an instant, such as 2026-11-23T10:00:00Z
    #[arg(long, value_name = "TIME")]
    from: Option<String>,

    /// Up to then: a date (its whole day) or an instant
    #[arg(long, value_name = "TIME")]
    to: Option<String>,

    /// What was known by then: a date, an instant, or a position such as 1:17
    #[arg(long, value_name = "TIME|POSITION")]
    known_at: Option<String>,

    /// Also sum up what was entered in each month, quarter or year
    #[arg(long, value_parser = ["month", "quarter", "year"])]
    period: Option<String>,

    #[command(flatten)]
    output: Output,

    #[command(flatten)]
    server: Server,
}

pub async fn run(args: Args) -> Result<()> {
    let client = Client::find(&args.server)?;
    let zone = zone_of(&client, &args.ledger).await?;
    let parameters = [
        ("account", args.account.as_deref()),
        ("below", args.below.as_deref()),
        ("from", args.from.as_deref()),
        ("to", args.to.as_deref()),
        ("known_at", args.known_at.as_deref()),
        ("period", args.period.as_deref()),
        ("limit", Some("10000")),
    ];
    let answer = ask_all_pages(&client, &args.ledger, "statement", &parameters, "lines").await?;
    let whose = args.account.or(args.below.map(|below| format!("{below} and below"))).unwrap_or_default();
    args.output.print(&answer, |answer| words(&whose, answer, zone))
}

fn words(whose: &str, answer: &Value, zone: Tz) -> String {
    let time = |word: &str, name: &str| {
        answer[name].as_str().map(|time| format!(" {word} {time}")).unwrap_or_default()
    };
    let whose = answer["account"].as_str().unwrap_or(whose);
    let side = match (text(answer, "side"), answer["account"].is_string()) {
        ("credit", _) => ", balances as credits less debits",
        (_, false) => ", balances as debits less credits",
        _ => "",
    };
    let head = format!(
        "Statement of {whose}{}{}, as known at {}{side}\n\n",
        time("from", "from"),
        time("to", "to"),
        text(answer, "known_at"),
    );
    let of_several = !answer["account"].is_string();
    let mut rows = Vec::new();
    rows.extend(balances("opening balance", &answer["opening"], of_several));
    rows.extend(list(answer, "lines").map(|line| row(line, zone, of_several)));
    rows.extend(balances("closing balance", &answer["closing"], of_several));
    format!("{head}{}{}", table(&columns(of_several), rows), periods(answer, zone))
}

/// What a table of lines has at its head.
pub fn columns(of_several: bool) -> Vec<Column> {
    let mut columns = vec![Column::Text("date"), Column::Text("description")];
    if of_several {
        columns.push(Column::Text("account"));
    }
    columns.extend([
        Column::Text("counter-account"),
        Column::Figure("debit"),
        Column::Figure("credit"),
        Column::Figure("balance"),
        Column::Text("currency"),
    ]);
    columns
}

/// A row for each currency; a zero where there is none.
pub fn balances(what: &str, money: &Value, of_several: bool) -> Vec<Vec<String>> {
    let row = |amount: &str, currency: &str| {
        let blank = 3 + usize::from(of_several);
        let mut row = vec![String::new(), what.to_owned()];
        row.extend(std::iter::repeat_n(String::new(), blank));
        row.extend([amount.to_owned(), currency.to_owned()]);
        row
    };
    let rows: Vec<Vec<String>> = money
        .as_array()
        .into_iter()
        .flatten()
        .map(|money| row(text(money, "amount"), text(money, "currency")))
        .collect();
    if rows.is_empty() { vec![row("0", "")] } else { rows }
}

pub fn row(line: &Value, zone: Tz, of_several: bool) -> Vec<String> {
    let amount = text(line, "amount").to_owned();
    let (debit, credit) = match text(line, "direction") {
        "debit" => (amount, String::new()),
        _ => (String::new(), amount),
    };
    let words = ["description", "memo", "reference", "transaction"];
    let said = words.into_iter().find_map(|name| line[name].as_str()).unwrap_or_default();
    let said = if line["reversal"] == true { format!("{said} (reversal)") } else { said.to_owned() };
    let mut counter: Vec<&str> = list(line, "counter_accounts").filter_map(Value::as_str).collect();
    let more = match (counter.len(), line["counter_accounts_more"].as_u64().unwrap_or(0)) {
        (0 | 1, 0) => String::new(),
        (told, more) => {
            counter.truncate(1);
            format!(" and {} more", told as u64 - 1 + more)
        }
    };
    let mut row = vec![date(text(line, "effective_at"), zone), said];
    if of_several {
        row.push(text(line, "account").to_owned());
    }
    row.extend([
        counter.join("") + &more,
        debit,
        credit,
        text(line, "balance").to_owned(),
        text(line, "currency").to_owned(),
    ]);
    row
}

fn periods(answer: &Value, zone: Tz) -> String {
    let mut rows = Vec::new();
    for period in list(answer, "periods") {
        let mut dates =
            ["from", "to"].map(|name| date(text(period, name), zone).chars().take(10).collect::<String>());
        for turnover in list(period, "turnovers") {
            let figures = ["opening", "debits", "credits", "closing", "currency"]
                .map(|name| text(turnover, name).to_owned());
            rows.push(std::mem::take(&mut dates).into_iter().chain(figures).collect());
        }
    }
    if rows.is_empty() {
        return String::new();
    }
    let columns = [
        Column::Text("from"),
        Column::Text("to"),
        Column::Figure("opening"),
        Column::Figure("debits"),
        Column::Figure("credits"),
        Column::Figure("closing"),
        Column::Text("currency"),
    ];
    format!("\n{}", table(&columns, rows))
}

/// The day in the ledger's time zone, and the minute where it is not midnight there.
pub fn date(instant: &str, zone: Tz) -> String {
    let Ok(at) = DateTime::parse_from_rfc3339(instant) else { return instant.to_owned() };
    let text = at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string();
    text.strip_suffix(" 00:00").map(str::to_owned).unwrap_or(text)
}
