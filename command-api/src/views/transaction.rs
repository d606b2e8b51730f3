//! Transactions as their readers see them: one, or a page of those that a search finds.

use event_schemas::{AccountPath, AssetCode, Direction, Position, Quantity, Shard};
use poem_openapi::{Enum, Object};
use projections::views::transactions::{self as found, Facet, Page};
use serde::Serialize;

use crate::wire::{Wire, WireMetadata, transaction::Side};

/// A transaction.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(rename = "TransactionFound", skip_serializing_if_is_none)]
pub struct TransactionView {
    /// Its key: its id in its ledger.
    pub id: String,
    pub kind: KindOf,
    pub position: Wire<Position>,
    pub effective_at: String,
    pub recorded_at: String,
    /// Who asked for it.
    pub actor: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<WireMetadata>,
    /// The transaction that this one reverses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reverses: Option<LinkView>,
    /// The transaction that has reversed this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reversed_by: Option<LinkView>,
    pub entries: Vec<EntryView>,
}

/// Whether it moved money, or moved it back.
#[derive(Enum, Serialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[oai(rename = "TransactionKind", rename_all = "snake_case")]
pub enum KindOf {
    Posted,
    Reversal,
}

/// Another transaction.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(rename = "TransactionLink")]
pub struct LinkView {
    pub id: String,
    pub position: Wire<Position>,
}

/// One side of a transaction.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(rename = "EntryFound", skip_serializing_if_is_none)]
pub struct EntryView {
    /// Its account's path as it was known.
    pub account: Wire<AccountPath>,
    pub number: u32,
    pub direction: Side,
    pub amount: Wire<Quantity>,
    pub currency: Wire<AssetCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memo: Option<String>,
    pub tags: Vec<String>,
}

/// A transaction, and of when it is.
#[derive(Object, Serialize, Clone, Debug)]
pub struct TransactionAsOf {
    #[oai(flatten)]
    #[serde(flatten)]
    pub transaction: TransactionView,
    /// Records up to this one count.
    pub known_at: Wire<Position>,
    /// What the view had read when it answered.
    pub as_of: Wire<Position>,
}

/// A page of what a search found.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct TransactionsPage {
    /// Records up to this one count: on later pages, those that the first page knew.
    pub known_at: Wire<Position>,
    /// What the view had read when it answered.
    pub as_of: Wire<Position>,
    pub transactions: Vec<TransactionView>,
    /// To be sent as `cursor`, for the next page. Absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Of all that is found, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub totals: Option<TotalsView>,
    /// In the order in which they were asked for.
    pub facets: Vec<FacetView>,
}

/// What all found transactions come to. Entries count that the filter speaks of; all, where it speaks of none.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(rename = "SearchTotals")]
pub struct TotalsView {
    /// How many transactions are found.
    pub transactions: u64,
    pub currencies: Vec<TotalView>,
}

/// A sum over entries in one currency.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(rename = "SearchTotal")]
pub struct TotalView {
    pub currency: Wire<AssetCode>,
    pub entries: u64,
    pub debits: Wire<Quantity>,
    pub credits: Wire<Quantity>,
    /// Debits less credits.
    pub net: Wire<Quantity>,
}

/// Which values the found transactions have, the most frequent first.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(rename = "Facet")]
pub struct FacetView {
    pub facet: FacetName,
    /// At most 20.
    pub values: Vec<FacetValue>,
    /// There are others, of fewer transactions.
    pub more: bool,
}

#[derive(Object, Serialize, Clone, Debug)]
pub struct FacetValue {
    pub value: String,
    pub transactions: u64,
}

/// By what found transactions are counted. `month` is that of `effective_at` in the ledger's time zone.
#[derive(Enum, Serialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum FacetName {
    Account,
    Category,
    Tag,
    Currency,
    Month,
}

impl FacetName {
    pub fn facet(self) -> Facet {
        match self {
            FacetName::Account => Facet::Account,
            FacetName::Category => Facet::Category,
            FacetName::Tag => Facet::Tag,
            FacetName::Currency => Facet::Currency,
            FacetName::Month => Facet::Month,
        }
    }

    fn of(facet: Facet) -> Self {
        match facet {
            Facet::Account => FacetName::Account,
            Facet::Category => FacetName::Category,
            Facet::Tag => FacetName::Tag,
            Facet::Currency => FacetName::Currency,
            Facet::Month => FacetName::Month,
        }
    }
}

impl TransactionView {
    pub fn of(transaction: found::Transaction, shard: Shard) -> Self {
        let link =
            |link: found::Link| LinkView { id: link.id, position: Wire(Position::new(shard, link.sequence)) };
        let kind = if transaction.reverses.is_some() { KindOf::Reversal } else { KindOf::Posted };
        let metadata = transaction.metadata.as_deref();
        Self {
            id: transaction.id,
            kind,
            position: Wire(Position::new(shard, transaction.sequence)),
            effective_at: transaction.effective.to_string(),
            recorded_at: transaction.recorded.to_string(),
            actor: transaction.actor,
            description: transaction.description,
            reference: transaction.reference,
            metadata: metadata
                .map(|json| WireMetadata(serde_json::from_str(json).expect("written by the view"))),
            reverses: transaction.reverses.map(link),
            reversed_by: transaction.reversed_by.map(link),
            entries: transaction.entries.into_iter().map(EntryView::of).collect(),
        }
    }
}

impl EntryView {
    fn of(entry: found::Entry) -> Self {
        Self {
            account: Wire(entry.account),
            number: entry.number.0,
            direction: match entry.direction {
                Direction::Debit => Side::Debit,
                Direction::Credit => Side::Credit,
            },
            amount: Wire(entry.amount),
            currency: Wire(entry.currency),
            category: entry.category,
            memo: entry.memo,
            tags: entry.tags,
        }
    }
}

impl TransactionsPage {
    pub fn of(page: Page, known_at: Position, as_of: Position) -> Self {
        let shard = as_of.shard;
        let facets = page.facets.into_iter().map(|(facet, values)| FacetView {
            facet: FacetName::of(facet),
            values: values
                .values
                .into_iter()
                .map(|(value, transactions)| FacetValue { value, transactions })
                .collect(),
            more: values.more,
        });
        Self {
            known_at: Wire(known_at),
            as_of: Wire(as_of),
            next: page.next.map(|next| next.to_string()),
            totals: page.totals.map(TotalsView::of),
            facets: facets.collect(),
            transactions: page.transactions.into_iter().map(|one| TransactionView::of(one, shard)).collect(),
        }
    }
}

impl TotalsView {
    fn of(totals: found::Totals) -> Self {
        let currencies = totals.currencies.into_iter().map(|total| TotalView {
            currency: Wire(total.currency),
            entries: total.entries,
            debits: Wire(total.debits),
            credits: Wire(total.credits),
            // Neither is negative.
            net: Wire(Quantity::new(total.debits.minor - total.credits.minor, total.debits.scale)),
        });
        Self { transactions: totals.transactions, currencies: currencies.collect() }
    }
}
