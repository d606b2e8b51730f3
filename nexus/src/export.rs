//! Exporting a ledger: everything that was recorded in it, as a journal that hledger reads.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{self, BufWriter, Write},
    path::PathBuf,
};

use anyhow::{Context, Result, bail};
use chrono::{DateTime, NaiveTime, Timelike};
use chrono_tz::Tz;
use event_schemas::{AccountType, AssetCode, LedgerId};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    client::{Client, segment},
    config::Server,
    journal::write::{Head, Line, Writer, is_writable},
};

/// What is to be exported, and where to.
#[derive(clap::Args, Debug)]
pub struct JournalArgs {
    /// The ledger, such as household
    #[arg(long)]
    pub ledger: String,

    /// The file to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    #[command(flatten)]
    pub server: Server,
}

/// An account as it is called now.
struct Account {
    path: String,
    kind: AccountType,
}

/// A ledger's records, as far as a journal tells of them.
struct Records {
    zone: Tz,
    accounts: BTreeMap<u64, Account>,
    events: Vec<Value>,
    /// The number of the last one.
    as_of: String,
}

/// Names in metadata that have a place of their own in a journal.
const MARKS: [(&str, &str); 2] = [("cleared", "*"), ("pending", "!")];

pub async fn journal(args: JournalArgs) -> Result<()> {
    let ledger = LedgerId::parse(&args.ledger).with_context(|| format!("{:?} is no ledger", args.ledger))?;
    let records = Records::read(&Client::find(&args.server)?, &ledger).await?;
    let transactions = match &args.out {
        Some(path) => {
            let file = File::create(path).with_context(|| format!("{} cannot be made", path.display()))?;
            records.write(&ledger, BufWriter::new(file)).with_context(|| format!("{}", path.display()))?
        }
        None => match records.write(&ledger, BufWriter::new(io::stdout().lock())) {
            // Whoever closes the pipe early has read enough.
            Err(error) if is_closed_pipe(&error) => return Ok(()),
            written => written?,
        },
    };
    if let Some(path) = &args.out {
        println!(
            "{}: {transactions} transactions of {ledger}, as of its record {}",
            path.display(),
            records.as_of
        );
    }
    Ok(())
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

impl Records {
    async fn read(client: &Client, ledger: &LedgerId) -> Result<Self> {
        let path = format!("/v1/ledgers/{ledger}");
        let view = client.get(&path).await?;
        let zone = view["time_zone"].as_str().and_then(|zone| zone.parse().ok()).unwrap_or(Tz::UTC);
        // Events first: an account that is opened meanwhile is one too many, not one too few.
        let mut events = Vec::new();
        let mut after = String::new();
        loop {
            let page = client.get(&format!("{path}/events?limit=1000{after}")).await?;
            events.extend(page["events"].as_array().into_iter().flatten().cloned());
            match page["next"].as_str() {
                Some(next) => after = format!("&after={}", segment(next)),
                None => break,
            }
        }
        let as_of = events.last().map(|event| event["seq"].to_string()).unwrap_or_default();
        let mut accounts = BTreeMap::new();
        for account in client.get_all(&format!("{path}/accounts"), "accounts").await? {
            let number = account["number"].as_u64().context("an account has no number")?;
            let path = account["account"].as_str().context("an account has no path")?.to_owned();
            let kind = AccountType::deserialize(&account["type"]).context("an account has no type")?;
            if !is_writable(&path) {
                bail!("hledger would not read the account's name {path:?}: rename it first");
            }
            accounts.insert(number, Account { path, kind });
        }
        Ok(Self { zone, accounts, events, as_of })
    }

    /// Writes all of it; says how many transactions that were.
    fn write(&self, ledger: &LedgerId, out: impl Write) -> Result<usize> {
        let mut writer = Writer::new(out);
        writer
            .comment(&format!("The ledger {ledger}, exported by nexus as of its record {}.", self.as_of))?;
        writer.blank()?;
        for (code, scale) in self.scales()? {
            writer.commodity(code.as_str(), scale)?;
        }
        writer.blank()?;
        for Account { path, kind } in self.accounts.values() {
            writer.account(path, *kind)?;
        }
        writer.blank()?;
        let mut transactions = 0;
        for event in &self.events {
            match event["type"].as_str().unwrap_or_default() {
                "rate_recorded" => {
                    let (date, _) = self.date(event)?;
                    let code = |name: &str| AssetCode::parse(event[name].as_str().unwrap_or_default());
                    writer.price(
                        &date,
                        code("base")?,
                        code("quote")?,
                        event["rate"].as_str().unwrap_or_default(),
                    )?;
                }
                "transaction_posted" | "transaction_reversed" => {
                    self.transaction(event, &mut writer)?;
                    transactions += 1;
                }
                // What else has entries moves money, and a journal without it would be wrong.
                other if event["entries"].is_array() => {
                    bail!("{other} is a record that is newer than this program")
                }
                _ => {}
            }
        }
        writer.finish()?;
        Ok(transactions)
    }

    /// The decimals of each currency that moved.
    fn scales(&self) -> Result<BTreeMap<AssetCode, u8>> {
        let mut scales = BTreeMap::new();
        for entry in self.events.iter().flat_map(|event| event["entries"].as_array()).flatten() {
            let code = AssetCode::parse(entry["currency"].as_str().unwrap_or_default())?;
            let amount = entry["amount"].as_str().unwrap_or_default();
            let scale = amount.split_once('.').map_or(0, |(_, decimals)| decimals.len());
            scales.insert(code, u8::try_from(scale)?);
        }
        Ok(scales)
    }

    /// The day in the ledger's time zone, and the time where it is not the day's start.
    fn date(&self, event: &Value) -> Result<(String, Option<String>)> {
        let micros = event["effective_at"].as_i64().and_then(DateTime::from_timestamp_micros);
        let utc = micros.context("a record has no time")?;
        let local = utc.with_timezone(&self.zone);
        let starts = local.time() == NaiveTime::MIN || local.time().num_seconds_from_midnight() == 0;
        let at = (!starts).then(|| utc.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true));
        Ok((local.format("%Y-%m-%d").to_string(), at))
    }

    fn transaction(&self, event: &Value, writer: &mut Writer<impl Write>) -> Result<()> {
        let text = |name: &str| event[name].as_str().unwrap_or_default();
        let (date, at) = self.date(event)?;
        let mut tags = vec![("key".to_owned(), text("key").to_owned())];
        tags.extend(at.map(|at| ("at".to_owned(), at)));
        if event["type"] == "transaction_reversed" {
            tags.push(("reverses".to_owned(), text("original").to_owned()));
        }
        let mut mark = "";
        let metadata: HashMap<&str, &str> = event["metadata"]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
            .collect();
        let mut names: Vec<&&str> = metadata.keys().collect();
        names.sort_unstable();
        for name in names {
            let value = metadata[*name];
            match MARKS.iter().find(|(word, _)| *name == "status" && *word == value) {
                Some((_, sign)) => mark = sign,
                None => tags.push(((*name).to_owned(), value.to_owned())),
            }
        }
        let entries = event["entries"].as_array().context("a transaction has no entries")?;
        let lines: Result<Vec<Line<'_>>> = entries.iter().map(|entry| self.line(entry)).collect();
        let head = Head { date, mark, code: text("reference"), description: text("description"), tags };
        writer.transaction(&head, &lines?)?;
        Ok(())
    }

    fn line<'a>(&'a self, entry: &'a Value) -> Result<Line<'a>> {
        let text = |name: &str| entry[name].as_str().unwrap_or_default();
        let account = entry["account"].as_u64().and_then(|number| self.accounts.get(&number));
        let account = account.context("an entry's account is not in the ledger's list")?;
        let sign = if entry["direction"] == "credit" { "-" } else { "" };
        let mut comment = text("memo").to_owned();
        let category = entry["category"].as_str().map(|category| format!("category:{category}"));
        let tags =
            entry["tags"].as_array().into_iter().flatten().filter_map(|tag| tag.as_str().map(str::to_owned));
        for note in category.into_iter().chain(tags) {
            comment += &format!("{}{note}", if comment.is_empty() { "" } else { ", " });
        }
        Ok(Line {
            account: &account.path,
            amount: format!("{sign}{}", text("amount")),
            currency: text("currency"),
            comment,
        })
    }
}
