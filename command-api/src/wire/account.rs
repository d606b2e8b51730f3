//! What callers ask of accounts: open, rename, freeze, unfreeze, close, limit.

use event_schemas::{AccountPath, AccountType, AssetCode, Quantity};
use ledger_core::{
    AccountRef, Amount,
    commands::{CloseAccount, FreezeAccount, OpenAccount, RenameAccount, SetLimits, UnfreezeAccount},
};
use poem_openapi::{Enum, Object};
use serde::{Deserialize, Serialize};

use super::{
    Wire, WireMetadata, present,
    text::{Description, Name},
};

/// An account to be opened.
#[derive(Object, Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields, expecting = "an account: an object")]
#[oai(deny_unknown_fields)]
pub struct NewAccount {
    /// Names between colons. A path that an account ever had is never given to another.
    pub path: Wire<AccountPath>,
    /// Fixes the side on which the balance is positive. May be left out where the path's first name tells it.
    #[serde(default, rename = "type", deserialize_with = "present")]
    #[oai(rename = "type")]
    pub kind: Option<Kind>,
    #[serde(default, deserialize_with = "present")]
    pub name: Option<Name>,
    #[serde(default, deserialize_with = "present")]
    pub metadata: Option<WireMetadata>,
}

/// What an account stands for.
#[derive(Enum, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[oai(rename = "AccountType", rename_all = "snake_case")]
pub enum Kind {
    Asset,
    Liability,
    Equity,
    Income,
    Expense,
}

/// The account's new path; the old one still finds it.
#[derive(Object, Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields, expecting = "a new path: an object")]
#[oai(deny_unknown_fields)]
pub struct NewPath {
    pub path: Wire<AccountPath>,
}

/// Why an account is frozen, unfrozen or closed. May be empty (`{}`).
#[derive(Object, Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields, expecting = "a reason: an object")]
#[oai(deny_unknown_fields)]
pub struct Reason {
    #[serde(default, deserialize_with = "present")]
    pub reason: Option<Description>,
}

/// What an account's balance may be in one currency, on its normal side. What is left out is not limited.
#[derive(Object, Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields, expecting = "limits: an object")]
#[oai(rename = "NewLimits", deny_unknown_fields)]
pub struct Limits {
    pub currency: Wire<AssetCode>,
    /// The balance does not fall below it; may be negative.
    #[serde(default, deserialize_with = "present")]
    pub floor: Option<Wire<Quantity>>,
    /// The balance does not rise above it.
    #[serde(default, deserialize_with = "present")]
    pub ceiling: Option<Wire<Quantity>>,
    /// How far below the floor (zero, where none is set) it may fall all the same.
    #[serde(default, deserialize_with = "present")]
    pub credit_line: Option<Wire<Amount>>,
}

impl NewAccount {
    pub fn into_command(self) -> OpenAccount {
        OpenAccount {
            path: self.path.0,
            account_type: self.kind.map(AccountType::from),
            name: self.name.map(Name::sealed),
            metadata: self.metadata.map(WireMetadata::sealed),
        }
    }
}

impl NewPath {
    pub fn into_command(self, account: AccountRef) -> RenameAccount {
        RenameAccount { account, path: self.path.0 }
    }
}

impl Reason {
    pub fn into_freeze(self, account: AccountRef) -> FreezeAccount {
        FreezeAccount { account, reason: self.reason.map(Description::sealed) }
    }

    pub fn into_unfreeze(self, account: AccountRef) -> UnfreezeAccount {
        UnfreezeAccount { account, reason: self.reason.map(Description::sealed) }
    }

    pub fn into_close(self, account: AccountRef) -> CloseAccount {
        CloseAccount { account, reason: self.reason.map(Description::sealed) }
    }
}

impl Limits {
    pub fn into_command(self, account: AccountRef) -> SetLimits {
        SetLimits {
            account,
            currency: self.currency.0,
            floor: self.floor.map(|floor| floor.0),
            ceiling: self.ceiling.map(|ceiling| ceiling.0),
            credit_line: self.credit_line.map(|line| line.0),
        }
    }
}

impl From<Kind> for AccountType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Asset => AccountType::Asset,
            Kind::Liability => AccountType::Liability,
            Kind::Equity => AccountType::Equity,
            Kind::Income => AccountType::Income,
            Kind::Expense => AccountType::Expense,
        }
    }
}

impl From<AccountType> for Kind {
    fn from(kind: AccountType) -> Self {
        match kind {
            AccountType::Asset => Kind::Asset,
            AccountType::Liability => Kind::Liability,
            AccountType::Equity => Kind::Equity,
            AccountType::Income => Kind::Income,
            AccountType::Expense => Kind::Expense,
        }
    }
}
