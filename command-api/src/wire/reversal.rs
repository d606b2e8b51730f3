//! The wish to reverse a transaction; which one stands in the path.

use event_schemas::{EffectiveAt, Key};
use ledger_core::commands::ReverseTransaction;
use poem_openapi::Object;
use serde::Deserialize;

use super::{Wire, WireMetadata, present, text::Description};

/// How a transaction is reversed: whole, and once. May be empty (`{}`).
#[derive(Object, Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields, expecting = "a reversal: an object")]
#[oai(deny_unknown_fields)]
pub struct Reversal {
    /// The key of this request, where no `Idempotency-Key` is sent; also the reversal's id in its ledger.
    #[serde(default, deserialize_with = "present")]
    pub id: Option<Wire<Key>>,
    /// When the reversal takes effect. Left out: now.
    #[serde(default, deserialize_with = "present")]
    pub effective_at: Option<Wire<EffectiveAt>>,
    #[serde(default, deserialize_with = "present")]
    pub description: Option<Description>,
    #[serde(default, deserialize_with = "present")]
    pub metadata: Option<WireMetadata>,
}

impl Reversal {
    pub fn into_command(self, transaction: Key) -> (Option<Key>, ReverseTransaction) {
        let command = ReverseTransaction {
            transaction,
            effective_at: self.effective_at.map(|at| at.0),
            description: self.description.map(Description::sealed),
            metadata: self.metadata.map(WireMetadata::sealed),
        };
        (self.id.map(|id| id.0), command)
    }
}
