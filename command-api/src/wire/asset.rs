//! An asset of a ledger's own.

use std::fmt;

use event_schemas::AssetCode;
use ledger_core::commands::RegisterAsset;
use poem_openapi::Object;
use serde::{
    Deserialize, Deserializer,
    de::{self, Unexpected},
};

use super::{Wire, present, text::Name};

/// An asset beside the currencies of ISO 4217: shares, points, coins.
#[derive(Object, Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields, expecting = "an asset: an object")]
#[oai(deny_unknown_fields)]
pub struct NewAsset {
    /// How entries name it.
    pub currency: Wire<AssetCode>,
    /// Digits after the decimal point, 18 at most.
    #[serde(deserialize_with = "whole")]
    #[oai(validator(maximum(value = "18"), minimum(value = "0")))]
    pub scale: u8,
    #[serde(default, deserialize_with = "present")]
    pub name: Option<Name>,
}

/// A whole number, however it is written: to JSON Schema, `2.0` is an integer.
fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    struct Whole;

    impl de::Visitor<'_> for Whole {
        type Value = u8;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a whole number from 0 to 18")
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<u8, E> {
            u8::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
        }

        fn visit_f64<E: de::Error>(self, number: f64) -> Result<u8, E> {
            let is_whole = (0.0..=255.0).contains(&number) && number.fract() == 0.0;
            if is_whole { Ok(number as u8) } else { Err(E::invalid_value(Unexpected::Float(number), &self)) }
        }
    }

    deserializer.deserialize_any(Whole)
}

impl NewAsset {
    pub fn into_command(self) -> RegisterAsset {
        RegisterAsset { currency: self.currency.0, scale: self.scale, name: self.name.map(Name::sealed) }
    }
}
