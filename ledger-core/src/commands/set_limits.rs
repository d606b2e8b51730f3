//! Sets an account's limits in one currency, as a whole: what is left out is no limit.
//!
//! They hold at once and may lie above or below the present balance: then nothing may make it worse.

use event_schemas::events::LimitsSet;
use event_schemas::{AssetCode, Envelope, Quantity};
use serde::{Deserialize, Serialize};

use super::{CommandInput, account_in_path};
use crate::amount::{AMOUNT_MINOR_MAX, Amount};
use crate::decide::{Context, Decided};
use crate::limits::Limits;
use crate::refusal::{Refusal, RefusalKind};
use crate::state::{AccountRef, Ledger, Status, index};
use crate::undo::{Journal, Undo};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetLimits {
    pub account: AccountRef,
    pub currency: AssetCode,
    /// May be negative.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub floor: Option<Quantity>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ceiling: Option<Quantity>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub credit_line: Option<Amount>,
}

impl CommandInput for SetLimits {
    const REFUSALS: &'static [RefusalKind] = &[
        RefusalKind::AccountNotFound,
        RefusalKind::AccountIsClosed,
        RefusalKind::AssetNotFound,
        RefusalKind::AmountIsTooLarge,
        RefusalKind::AmountHasTooManyDecimals,
        RefusalKind::LimitsContradict,
    ];

    fn decide(&self, ledger: &Ledger, context: &Context<'_>) -> Result<Decided, Refusal> {
        let (number, account) = account_in_path(ledger, &self.account)?;
        if account.status == Status::Closed {
            return Err(Refusal::new(RefusalKind::AccountIsClosed).with("account", &account.path));
        }
        let Some((asset, scale)) = ledger.asset(self.currency) else {
            return Err(Refusal::at(RefusalKind::AssetNotFound, "/currency").with("currency", self.currency));
        };
        let floor = self.floor.map(|floor| rescale(floor, scale, "/floor")).transpose()?;
        let ceiling = self.ceiling.map(|ceiling| rescale(ceiling, scale, "/ceiling")).transpose()?;
        let credit_line = self
            .credit_line
            .map(|line| line.to_minor(scale).map_err(|kind| Refusal::of_amount(kind, "/credit_line", scale)))
            .transpose()?;
        let limits = Limits { asset, floor, ceiling, credit_line };
        if let Some((lowest, ceiling)) = limits.lowest().zip(ceiling).filter(|(low, high)| low > high) {
            return Err(Refusal::at(RefusalKind::LimitsContradict, "/ceiling")
                .with("lowest", Quantity::new(lowest, scale))
                .with("ceiling", Quantity::new(ceiling, scale)));
        }
        let quantity = |minor: Option<i128>| minor.map(|minor| Quantity::new(minor, scale));
        let event = LimitsSet {
            account: number,
            currency: self.currency,
            floor: quantity(floor),
            ceiling: quantity(ceiling),
            credit_line: quantity(credit_line),
        };
        Ok(Decided::now(event, context))
    }
}

/// A signed bound in the asset's own minor units.
pub(super) fn rescale(bound: Quantity, scale: u8, pointer: &str) -> Result<i128, Refusal> {
    let magnitude =
        i128::try_from(bound.minor.unsigned_abs()).ok().filter(|minor| *minor <= AMOUNT_MINOR_MAX);
    let refuse = |kind| Refusal::of_amount(kind, pointer, scale);
    let magnitude = magnitude.ok_or_else(|| refuse(RefusalKind::AmountIsTooLarge))?;
    let minor = Amount::from(Quantity::new(magnitude, bound.scale)).to_minor(scale).map_err(refuse)?;
    Ok(if bound.minor < 0 { minor.saturating_neg() } else { minor })
}

pub(crate) fn command_of(_: &Envelope, event: &LimitsSet) -> SetLimits {
    SetLimits {
        account: AccountRef::Number(event.account),
        currency: event.currency,
        floor: event.floor,
        ceiling: event.ceiling,
        credit_line: event.credit_line.map(Amount::from),
    }
}

pub(crate) fn evolve(ledger: &mut Ledger, place: u32, event: &LimitsSet, journal: &mut impl Journal) {
    let (asset, _) = ledger.asset(event.currency).expect("decide refuses unknown assets");
    let minor = |quantity: Option<Quantity>| quantity.map(|quantity| quantity.minor);
    let new = Limits {
        asset,
        floor: minor(event.floor),
        ceiling: minor(event.ceiling),
        credit_line: minor(event.credit_line),
    };
    let account = &mut ledger.accounts[index(event.account)];
    journal.note(Undo::LimitsSet(place, event.account, account.limits.clone()));
    let mut all: Vec<Limits> = account.limits.take().map_or_else(Vec::new, |limits| *limits);
    all.retain(|limits| limits.asset != asset);
    if !new.is_none() {
        all.push(new);
    }
    account.limits = if all.is_empty() { None } else { Some(Box::new(all)) };
}
