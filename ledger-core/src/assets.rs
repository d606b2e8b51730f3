//! Assets by a small number: an ISO 4217 currency, or one that the ledger registered.

use event_schemas::{AssetCode, ISO_4217};
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

/// A place in ISO 4217's list, or (with the high bit) in the ledger's own. Two bytes beside every balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AssetRef(u16);

const OWN: u16 = 1 << 15;
/// Assets that one ledger may register.
pub(crate) const OWN_ASSETS_MAX: usize = OWN as usize - 1;

/// `letters → place in the list + 1`, 0 for none: three letters are a number below 26³.
static ISO_BY_LETTERS: [u8; 26 * 26 * 26] = {
    let mut places = [0; 26 * 26 * 26];
    let mut place = 0;
    while place < ISO_4217.len() {
        let code = ISO_4217[place].0.as_bytes();
        places[letters([code[0], code[1], code[2]])] = (place + 1) as u8;
        place += 1;
    }
    places
};

const _: () = assert!(ISO_4217.len() < 255, "a place and a none fit one byte");

#[allow(clippy::arithmetic_side_effects, reason = "three letters, checked by the caller")]
const fn letters(code: [u8; 3]) -> usize {
    ((code[0] - b'A') as usize * 26 + (code[1] - b'A') as usize) * 26 + (code[2] - b'A') as usize
}

impl AssetRef {
    /// The ISO 4217 currency of that code, if it is one.
    pub(crate) fn iso(code: AssetCode) -> Option<AssetRef> {
        let code: [u8; 3] = code.as_bytes().try_into().ok()?;
        if !code.iter().all(u8::is_ascii_uppercase) {
            return None;
        }
        u16::from(ISO_BY_LETTERS[letters(code)]).checked_sub(1).map(AssetRef)
    }

    pub(crate) fn own(place: usize) -> AssetRef {
        assert!(place < OWN_ASSETS_MAX);
        AssetRef(OWN | u16::try_from(place).expect("checked"))
    }

    /// Its place among the ledger's own, or its code and scale by ISO 4217.
    pub(crate) fn place(self) -> Result<usize, (&'static str, u8)> {
        let place = usize::from(self.0 & !OWN);
        if self.0 & OWN != 0 { Ok(place) } else { Err(ISO_4217[place]) }
    }
}

/// An asset that a ledger registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OwnAsset {
    pub code: AssetCode,
    pub scale: u8,
}

/// A ledger's own assets in the order in which they were registered, found by code.
#[derive(Debug, Default)]
pub(crate) struct OwnAssets {
    list: Vec<OwnAsset>,
    by_code: HashMap<AssetCode, AssetRef>,
}

impl OwnAssets {
    pub fn list(&self) -> &[OwnAsset] {
        &self.list
    }

    pub fn find(&self, code: AssetCode) -> Option<AssetRef> {
        // Most ledgers have none, and need no hash to know it.
        if self.list.is_empty() { None } else { self.by_code.get(&code).copied() }
    }

    pub fn push(&mut self, asset: OwnAsset) {
        let former = self.by_code.insert(asset.code, AssetRef::own(self.list.len()));
        assert!(former.is_none(), "an asset's code is given once: {}", asset.code);
        self.list.push(asset);
    }

    pub fn pop(&mut self) {
        let asset = self.list.pop().expect("undo follows evolve");
        self.by_code.remove(&asset.code);
    }
}

/// Snapshots hold the list alone.
impl Serialize for OwnAssets {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.list.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for OwnAssets {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<OwnAssets, D::Error> {
        let mut assets = OwnAssets::default();
        Vec::<OwnAsset>::deserialize(deserializer)?.into_iter().for_each(|asset| assets.push(asset));
        Ok(assets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_iso_currency_is_found_and_nothing_else() {
        for (place, (text, scale)) in ISO_4217.iter().enumerate() {
            let asset = AssetRef::iso(AssetCode::parse(text).expect("a code")).expect("in the list");
            assert_eq!(asset.0 as usize, place);
            assert_eq!(asset.place(), Err((*text, *scale)));
        }
        for text in ["XXX", "AAA", "ZZZ", "EURO", "EU", "E1R"] {
            assert_eq!(AssetRef::iso(AssetCode::parse(text).expect("a code")), None, "{text}");
        }
    }
}
