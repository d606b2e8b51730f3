//! An account was frozen: until it is unfrozen no entry may name it.

use serde::{Deserialize, Serialize};

use crate::{AccountNumber, Contract, Sealed};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountFrozen {
    pub account: AccountNumber,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Sealed<String>>,
}

impl Contract for AccountFrozen {
    const NAME: &'static str = "account_frozen";
    const VERSION: u16 = 1;

    fn example() -> AccountFrozen {
        AccountFrozen { account: AccountNumber(7), reason: Some(Sealed::Plain("card stolen".to_owned())) }
    }
}
