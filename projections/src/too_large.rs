//! A figure that is too large to be told.

use event_schemas::{AccountPath, AssetCode};

/// A sum or a value has more than 127 bits. Each balance of an account fits; what several come to, or are worth, need not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a figure in {} is too large to be told", currency.as_str())]
pub struct TooLarge {
    /// In which the figure would be.
    pub currency: AssetCode,
    /// The account, or the name above accounts, whose figure it is. `None`: a total.
    pub account: Option<AccountPath>,
}

impl TooLarge {
    #[must_use]
    pub fn total(currency: AssetCode) -> TooLarge {
        TooLarge { currency, account: None }
    }

    #[must_use]
    pub fn of(self, account: &AccountPath) -> TooLarge {
        TooLarge { account: Some(account.clone()), ..self }
    }
}
