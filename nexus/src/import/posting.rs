//! What a row came to: a transaction, as the server takes it.

use std::collections::BTreeMap;

use event_schemas::{AccountPath, AssetCode, Direction, EffectiveAt, Key, Quantity};
use serde::Serialize;

/// A row's transaction, without where it stood in which file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// The key of the first attempt.
    pub key: Key,
    pub effective_at: EffectiveAt,
    pub description: Option<String>,
    pub reference: Option<String>,
    pub metadata: BTreeMap<String, String>,
    /// What must hold beforehand.
    pub preconditions: Vec<Condition>,
    /// The row's account first, if the row itself moves money.
    pub legs: Vec<Leg>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    pub account: AccountPath,
    pub direction: Direction,
    /// More than zero.
    pub amount: Quantity,
    pub currency: AssetCode,
    pub category: Option<String>,
    pub memo: Option<String>,
    pub tags: Vec<String>,
}

impl Leg {
    pub fn new(account: AccountPath, direction: Direction, amount: Quantity, currency: AssetCode) -> Self {
        Self { account, direction, amount, currency, category: None, memo: None, tags: Vec::new() }
    }
}

/// Bounds on an account's balance, on its normal side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Condition {
    pub account: AccountPath,
    pub currency: AssetCode,
    pub at_least: String,
    pub at_most: String,
}

/// A row that cannot become a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFault {
    pub code: &'static str,
    /// The key of the mapping that reads what is at fault.
    pub at: String,
    pub why: String,
}

/// What a file's rows have in common: kept in each transaction, so that it can be traced to its line.
#[derive(Debug, Clone, Copy)]
pub struct Provenance<'a> {
    pub source_sha256: &'a str,
    pub source_line: u64,
}

/// As `POST …/bulk` takes it.
#[derive(Serialize)]
struct Item<'a> {
    id: &'a Key,
    effective_at: EffectiveAt,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<&'a str>,
    metadata: Metadata<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preconditions: Option<Preconditions<'a>>,
    entries: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    #[serde(flatten)]
    row: &'a BTreeMap<String, String>,
    source_sha256: &'a str,
    source_line: String,
}

#[derive(Serialize)]
struct Preconditions<'a> {
    balances: &'a [Condition],
}

#[derive(Serialize)]
struct Entry<'a> {
    account: &'a AccountPath,
    direction: &'static str,
    amount: String,
    currency: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memo: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'a [String],
}

/// Names in metadata that the importer sets.
pub const PROVENANCE_NAMES: [&str; 2] = ["source_sha256", "source_line"];

impl Posting {
    /// Appends the item, under `key`, as a line of JSON.
    pub fn write_line(&self, key: &Key, provenance: Provenance<'_>, out: &mut Vec<u8>) {
        let item = Item {
            id: key,
            effective_at: self.effective_at,
            description: self.description.as_deref(),
            reference: self.reference.as_deref(),
            metadata: Metadata {
                row: &self.metadata,
                source_sha256: provenance.source_sha256,
                source_line: provenance.source_line.to_string(),
            },
            preconditions: (!self.preconditions.is_empty())
                .then_some(Preconditions { balances: &self.preconditions }),
            entries: self.legs.iter().map(Entry::of).collect(),
        };
        serde_json::to_writer(&mut *out, &item).expect("writing JSON to memory");
        out.push(b'\n');
    }
}

impl<'a> Entry<'a> {
    fn of(leg: &'a Leg) -> Self {
        Self {
            account: &leg.account,
            direction: leg.direction.as_str(),
            amount: leg.amount.to_string(),
            currency: leg.currency.as_str(),
            category: leg.category.as_deref(),
            memo: leg.memo.as_deref(),
            tags: &leg.tags,
        }
    }
}
