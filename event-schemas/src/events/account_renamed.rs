//! An account got another path. The former one still finds it and is never given to another.

use serde::{Deserialize, Serialize};

use crate::{AccountNumber, AccountPath, Contract, Sealed};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountRenamed {
    pub account: AccountNumber,
    pub path: Sealed<AccountPath>,
}

impl Contract for AccountRenamed {
    const NAME: &'static str = "account_renamed";
    const VERSION: u16 = 1;

    fn example() -> AccountRenamed {
        AccountRenamed {
            account: AccountNumber(7),
            path: AccountPath::parse("assets:bank:main").expect("a valid path").into(),
        }
    }
}
