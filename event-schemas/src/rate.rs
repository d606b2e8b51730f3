//! Exchange rates: exact decimals, kept with the digits with which they were stated.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::money::{InvalidAmount, Quantity, SCALE_MAX, read_decimal, string_serde};

/// What one unit of an asset is worth in another. Not a [`Quantity`]: its digits after the point are no asset's scale, and
/// it has no sign. `25.10` stays `25.10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    mantissa: u128,
    scale: u8,
}

/// What 28 digits hold: as amounts, so that a `Decimal` of 96 bits always holds a rate.
const MANTISSA_MAX: u128 = 10_u128.pow(28) - 1;

impl Rate {
    /// Reads digits with at most 18 after the point and at most 28 in all. Zero is read; the rules refuse it.
    pub fn parse(text: &str) -> Result<Rate, InvalidAmount> {
        let (mantissa, scale) = read_decimal(text.as_bytes()).ok_or(InvalidAmount::NotADecimal)?;
        Rate::try_new(mantissa, scale)
    }

    /// `mantissa / 10^scale`.
    pub fn try_new(mantissa: u128, scale: u8) -> Result<Rate, InvalidAmount> {
        if scale > SCALE_MAX {
            return Err(InvalidAmount::NotADecimal);
        }
        if mantissa > MANTISSA_MAX { Err(InvalidAmount::TooLarge) } else { Ok(Rate { mantissa, scale }) }
    }

    /// All its digits, as a whole number.
    #[must_use]
    pub fn mantissa(self) -> u128 {
        self.mantissa
    }

    /// Digits after the point.
    #[must_use]
    pub fn scale(self) -> u8 {
        self.scale
    }

    #[must_use]
    pub fn is_zero(self) -> bool {
        self.mantissa == 0
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mantissa = i128::try_from(self.mantissa).expect("28 digits fit");
        Quantity::new(mantissa, self.scale).fmt(f)
    }
}

string_serde!(Rate, Rate::parse, "^(0|[1-9][0-9]{0,27})(\\.[0-9]{1,18})?$");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_keeps_its_digits() {
        for (text, mantissa, scale) in [
            ("25.1", 251, 1),
            ("25.10", 2510, 2),
            ("0", 0, 0),
            ("0.000", 0, 3),
            ("0.000000000000000001", 1, 18),
            ("9999999999.999999999999999999", 10_u128.pow(28) - 1, 18),
            ("9999999999999999999999999999", 10_u128.pow(28) - 1, 0),
        ] {
            assert_eq!(Rate::parse(text), Rate::try_new(mantissa, scale), "{text}");
            assert_eq!(Rate::parse(text).expect("a rate").to_string(), text);
        }
    }

    #[test]
    fn what_is_no_plain_decimal_is_no_rate() {
        for text in ["", "-1", "+1", "1.", ".5", "01", "1e3", "1,5", " 1", "NaN", "1.0000000000000000001"] {
            assert_eq!(Rate::parse(text), Err(InvalidAmount::NotADecimal), "{text:?}");
        }
        for text in ["10000000000000000000000000000", "10000000000.000000000000000000"] {
            assert_eq!(Rate::parse(text), Err(InvalidAmount::TooLarge), "{text:?}");
        }
        assert_eq!(Rate::try_new(1, 19), Err(InvalidAmount::NotADecimal));
    }
}
