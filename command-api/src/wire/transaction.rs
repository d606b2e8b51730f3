//! A transaction, as its caller writes it.

use event_schemas::{AccountPath, AssetCode, Direction, EffectiveAt, Key, Position, Quantity};
use ledger_core::{
    AccountRef, Amount,
    commands::{
        PostTransaction,
        post_transaction::{BalanceCondition, Conditions, EntryInput},
    },
};
use poem_openapi::{Enum, Object};
use serde::{Deserialize, Serialize};

use super::{
    Wire, WireMetadata, at_most, present, strict,
    text::{Description, Label, Reference},
};

const TAGS_MAX: usize = 20;
const CONDITIONS_MAX: usize = 50;
/// More is refused by the rules, with a number; far more is refused here, while reading.
const ENTRIES_READ_MAX: usize = 1_000;

/// Money that moved, as entries whose debits and credits are equal in each currency.
#[derive(Object, Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields, expecting = "a transaction: an object")]
#[oai(deny_unknown_fields)]
pub struct Transaction {
    /// The key of this request, where no `Idempotency-Key` is sent; also the transaction's id in its ledger.
    #[serde(default, deserialize_with = "present")]
    pub id: Option<Wire<Key>>,
    /// When it happened: an instant, or a date for the start of that day in the ledger's time zone. Left out: now.
    #[serde(default, deserialize_with = "present")]
    pub effective_at: Option<Wire<EffectiveAt>>,
    #[serde(default, deserialize_with = "present")]
    pub description: Option<Description>,
    /// Its number on somebody else's paper, such as an invoice's.
    #[serde(default, deserialize_with = "present")]
    pub reference: Option<Reference>,
    #[serde(default, deserialize_with = "present")]
    pub metadata: Option<WireMetadata>,
    /// What must hold beforehand; else nothing is posted (409).
    #[serde(default, deserialize_with = "present")]
    pub preconditions: Option<Preconditions>,
    #[serde(deserialize_with = "at_most::<_, _, ENTRIES_READ_MAX>")]
    #[oai(validator(min_items = 2, max_items = 500))]
    pub entries: Vec<Entry>,
}

/// One side of a transaction.
#[derive(Object, Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields, expecting = "an entry: an object")]
#[oai(deny_unknown_fields)]
pub struct Entry {
    /// The account's path. Where the ledger's policy says so, a path that is new opens an account.
    pub account: Wire<AccountPath>,
    #[serde(deserialize_with = "strict")]
    pub direction: Side,
    /// More than zero, with at most as many decimals as the currency has.
    pub amount: Wire<Amount>,
    /// ISO 4217, or an asset of the ledger's own.
    pub currency: Wire<AssetCode>,
    #[serde(default, deserialize_with = "present")]
    pub category: Option<Label>,
    #[serde(default, deserialize_with = "present")]
    pub memo: Option<Description>,
    #[serde(default, deserialize_with = "at_most::<_, _, TAGS_MAX>")]
    #[oai(default, validator(max_items = 20))]
    pub tags: Vec<Label>,
}

/// Which side of the account an entry is on.
#[derive(Enum, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum Side {
    Debit,
    Credit,
}

/// What must be true before the transaction.
#[derive(Object, Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields, expecting = "preconditions: an object")]
#[oai(deny_unknown_fields)]
pub struct Preconditions {
    #[serde(default, deserialize_with = "at_most::<_, _, CONDITIONS_MAX>")]
    #[oai(default, validator(max_items = 50))]
    pub balances: Vec<BalanceBounds>,
    /// Nothing in the ledger changed after this position.
    #[serde(default, deserialize_with = "present")]
    pub unchanged_since: Option<Wire<Position>>,
}

/// Bounds on an account's posted balance, on its normal side.
#[derive(Object, Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields, expecting = "bounds of a balance: an object")]
#[oai(deny_unknown_fields)]
pub struct BalanceBounds {
    pub account: Wire<AccountPath>,
    pub currency: Wire<AssetCode>,
    #[serde(default, deserialize_with = "present")]
    pub at_least: Option<Wire<Quantity>>,
    #[serde(default, deserialize_with = "present")]
    pub at_most: Option<Wire<Quantity>>,
}

impl Transaction {
    /// The key that the body brings, and the command.
    pub fn into_command(self) -> (Option<Key>, PostTransaction) {
        let command = PostTransaction {
            effective_at: self.effective_at.map(|at| at.0),
            description: self.description.map(Description::sealed),
            reference: self.reference.map(Reference::sealed),
            metadata: self.metadata.map(WireMetadata::sealed),
            preconditions: self.preconditions.map(Conditions::from),
            entries: self.entries.into_iter().map(EntryInput::from).collect(),
        };
        (self.id.map(|id| id.0), command)
    }
}

impl From<Entry> for EntryInput {
    fn from(entry: Entry) -> Self {
        Self {
            account: AccountRef::Path(entry.account.0),
            direction: entry.direction.into(),
            amount: entry.amount.0,
            currency: entry.currency.0,
            category: entry.category.map(Label::boxed),
            memo: entry.memo.map(Description::sealed),
            tags: entry.tags.into_iter().map(Label::boxed).collect(),
        }
    }
}

impl From<Direction> for Side {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::Debit => Side::Debit,
            Direction::Credit => Side::Credit,
        }
    }
}

impl From<Side> for Direction {
    fn from(side: Side) -> Self {
        match side {
            Side::Debit => Direction::Debit,
            Side::Credit => Direction::Credit,
        }
    }
}

impl From<Preconditions> for Conditions {
    fn from(conditions: Preconditions) -> Self {
        let balance = |bounds: BalanceBounds| BalanceCondition {
            account: AccountRef::Path(bounds.account.0),
            currency: bounds.currency.0,
            at_least: bounds.at_least.map(|bound| bound.0),
            at_most: bounds.at_most.map(|bound| bound.0),
        };
        Self {
            balances: conditions.balances.into_iter().map(balance).collect(),
            unchanged_since: conditions.unchanged_since.map(|position| position.0),
        }
    }
}
