//! A frozen account is open again.

use serde::{Deserialize, Serialize};

use crate::{AccountNumber, Contract, Sealed};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountUnfrozen {
    pub account: AccountNumber,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Sealed<String>>,
}

impl Contract for AccountUnfrozen {
    const NAME: &'static str = "account_unfrozen";
    const VERSION: u16 = 1;

    fn example() -> AccountUnfrozen {
        AccountUnfrozen { account: AccountNumber(7), reason: Some(Sealed::Plain("card replaced".to_owned())) }
    }
}
