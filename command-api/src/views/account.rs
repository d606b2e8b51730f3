//! An account with its balances, as its readers see it.

use event_schemas::{AccountNumber, AccountPath, AssetCode, Position, Quantity};
use ledger_core::{Account, BalanceView, Ledger, Status};
use poem_openapi::{Enum, Object};
use serde::Serialize;

use crate::wire::{Wire, account::Kind};

/// An account.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(rename = "Account")]
pub struct AccountView {
    /// Its path.
    pub account: Wire<AccountPath>,
    /// Its number in the ledger, which never changes.
    pub number: u32,
    #[oai(rename = "type")]
    #[serde(rename = "type")]
    pub kind: Kind,
    pub status: AccountStatus,
    /// How many entries it has.
    pub entries: u64,
    /// One for each currency that ever moved.
    pub balances: Vec<BalanceOf>,
    /// One for each currency that has limits.
    pub limits: Vec<LimitsOf>,
}

/// An account, and the record up to which it was read.
#[derive(Object, Serialize, Clone, Debug)]
pub struct AccountAsOf {
    #[oai(flatten)]
    #[serde(flatten)]
    pub account: AccountView,
    /// What was read is the state after this record.
    pub as_of: Wire<Position>,
}

/// A page of accounts, in the order of their numbers.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct AccountsPage {
    pub accounts: Vec<AccountView>,
    /// To be sent as `after`, for the next page. Absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// What was read is the state after this record.
    pub as_of: Wire<Position>,
}

#[derive(Enum, Serialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum AccountStatus {
    Open,
    Frozen,
    Closed,
}

/// An account's balance in one currency.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(rename = "Balance")]
pub struct BalanceOf {
    pub currency: Wire<AssetCode>,
    pub posted: PostedTotals,
    /// What pending entries would add, less what they would take, on the account's normal side.
    pub pending: Wire<Quantity>,
    /// What could leave now: posted, less what pending entries may take, less the limit.
    pub available: Wire<Quantity>,
}

/// What was posted, both sides.
#[derive(Object, Serialize, Clone, Debug)]
pub struct PostedTotals {
    pub debits: Wire<Quantity>,
    pub credits: Wire<Quantity>,
    /// On the account's normal side: debits less credits for assets and expenses, credits less debits for the others.
    pub balance: Wire<Quantity>,
}

/// What a balance may be in one currency, on the account's normal side.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(rename = "Limits", skip_serializing_if_is_none)]
pub struct LimitsOf {
    pub currency: Wire<AssetCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor: Option<Wire<Quantity>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<Wire<Quantity>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit_line: Option<Wire<Quantity>>,
}

impl AccountView {
    /// Runs on the sequencer: no text is made here.
    pub fn of(ledger: &Ledger, number: AccountNumber, account: &Account) -> Self {
        let limits = account.limits().iter().map(|limits| {
            let quantity =
                |minor: Option<i128>| minor.map(|minor| Wire(ledger.quantity(limits.asset, minor)));
            LimitsOf {
                currency: Wire(ledger.code(limits.asset)),
                floor: quantity(limits.floor),
                ceiling: quantity(limits.ceiling),
                credit_line: quantity(limits.credit_line),
            }
        });
        Self {
            account: Wire(account.path.clone()),
            number: number.0,
            kind: account.account_type.into(),
            status: account.status.into(),
            entries: account.entries,
            balances: ledger.balances(account).into_iter().map(BalanceOf::from).collect(),
            limits: limits.collect(),
        }
    }
}

impl From<BalanceView> for BalanceOf {
    fn from(view: BalanceView) -> Self {
        Self {
            currency: Wire(view.currency),
            posted: PostedTotals {
                debits: Wire(view.debits),
                credits: Wire(view.credits),
                balance: Wire(view.posted),
            },
            pending: Wire(view.pending),
            available: Wire(view.available),
        }
    }
}

impl From<Status> for AccountStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Open => Self::Open,
            Status::Frozen => Self::Frozen,
            Status::Closed => Self::Closed,
        }
    }
}
