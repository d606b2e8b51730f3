//! A set of books was opened, with the policies that hold for it for ever.

use serde::{Deserialize, Serialize};

use crate::{Contract, Metadata, Sealed};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LedgerOpened {
    /// IANA name. A bare date means the start of that day there.
    pub time_zone: String,
    pub accounts: AccountsPolicy,
    pub paths: PathsPolicy,
    pub personal_data: PersonalDataPolicy,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Sealed<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Sealed<Metadata>>,
}

/// Whether a posting may open the accounts that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountsPolicy {
    #[default]
    OpenOnFirstUse,
    OpenExplicitly,
}

/// Whether entries repeat the account's path beside its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PathsPolicy {
    #[default]
    Visible,
    Hidden,
}

/// What becomes of free text. `plain`: it stands in the log readable, and can never be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PersonalDataPolicy {
    #[default]
    Plain,
}

impl Contract for LedgerOpened {
    const NAME: &'static str = "ledger_opened";
    const VERSION: u16 = 1;

    fn example() -> LedgerOpened {
        LedgerOpened {
            time_zone: "Europe/Prague".to_owned(),
            accounts: AccountsPolicy::OpenExplicitly,
            paths: PathsPolicy::Visible,
            personal_data: PersonalDataPolicy::Plain,
            name: Some(Sealed::Plain("Household".to_owned())),
            metadata: None,
        }
    }
}
