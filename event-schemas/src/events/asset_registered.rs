//! A ledger declared an asset of its own: shares, points, a coin.

use serde::{Deserialize, Serialize};

use crate::{AssetCode, Contract, Sealed};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssetRegistered {
    pub currency: AssetCode,
    /// Digits after the decimal point, at most 18.
    pub scale: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Sealed<String>>,
}

impl Contract for AssetRegistered {
    const NAME: &'static str = "asset_registered";
    const VERSION: u16 = 1;

    fn example() -> AssetRegistered {
        AssetRegistered {
            currency: AssetCode::parse("BTC").expect("a valid code"),
            scale: 8,
            name: Some(Sealed::Plain("Bitcoin".to_owned())),
        }
    }
}
