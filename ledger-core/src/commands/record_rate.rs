//! Records an exchange rate: what one unit of an asset is worth in another from a time on.
//!
//! It leaves no trace in the books: no rule asks for a rate, and views that value balances read the log. So books, their
//! snapshots and the memory of a server with years of rates stay as they are.

use event_schemas::events::RateRecorded;
use event_schemas::{AssetCode, EffectiveAt, Envelope, Rate, Sealed};
use serde::{Deserialize, Serialize};

use super::CommandInput;
use crate::decide::{Context, Decided, effective_at};
use crate::refusal::{Refusal, RefusalKind};
use crate::state::Ledger;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordRate {
    pub base: AssetCode,
    pub quote: AssetCode,
    pub rate: Rate,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source: Option<Sealed<String>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub effective_at: Option<EffectiveAt>,
}

impl CommandInput for RecordRate {
    const REFUSALS: &'static [RefusalKind] = &[
        RefusalKind::AssetNotFound,
        RefusalKind::CurrenciesAreTheSame,
        RefusalKind::RateIsZero,
        RefusalKind::EffectiveInTheFuture,
    ];

    fn decide(&self, ledger: &Ledger, context: &Context<'_>) -> Result<Decided, Refusal> {
        for (pointer, code) in [("/base", self.base), ("/quote", self.quote)] {
            if ledger.asset(code).is_none() {
                return Err(Refusal::at(RefusalKind::AssetNotFound, pointer).with("currency", code));
            }
        }
        if self.base == self.quote {
            return Err(Refusal::at(RefusalKind::CurrenciesAreTheSame, "/quote").with("currency", self.quote));
        }
        if self.rate.is_zero() {
            return Err(Refusal::at(RefusalKind::RateIsZero, "/rate"));
        }
        let effective_at = effective_at(self.effective_at, ledger, context)?;
        let event =
            RateRecorded { base: self.base, quote: self.quote, rate: self.rate, source: self.source.clone() };
        Ok(Decided { event: event.into(), effective_at })
    }
}

pub(crate) fn command_of(envelope: &Envelope, event: &RateRecorded) -> RecordRate {
    RecordRate {
        base: event.base,
        quote: event.quote,
        rate: event.rate,
        source: event.source.clone(),
        effective_at: Some(EffectiveAt::Instant(envelope.effective_at)),
    }
}
