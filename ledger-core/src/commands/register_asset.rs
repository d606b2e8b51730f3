//! Declares an asset of the ledger's own, with its number of decimals.

use event_schemas::events::AssetRegistered;
use event_schemas::{AssetCode, Envelope, SCALE_MAX, Sealed};
use serde::{Deserialize, Serialize};

use super::CommandInput;
use crate::assets::{OWN_ASSETS_MAX, OwnAsset};
use crate::decide::{Context, Decided};
use crate::refusal::{Refusal, RefusalKind};
use crate::state::Ledger;
use crate::undo::{Journal, Undo};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterAsset {
    pub currency: AssetCode,
    pub scale: u8,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<Sealed<String>>,
}

impl CommandInput for RegisterAsset {
    const REFUSALS: &'static [RefusalKind] =
        &[RefusalKind::AssetAlreadyExists, RefusalKind::AssetScaleIsTooLarge, RefusalKind::AssetsAreTooMany];

    fn decide(&self, ledger: &Ledger, context: &Context<'_>) -> Result<Decided, Refusal> {
        if ledger.asset(self.currency).is_some() {
            return Err(
                Refusal::at(RefusalKind::AssetAlreadyExists, "/currency").with("currency", self.currency)
            );
        }
        if self.scale > SCALE_MAX {
            return Err(Refusal::at(RefusalKind::AssetScaleIsTooLarge, "/scale")
                .with("scale", self.scale)
                .with("scale_max", SCALE_MAX));
        }
        if ledger.assets.list().len() >= OWN_ASSETS_MAX {
            return Err(Refusal::new(RefusalKind::AssetsAreTooMany).with("assets_max", OWN_ASSETS_MAX));
        }
        Ok(Decided::now(
            AssetRegistered { currency: self.currency, scale: self.scale, name: self.name.clone() },
            context,
        ))
    }
}

pub(crate) fn command_of(_: &Envelope, event: &AssetRegistered) -> RegisterAsset {
    RegisterAsset { currency: event.currency, scale: event.scale, name: event.name.clone() }
}

pub(crate) fn evolve(ledger: &mut Ledger, place: u32, event: &AssetRegistered, journal: &mut impl Journal) {
    ledger.assets.push(OwnAsset { code: event.currency, scale: event.scale });
    journal.note(Undo::AssetRegistered(place));
}
