//! A set of books, as its opener writes it.

use event_schemas::{
    LedgerId,
    events::ledger_opened::{AccountsPolicy, PathsPolicy},
};
use ledger_core::commands::OpenLedger;
use poem_openapi::{Enum, Object};
use serde::{Deserialize, Serialize};

use super::{
    Wire, WireMetadata, present,
    text::{Name, Text},
};

/// A set of books to be opened. Its policies hold for ever.
#[derive(Object, Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields, expecting = "a ledger: an object")]
#[oai(deny_unknown_fields)]
pub struct NewLedger {
    /// Chosen by you; stands in every address of the ledger.
    pub id: Wire<LedgerId>,
    /// IANA name, such as `Europe/Prague`; a bare date means the start of that day there. Left out: UTC.
    #[serde(default, deserialize_with = "present")]
    pub time_zone: Option<Text<1, 64>>,
    /// Whether a posting opens the accounts that it is the first to name. Left out: it does.
    #[serde(default, deserialize_with = "present")]
    pub accounts: Option<Accounts>,
    /// Whether the log repeats an account's path beside its number. Left out: it does.
    #[serde(default, deserialize_with = "present")]
    pub paths: Option<Paths>,
    #[serde(default, deserialize_with = "present")]
    pub name: Option<Name>,
    #[serde(default, deserialize_with = "present")]
    pub metadata: Option<WireMetadata>,
}

/// How accounts come to be.
#[derive(Enum, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum Accounts {
    OpenOnFirstUse,
    OpenExplicitly,
}

/// Whether entries in the log name accounts by their paths too.
#[derive(Enum, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum Paths {
    Visible,
    Hidden,
}

impl NewLedger {
    pub fn into_command(self) -> (LedgerId, OpenLedger) {
        let command = OpenLedger {
            time_zone: self.time_zone.map(|zone| zone.0.0),
            accounts: self.accounts.map(AccountsPolicy::from).unwrap_or_default(),
            paths: self.paths.map(PathsPolicy::from).unwrap_or_default(),
            name: self.name.map(Name::sealed),
            metadata: self.metadata.map(WireMetadata::sealed),
            ..OpenLedger::default()
        };
        (self.id.0, command)
    }
}

impl From<Accounts> for AccountsPolicy {
    fn from(policy: Accounts) -> Self {
        match policy {
            Accounts::OpenOnFirstUse => AccountsPolicy::OpenOnFirstUse,
            Accounts::OpenExplicitly => AccountsPolicy::OpenExplicitly,
        }
    }
}

impl From<Paths> for PathsPolicy {
    fn from(policy: Paths) -> Self {
        match policy {
            Paths::Visible => PathsPolicy::Visible,
            Paths::Hidden => PathsPolicy::Hidden,
        }
    }
}

impl From<AccountsPolicy> for Accounts {
    fn from(policy: AccountsPolicy) -> Self {
        match policy {
            AccountsPolicy::OpenOnFirstUse => Accounts::OpenOnFirstUse,
            AccountsPolicy::OpenExplicitly => Accounts::OpenExplicitly,
        }
    }
}

impl From<PathsPolicy> for Paths {
    fn from(policy: PathsPolicy) -> Self {
        match policy {
            PathsPolicy::Visible => Paths::Visible,
            PathsPolicy::Hidden => Paths::Hidden,
        }
    }
}
