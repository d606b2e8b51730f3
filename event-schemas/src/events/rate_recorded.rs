//! An exchange rate was recorded: from the record's `effective_at` on, one `base` is worth `rate` of `quote`.

use serde::{Deserialize, Serialize};

use crate::{AssetCode, Contract, Rate, Sealed};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateRecorded {
    pub base: AssetCode,
    pub quote: AssetCode,
    /// More than zero.
    pub rate: Rate,
    /// Who says so: a bank, a newspaper, a friend.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Sealed<String>>,
}

impl Contract for RateRecorded {
    const NAME: &'static str = "rate_recorded";
    const VERSION: u16 = 1;

    fn example() -> RateRecorded {
        RateRecorded {
            base: AssetCode::parse("EUR").expect("a valid code"),
            quote: AssetCode::parse("CZK").expect("a valid code"),
            rate: Rate::parse("25.10").expect("a valid rate"),
            source: Some(Sealed::Plain("Czech National Bank".to_owned())),
        }
    }
}
