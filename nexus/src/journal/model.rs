//! What a journal says, in its own words: accounts and commodities as they are written, amounts as exact decimals.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use event_schemas::AccountType;
use rust_decimal::Decimal;

use super::{fault::Place, source::Format};

/// Everything that was read, `include`d files too.
#[derive(Debug)]
pub struct Journal {
    pub format: Format,
    /// In the order of the files.
    pub items: Vec<Item>,
    pub prices: Vec<Price>,
    /// Types that `account` directives declare.
    pub types: BTreeMap<String, AccountType>,
    /// The account that hledger's `type:V` declares.
    pub conversion: Option<String>,
    /// Decimals that `commodity` directives show.
    pub decimals: BTreeMap<String, u32>,
    /// What is not imported: rules, forecasts, notes.
    pub left_out: Vec<LeftOut>,
    /// What was read otherwise than somebody may think.
    pub warnings: Vec<LeftOut>,
    /// SHA-256 over all files, in the order in which they were read.
    pub sha256: String,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    Transaction(Box<Transaction>),
    /// Beancount's `balance`: holds before everything else of its day.
    Check(Check),
    /// Beancount's `pad`: fills what the next check of the account misses.
    Pad(Pad),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Transaction {
    pub place: Place,
    pub date: NaiveDate,
    pub status: Option<Status>,
    pub code: Option<String>,
    pub description: String,
    pub comment: String,
    /// Names and texts: tags, links, a second date.
    pub tags: Vec<(String, String)>,
    pub postings: Vec<Posting>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Pending,
    Cleared,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Posting {
    pub place: Place,
    pub account: String,
    pub kind: Kind,
    pub status: Option<Status>,
    /// `None`: to be inferred, from the other postings or from the asserted balance.
    pub amount: Option<Amount>,
    /// `@` and `@@`.
    pub price: Option<Cost>,
    /// `{}` and `{{}}`.
    pub lot: Option<Lot>,
    pub assertion: Option<Assertion>,
    pub comment: String,
    pub tags: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Real,
    /// `(account)`: balanced by nothing.
    Virtual,
    /// `[account]`: balanced among its like.
    BalancedVirtual,
}

/// Which book a posting belongs to: what happened, or what somebody set aside in thought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Book {
    Real,
    Virtual,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amount {
    pub number: Decimal,
    /// Empty where none is written.
    pub commodity: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cost {
    Each(Amount),
    Total(Amount),
}

/// What a lot was bought for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lot {
    /// `None`: to be found among the lots held, which is not done here.
    pub cost: Option<Cost>,
    /// As it is written, for the record.
    pub text: String,
}

/// `= 5 EUR`: what the account holds after the posting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    pub amount: Amount,
    /// `==`: and nothing of any other commodity.
    pub total: bool,
    /// `=*`: with the accounts below it.
    pub inclusive: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    pub place: Place,
    pub date: NaiveDate,
    pub account: String,
    pub amount: Amount,
    pub tolerance: Decimal,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pad {
    pub place: Place,
    pub date: NaiveDate,
    pub account: String,
    pub from: String,
}

/// One `commodity` was worth `amount`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    pub place: Place,
    pub date: NaiveDate,
    pub commodity: String,
    pub amount: Amount,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    pub place: Place,
    pub what: String,
}

impl Kind {
    pub fn book(self) -> Book {
        match self {
            Kind::Real => Book::Real,
            Kind::Virtual | Kind::BalancedVirtual => Book::Virtual,
        }
    }
}

impl Item {
    pub fn date(&self) -> NaiveDate {
        match self {
            Item::Transaction(transaction) => transaction.date,
            Item::Check(check) => check.date,
            Item::Pad(pad) => pad.date,
        }
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Amount { number, commodity } = self;
        if commodity.is_empty() { write!(to, "{number}") } else { write!(to, "{number} {commodity}") }
    }
}
