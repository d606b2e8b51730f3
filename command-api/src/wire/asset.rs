//! An asset of a ledger's own.

use event_schemas::AssetCode;
use ledger_core::commands::RegisterAsset;
use poem_openapi::Object;
use serde::Deserialize;

use super::{Wire, present, text::Name};

/// An asset beside the currencies of ISO 4217: shares, points, coins.
#[derive(Object, Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields, expecting = "an asset: an object")]
#[oai(deny_unknown_fields)]
pub struct NewAsset {
    /// How entries name it.
    pub currency: Wire<AssetCode>,
    /// Digits after the decimal point, 18 at most.
    #[oai(validator(maximum(value = "18"), minimum(value = "0")))]
    pub scale: u8,
    #[serde(default, deserialize_with = "present")]
    pub name: Option<Name>,
}

impl NewAsset {
    pub fn into_command(self) -> RegisterAsset {
        RegisterAsset { currency: self.currency.0, scale: self.scale, name: self.name.map(Name::sealed) }
    }
}
