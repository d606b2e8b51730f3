//! Commodities become assets: ISO currencies by code or sign, everything else under a code of the ledger's own.

use std::collections::{BTreeMap, HashMap};

use event_schemas::{AssetCode, ISO_4217, SCALE_MAX};

use super::{
    infer::{Decimals, Scales},
    map::Map,
    model::Journal,
};

/// Which asset each commodity is.
#[derive(Debug)]
pub struct Assets {
    codes: HashMap<String, AssetCode>,
    /// Those that are no ISO currencies: decimals, and the journal's name where it is another.
    pub own: BTreeMap<AssetCode, Own>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    pub scale: u8,
    pub name: Option<String>,
}

impl Own {
    pub fn shown(&self, code: &AssetCode) -> String {
        let name = self.name.as_ref().map(|name| format!(" for {name:?}")).unwrap_or_default();
        format!("{code}{name} with {} decimals", self.scale)
    }
}

/// Signs that mean one currency to most people. A journal that uses both must say which is which.
const SIGNS: &[(&str, &str)] = &[
    ("$", "USD"),
    ("€", "EUR"),
    ("£", "GBP"),
    ("¥", "JPY"),
    ("₹", "INR"),
    ("₽", "RUB"),
    ("₩", "KRW"),
    ("₴", "UAH"),
    ("₺", "TRY"),
    ("₪", "ILS"),
    ("Kč", "CZK"),
    ("zł", "PLN"),
];

/// What amounts without a commodity count, unless the map names it.
const NAMELESS: &str = "UNITS";

impl Assets {
    /// Finds a code for each commodity, and sets how many decimals each keeps. All that does not fit is told at once.
    pub fn of(journal: &Journal, map: &Map, scales: &mut Scales) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        let mut written: BTreeMap<String, Decimals> =
            scales.written().map(|(commodity, decimals)| (commodity.to_owned(), decimals)).collect();
        for price in &journal.prices {
            written.entry(price.commodity.clone()).or_default();
            written.entry(price.amount.commodity.clone()).or_default();
        }
        let mut assets = Assets { codes: HashMap::new(), own: BTreeMap::new() };
        let mut by_code: HashMap<AssetCode, String> = HashMap::new();
        for (commodity, decimals) in written {
            let (code, mapped) = match code_of(&commodity, map) {
                Ok(found) => found,
                Err(why) => {
                    faults.push(why);
                    continue;
                }
            };
            if let Some(other) = by_code.insert(code, commodity.clone())
                && !(mapped && map.commodities.contains_key(&other))
            {
                faults.push(format!(
                        "the commodities {other:?} and {commodity:?} would both become {code}: say in the map (--types) which \
                         is which, such as\n\n[commodities]\n{other:?} = \"CAD\"\n{commodity:?} = {:?}",
                        code.as_str()
                    ));
                continue;
            }
            match assets.scale(code, &commodity, decimals, map) {
                Ok(scale) => scales.keep(&commodity, u32::from(scale)),
                Err(why) => faults.push(why),
            }
            assets.codes.insert(commodity, code);
        }
        if faults.is_empty() { Ok(assets) } else { Err(faults) }
    }

    fn scale(
        &mut self,
        code: AssetCode,
        commodity: &str,
        decimals: Decimals,
        map: &Map,
    ) -> Result<u8, String> {
        if let Some((_, scale)) = ISO_4217.iter().find(|(iso, _)| *iso == code.as_str()) {
            // Zeros at the end are no money.
            let decimals = decimals.needed;
            if decimals > u32::from(*scale) {
                return Err(format!(
                    "amounts in {commodity:?} have {decimals} decimals, and {code} has {scale}: give it an asset of its own \
                     in the map (--types), such as\n\n[commodities]\n{commodity:?} = \"{code}-{decimals}\""
                ));
            }
            return Ok(*scale);
        }
        let wanted = map.assets.get(code.as_str()).copied().unwrap_or_default();
        let scale = u8::try_from(decimals.written).unwrap_or(u8::MAX).max(wanted);
        if scale > SCALE_MAX {
            return Err(format!("{commodity:?} has {scale} decimals, and an asset has {SCALE_MAX} at most"));
        }
        let name = (commodity != code.as_str() && !commodity.is_empty()).then(|| commodity.to_owned());
        let own = self.own.entry(code).or_insert(Own { scale, name });
        own.scale = own.scale.max(scale);
        Ok(own.scale)
    }

    pub fn code(&self, commodity: &str) -> AssetCode {
        self.find(commodity).expect("every commodity of the journal has been given a code")
    }

    /// `None`: nothing of it is in the journal, though its absence may be asserted.
    pub fn find(&self, commodity: &str) -> Option<AssetCode> {
        self.codes.get(commodity).copied()
    }
}

/// The code, and whether the map names it.
fn code_of(commodity: &str, map: &Map) -> Result<(AssetCode, bool), String> {
    if let Some(code) = map.commodities.get(commodity) {
        let code = AssetCode::parse(code);
        return code
            .map(|code| (code, true))
            .map_err(|error| format!("[commodities] {commodity:?}: {error}"));
    }
    let sign = SIGNS.iter().find(|(sign, _)| *sign == commodity).map(|(_, code)| *code);
    let candidates = [sign.unwrap_or(commodity), if commodity.is_empty() { NAMELESS } else { "" }];
    let code = candidates
        .iter()
        .find_map(|candidate| AssetCode::parse(candidate).ok())
        .or_else(|| AssetCode::parse(&spelled(commodity)).ok());
    code.map(|code| (code, false)).ok_or_else(|| {
        format!("the commodity {commodity:?} cannot be an asset's code: name one in the map (--types), such as\n\n[commodities]\n{commodity:?} = \"POINTS\"")
    })
}

/// `bytes` → `BYTES`, `green apples` → `GREEN-APPLES`, `🐑` → `U-1F411`.
fn spelled(commodity: &str) -> String {
    let upper = commodity.to_uppercase();
    let plain = |character: char| {
        if character.is_ascii_alphanumeric() || "._-".contains(character) { character } else { '-' }
    };
    let has_letters = upper.starts_with(|first: char| first.is_ascii_uppercase()) && upper.is_ascii();
    match has_letters {
        true => upper.chars().map(plain).collect(),
        false => {
            let points: Vec<String> =
                commodity.chars().map(|character| format!("{:X}", u32::from(character))).collect();
            format!("U-{}", points.join("-"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commodities_get_codes() {
        let map: Map = toml::from_str("[commodities]\n\"Fr.\" = \"CHF\"").unwrap();
        let code = |commodity| code_of(commodity, &map).map(|(code, _)| code.as_str().to_owned());
        for (commodity, expected) in [
            ("EUR", "EUR"),
            ("$", "USD"),
            ("Fr.", "CHF"),
            ("", "UNITS"),
            ("bytes", "BYTES"),
            ("green apples", "GREEN-APPLES"),
            ("🐑", "U-1F411"),
            ("VBMPX", "VBMPX"),
        ] {
            assert_eq!(code(commodity).as_deref(), Ok(expected), "{commodity}");
        }
        assert!(code("a commodity with a very long name").unwrap_err().contains("[commodities]"));
    }
}
