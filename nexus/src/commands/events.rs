//! `nexus events`: a ledger's part of the log.

use anyhow::Result;
use chrono::DateTime;
use chrono_tz::Tz;
use serde_json::Value;

use crate::{
    answers::{list, text},
    client::{Client, segment},
    config::Server,
    say::say,
    table::{Column, table},
};

/// List what was recorded in a ledger, the newest last
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The ledger, such as household
    ledger: String,

    /// Only what was recorded after this position, such as 1:17
    #[arg(long, value_name = "POSITION")]
    after: Option<String>,

    /// At most so many, the first ones
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,

    /// Print the records as they stand in the log, one JSON object a line
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: Server,
}

pub async fn run(args: Args) -> Result<()> {
    let client = Client::find(&args.server)?;
    let path = format!("/v1/ledgers/{}/events", segment(&args.ledger));
    let zone = match args.json {
        true => Tz::UTC,
        false => zone_of(&client, &args.ledger).await?,
    };
    let (mut after, mut left, mut rows) = (args.after, args.limit, Vec::new());
    let more = loop {
        let from = after.as_ref().map(|after| format!("&after={after}")).unwrap_or_default();
        let page = client.get(&format!("{path}?limit={}{from}", left.clamp(1, 1000))).await?;
        for record in list(&page, "events") {
            match args.json {
                true => say(&format!("{record}\n")),
                false => rows.push(row(record, zone)),
            }
        }
        left = left.saturating_sub(list(&page, "events").count());
        after = page["next"].as_str().map(str::to_owned);
        if after.is_none() || left == 0 {
            break after;
        }
    };
    if args.json {
        return Ok(());
    }
    let columns = [
        Column::Figure("seq"),
        Column::Text("effective"),
        Column::Text("what"),
        Column::Text("key"),
        Column::Text("content"),
    ];
    say(&table(&columns, rows));
    if let Some(next) = more {
        say(&format!("\nMore:  --after {next}\n"));
    }
    Ok(())
}

pub async fn zone_of(client: &Client, ledger: &str) -> Result<Tz> {
    let ledger = client.get(&format!("/v1/ledgers/{}", segment(ledger))).await?;
    // A zone that only a newer server knows: better in UTC than not at all.
    Ok(text(&ledger, "time_zone").parse().unwrap_or(Tz::UTC))
}

fn row(record: &Value, zone: Tz) -> Vec<String> {
    vec![
        record["seq"].to_string(),
        date(&record["effective_at"], zone),
        text(record, "type").replace('_', " "),
        text(record, "key").to_owned(),
        content(record),
    ]
}

/// The day in the ledger's time zone, and the minute where it is not midnight there.
fn date(micros: &Value, zone: Tz) -> String {
    let at = micros.as_i64().and_then(DateTime::from_timestamp_micros);
    at.map(|at| at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string())
        .map_or_else(String::new, |text| text.strip_suffix(" 00:00").map(str::to_owned).unwrap_or(text))
}

/// What a person asks first of each kind of record; the rest is in `--json`.
fn content(record: &Value) -> String {
    if let Some(code) = record["code"].as_str() {
        let pointer = text(record, "pointer");
        return format!("{} {pointer}", code.replace('_', " ")).trim_end().to_owned();
    }
    if let Some(rate) = record["rate"].as_str() {
        return format!("1 {} = {rate} {}", text(record, "base"), text(record, "quote"));
    }
    if let Some(budget) = record["budget"].as_str() {
        return match record["amount"].as_str() {
            Some(amount) => {
                let [currency, period, starts] =
                    ["currency", "period", "starts"].map(|name| text(record, name));
                format!("{budget}: {amount} {currency} a {period} from {starts}")
            }
            None => format!("{budget}, from {}", text(record, "from")),
        };
    }
    let plain = |name: &str| record[name]["plain"].as_str().or_else(|| record[name].as_str());
    let words = plain("description").or_else(|| plain("name")).or_else(|| plain("path"));
    let entries = list(record, "entries").count();
    match (words, entries) {
        (Some(words), 0) => words.to_owned(),
        (Some(words), _) => format!("{words} ({entries} entries)"),
        (None, 0) => String::new(),
        (None, _) => format!("{entries} entries"),
    }
}
