//! An exchange rate, as its caller writes it.

use event_schemas::{AssetCode, EffectiveAt, Rate};
use ledger_core::commands::RecordRate;
use poem_openapi::Object;
use serde::Deserialize;

use super::{Wire, present, text::Name};

/// What one unit of `base` is worth in `quote`, from a time on until a later rate.
#[derive(Object, Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields, expecting = "a rate: an object")]
#[oai(deny_unknown_fields)]
pub struct NewRate {
    pub base: Wire<AssetCode>,
    pub quote: Wire<AssetCode>,
    /// More than zero. Kept with the digits with which it is written.
    pub rate: Wire<Rate>,
    /// From when it holds: an instant, or a date for the start of that day in the ledger's time zone. Left out: now.
    #[serde(default, deserialize_with = "present")]
    pub effective_at: Option<Wire<EffectiveAt>>,
    /// Who says so.
    #[serde(default, deserialize_with = "present")]
    pub source: Option<Name>,
}

impl NewRate {
    pub fn into_command(self) -> RecordRate {
        RecordRate {
            base: self.base.0,
            quote: self.quote.0,
            rate: self.rate.0,
            source: self.source.map(Name::sealed),
            effective_at: self.effective_at.map(|at| at.0),
        }
    }
}
