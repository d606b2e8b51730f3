//! Amounts as callers write them, and their exact minor units.

use event_schemas::{Quantity, parse_amount};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::refusal::RefusalKind;

/// The most minor units that one entry may move: what a `Decimal` holds, 96 bits.
pub const AMOUNT_MINOR_MAX: i128 = (1 << 96) - 1;

/// A decimal as it stands in a request, not yet in any asset's minor units. Read strictly: see [`parse_amount`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount(pub Decimal);

impl Amount {
    /// Exactly this many minor units of an asset with `scale` digits, or why not.
    pub(crate) fn to_minor(self, scale: u8) -> Result<i128, RefusalKind> {
        let (mantissa, own_scale) = (self.0.mantissa(), self.0.scale());
        assert!(mantissa >= 0, "LGR-1: an amount has no sign, its entry has a direction: {}", self.0);
        let minor = match u32::from(scale).checked_sub(own_scale) {
            Some(missing) => {
                mantissa.checked_mul(power_of_ten(missing)).ok_or(RefusalKind::AmountIsTooLarge)?
            }
            None => {
                let divisor = power_of_ten(own_scale.saturating_sub(u32::from(scale)));
                if mantissa.checked_rem(divisor) != Some(0) {
                    return Err(RefusalKind::AmountHasTooManyDecimals);
                }
                mantissa.checked_div(divisor).expect("a power of ten is not zero")
            }
        };
        if minor > AMOUNT_MINOR_MAX { Err(RefusalKind::AmountIsTooLarge) } else { Ok(minor) }
    }
}

impl From<Quantity> for Amount {
    /// Panics on a quantity past 96 bits, which no entry holds.
    fn from(quantity: Quantity) -> Amount {
        let decimal = Decimal::try_from_i128_with_scale(quantity.minor, u32::from(quantity.scale));
        Amount(decimal.expect("an entry's amount fits a decimal"))
    }
}

fn power_of_ten(exponent: u32) -> i128 {
    10_i128.checked_pow(exponent).expect("scales end at 28")
}

impl Serialize for Amount {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        parse_amount(&text).map(Amount).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minor(text: &str, scale: u8) -> Result<i128, RefusalKind> {
        Amount(parse_amount(text).expect("a decimal")).to_minor(scale)
    }

    #[test]
    fn amounts_become_exact_minor_units_or_are_refused() {
        assert_eq!(minor("12.34", 2), Ok(1234));
        assert_eq!(minor("12.3", 2), Ok(1230));
        assert_eq!(minor("12.3400", 2), Ok(1234));
        assert_eq!(minor("12", 0), Ok(12));
        assert_eq!(minor("9007199254740993.01", 2), Ok(900_719_925_474_099_301));
        assert_eq!(minor("12.345", 2), Err(RefusalKind::AmountHasTooManyDecimals));
        assert_eq!(minor("0.1", 0), Err(RefusalKind::AmountHasTooManyDecimals));
        assert_eq!(minor("9999999999999999999999999999", 0), Ok(9_999_999_999_999_999_999_999_999_999));
        assert_eq!(minor("9999999999999999999999999999", 2), Err(RefusalKind::AmountIsTooLarge));
        assert_eq!(minor("9999999999999999999999999999", 18), Err(RefusalKind::AmountIsTooLarge));
    }
}
