//! An account was opened on request. (Those that a posting opens are listed in its own record.)

use serde::{Deserialize, Serialize};

use crate::{AccountNumber, AccountPath, AccountType, Contract, Metadata, Sealed};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountOpened {
    pub account: AccountNumber,
    pub path: Sealed<AccountPath>,
    pub account_type: AccountType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Sealed<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Sealed<Metadata>>,
}

impl Contract for AccountOpened {
    const NAME: &'static str = "account_opened";
    const VERSION: u16 = 1;

    fn example() -> AccountOpened {
        AccountOpened {
            account: AccountNumber(7),
            path: AccountPath::parse("assets:bank:checking").expect("a valid path").into(),
            account_type: AccountType::Asset,
            name: Some(Sealed::Plain("Everyday account".to_owned())),
            metadata: Some(Sealed::Plain([("iban".to_owned(), "CZ65…".to_owned())].into())),
        }
    }
}
