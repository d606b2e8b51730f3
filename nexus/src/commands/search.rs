//! `nexus search`: transactions that a filter finds.

use anyhow::Result;
use chrono::DateTime;
use chrono_tz::Tz;
use serde_json::Value;

use super::events::zone_of;
use crate::{
    answers::{list, text},
    ask::when_it_is_there,
    client::{Client, segment},
    config::Server,
    output::Output,
    table::{Column, table},
};

/// Search a ledger's transactions
///
/// With a filter such as 'account:expenses and amount>=100 and effective:2026-03'. Fields of entries: account, amount,
/// currency, category, tag, direction. Fields of transactions: effective, recorded, text, reference, metadata.NAME, id, actor,
/// kind. They are joined by and, or, not and parentheses. Without a filter: everything.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The ledger, such as household
    ledger: String,

    /// What to find
    #[arg(default_value = "")]
    filter: String,

    /// At most so many transactions, up to 1000
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,

    /// By when they happened or were recorded, the last or the first one on top
    #[arg(long, value_name = "ORDER", default_value = "effective_desc",
        value_parser = ["effective_desc", "effective_asc", "recorded_desc", "recorded_asc"])]
    order: String,

    /// What was known by then: a date, an instant, or a position such as 1:17
    #[arg(long, value_name = "TIME|POSITION")]
    known_at: Option<String>,

    /// Go on where a page ended
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,

    /// Count and sum all that is found
    #[arg(long)]
    totals: bool,

    /// Count all that is found by account, category, tag, currency or month; several between commas
    #[arg(long, value_name = "FACET,…")]
    facets: Option<String>,

    #[command(flatten)]
    output: Output,

    #[command(flatten)]
    server: Server,
}

pub async fn run(args: Args) -> Result<()> {
    let client = Client::find(&args.server)?;
    let ledger = segment(&args.ledger);
    let zone = zone_of(&client, &args.ledger).await?;
    // The view may be a moment behind: what is recorded by now is to be found.
    let now = client.get(&format!("/v1/ledgers/{ledger}/accounts?limit=1")).await?["as_of"].take();
    let limit = args.limit.to_string();
    let query = [
        ("filter", Some(args.filter.as_str())),
        ("limit", Some(limit.as_str())),
        ("order", Some(args.order.as_str())),
        ("known_at", args.known_at.as_deref()),
        ("cursor", args.cursor.as_deref()),
        ("totals", args.totals.then_some("true")),
        ("facets", args.facets.as_deref()),
        ("min_position", now.as_str()),
    ];
    let query: Vec<String> =
        query.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", segment(value?)))).collect();
    let path = format!("/v1/ledgers/{ledger}/transactions?{}", query.join("&"));
    let answer = when_it_is_there(&client, &path).await?;
    args.output.print(&answer, |answer| words(answer, zone))
}

/// A line for each entry; what is said of the transaction stands in its first.
fn words(answer: &Value, zone: Tz) -> String {
    let mut rows = Vec::new();
    for transaction in list(answer, "transactions") {
        let mut head = vec![
            day(text(transaction, "effective_at"), zone),
            text(transaction, "id").to_owned(),
            description(transaction),
        ];
        for entry in list(transaction, "entries") {
            let amount = text(entry, "amount").to_owned();
            let (debit, credit) = match text(entry, "direction") {
                "debit" => (amount, String::new()),
                _ => (String::new(), amount),
            };
            let mut row = std::mem::replace(&mut head, vec![String::new(); 3]);
            row.extend([
                text(entry, "account").to_owned(),
                debit,
                credit,
                text(entry, "currency").to_owned(),
            ]);
            row.push(labels(entry));
            rows.push(row);
        }
    }
    let mut columns = vec![
        Column::Text("effective"),
        Column::Text("transaction"),
        Column::Text("description"),
        Column::Text("account"),
        Column::Figure("debit"),
        Column::Figure("credit"),
        Column::Text("currency"),
        Column::Text("labels"),
    ];
    if rows.iter().all(|row| row.last().is_some_and(String::is_empty)) {
        columns.pop();
        rows.iter_mut().for_each(|row| drop(row.pop()));
    }
    let found = match rows.is_empty() {
        true => format!("Nothing is found, as known at {}.\n", text(answer, "known_at")),
        false => table(&columns, rows),
    };
    let next = answer["next"].as_str().map(|next| format!("\nMore:  --cursor {next}\n")).unwrap_or_default();
    found + &totals(&answer["totals"]) + &facets(answer) + &next
}

/// What it is about, and what it has to do with others.
fn description(transaction: &Value) -> String {
    let link = |name: &str, words: &str| {
        transaction[name]["id"].as_str().map(|id| format!("({words} {id})")).unwrap_or_default()
    };
    let parts = [
        text(transaction, "description").to_owned(),
        link("reverses", "reverses"),
        link("reversed_by", "reversed by"),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn labels(entry: &Value) -> String {
    let tags = list(entry, "tags").filter_map(Value::as_str).map(|tag| format!("#{tag}"));
    let parts = entry["category"].as_str().map(str::to_owned).into_iter().chain(tags);
    parts.collect::<Vec<_>>().join(" ")
}

fn totals(totals: &Value) -> String {
    let Some(count) = totals["transactions"].as_u64() else { return String::new() };
    let rows: Vec<Vec<String>> = list(totals, "currencies")
        .map(|total| {
            let field = |name| text(total, name).to_owned();
            vec![
                field("currency"),
                total["entries"].to_string(),
                field("debits"),
                field("credits"),
                field("net"),
            ]
        })
        .collect();
    let head = format!("\n{count} transactions in all\n");
    if rows.is_empty() {
        return head;
    }
    let columns = [
        Column::Text("total"),
        Column::Figure("entries"),
        Column::Figure("debits"),
        Column::Figure("credits"),
        Column::Figure("debits - credits"),
    ];
    head + "\n" + &table(&columns, rows)
}

fn facets(answer: &Value) -> String {
    let mut said = String::new();
    for facet in list(answer, "facets") {
        let mut rows: Vec<Vec<String>> = list(facet, "values")
            .map(|value| vec![text(value, "value").to_owned(), value["transactions"].to_string()])
            .collect();
        if rows.is_empty() {
            continue;
        }
        if facet["more"] == true {
            rows.push(vec!["…".to_owned(), String::new()]);
        }
        let name = match text(facet, "facet") {
            "account" => "account",
            "category" => "category",
            "tag" => "tag",
            "currency" => "currency",
            _ => "month",
        };
        said += "\n";
        said += &table(&[Column::Text(name), Column::Figure("transactions")], rows);
    }
    said
}

/// The day in the ledger's time zone, and the minute where it is not midnight there.
fn day(instant: &str, zone: Tz) -> String {
    let Ok(at) = DateTime::parse_from_rfc3339(instant) else { return instant.to_owned() };
    let text = at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string();
    text.strip_suffix(" 00:00").map(str::to_owned).unwrap_or(text)
}
