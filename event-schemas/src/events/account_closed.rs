//! An account with no balance was closed for ever.

use serde::{Deserialize, Serialize};

use crate::{AccountNumber, Contract, Sealed};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountClosed {
    pub account: AccountNumber,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Sealed<String>>,
}

impl Contract for AccountClosed {
    const NAME: &'static str = "account_closed";
    const VERSION: u16 = 1;

    fn example() -> AccountClosed {
        AccountClosed {
            account: AccountNumber(7),
            reason: Some(Sealed::Plain("moved to another bank".to_owned())),
        }
    }
}
