//! Undoes a transaction, whole and once, by its mirror image.

use event_schemas::events::TransactionReversed;
use event_schemas::events::entries::Entry;
use event_schemas::{EffectiveAt, Envelope, Key, Metadata, Sealed};
use serde::{Deserialize, Serialize};

use super::CommandInput;
use super::posting::{self, Leg};
use crate::decide::{Context, Decided, Original, effective_at, position};
use crate::refusal::{Refusal, RefusalKind};
use crate::state::{Ledger, index};
use crate::undo::{Journal, Undo};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReverseTransaction {
    /// The transaction's key, which is its id.
    pub transaction: Key,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub effective_at: Option<EffectiveAt>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<Sealed<String>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub metadata: Option<Sealed<Metadata>>,
}

impl CommandInput for ReverseTransaction {
    const REFUSALS: &'static [RefusalKind] = &[
        RefusalKind::TransactionNotFound,
        RefusalKind::TransactionIsAReversal,
        RefusalKind::TransactionIsReversed,
        RefusalKind::AccountIsFrozen,
        RefusalKind::AccountIsClosed,
        RefusalKind::EffectiveInTheFuture,
        RefusalKind::BalanceOverflows,
        RefusalKind::BalanceBelowFloor,
        RefusalKind::BalanceAboveCeiling,
    ];

    fn decide(&self, ledger: &Ledger, context: &Context<'_>) -> Result<Decided, Refusal> {
        let refuse = |kind| Refusal::new(kind).with("transaction", &self.transaction);
        let (sequence, original) = match context.original {
            None => return Err(refuse(RefusalKind::TransactionNotFound)),
            Some(Original::Reversal) => return Err(refuse(RefusalKind::TransactionIsAReversal)),
            Some(Original::Posted { key, sequence, entries }) => {
                assert_eq!(key, &self.transaction, "the original is the one that was asked for");
                (*sequence, entries)
            }
        };
        if let Some(reversal) = ledger.reversed.get(&sequence) {
            return Err(
                refuse(RefusalKind::TransactionIsReversed).with("reversed_at", position(context, *reversal))
            );
        }
        let legs = original
            .iter()
            .enumerate()
            .map(|(at, entry)| mirrored(ledger, entry, at))
            .collect::<Result<Vec<_>, _>>()
            .map_err(Refusal::in_original)?;
        let effective_at = effective_at(self.effective_at, ledger, context)?;
        let totals = posting::totals(ledger, &legs).map_err(Refusal::in_original)?;
        let entries = original.iter().zip(&legs).zip(&totals).map(|((entry, leg), totals)| Entry {
            path: entry.path.as_ref().map(|_| leg.path.clone()),
            direction: leg.direction,
            number: totals.number,
            after: posting::after(totals, leg.scale),
            ..entry.clone()
        });
        let event = TransactionReversed {
            original: self.transaction.clone(),
            original_seq: sequence,
            description: self.description.clone(),
            metadata: self.metadata.clone(),
            entries: entries.collect(),
        };
        Ok(Decided { event: event.into(), effective_at })
    }
}

fn mirrored(ledger: &Ledger, entry: &Entry, at: usize) -> Result<Leg, Refusal> {
    let account =
        ledger.accounts().get(index(entry.account)).expect("LGR-3: a recorded entry names an account");
    posting::usable(account, at)?;
    let (asset, scale) = ledger.asset(entry.currency).expect("a recorded entry's asset is known");
    Ok(Leg {
        account: entry.account,
        path: account.path.clone(),
        account_type: account.account_type,
        direction: entry.direction.opposite(),
        minor: entry.amount.minor,
        asset,
        scale,
    })
}

pub(crate) fn command_of(envelope: &Envelope, event: &TransactionReversed) -> ReverseTransaction {
    ReverseTransaction {
        transaction: event.original.clone(),
        effective_at: Some(EffectiveAt::Instant(envelope.effective_at)),
        description: event.description.clone(),
        metadata: event.metadata.clone(),
    }
}

pub(crate) fn evolve(
    ledger: &mut Ledger,
    place: u32,
    envelope: &Envelope,
    event: &TransactionReversed,
    journal: &mut impl Journal,
) {
    posting::apply(ledger, place, &event.entries, journal);
    let former = ledger.reversed.insert(event.original_seq, envelope.sequence);
    assert!(former.is_none(), "a transaction is reversed once: {}", event.original);
    journal.note(Undo::Reversed(place, event.original_seq));
}
