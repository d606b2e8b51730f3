//! Money: asset codes, exact quantities in minor units, and decimal text.
#![deny(clippy::arithmetic_side_effects)]

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The most digits after the decimal point that an asset may have.
pub const SCALE_MAX: u8 = 18;

/// A currency of ISO 4217 or an asset that a ledger registered: 1 to 16 of A-Z, 0-9, `.`, `_`, `-`, a letter first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssetCode([u8; 16]);

/// An exact amount: a whole number of minor units, and how many digits stand after the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quantity {
    pub minor: i128,
    pub scale: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAmount {
    #[error("an asset's code is 1 to 16 of A-Z, 0-9, '.', '_' and '-', and begins with a letter")]
    Code,
    #[error(
        "an amount is a decimal string such as \"12.34\": digits without leading zeros, a point, at most 18 digits after it"
    )]
    NotADecimal,
    #[error("an amount has at most 28 digits")]
    TooLarge,
}

impl AssetCode {
    pub fn parse(text: &str) -> Result<AssetCode, InvalidAmount> {
        AssetCode::parse_bytes(text.as_bytes())
    }

    pub(crate) fn parse_bytes(text: &[u8]) -> Result<AssetCode, InvalidAmount> {
        let character =
            |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
        let first = text.first().is_some_and(u8::is_ascii_uppercase);
        if !first || text.len() > 16 || !text.iter().all(character) {
            return Err(InvalidAmount::Code);
        }
        let mut code = [0; 16];
        code[..text.len()].copy_from_slice(text);
        Ok(AssetCode(code))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("a code is ASCII")
    }

    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        let length = self.0.iter().position(|b| *b == 0).unwrap_or(16);
        &self.0[..length]
    }
}

impl Quantity {
    #[must_use]
    pub fn new(minor: i128, scale: u8) -> Quantity {
        assert!(scale <= SCALE_MAX);
        Quantity { minor, scale }
    }

    /// Reads the text that [`Quantity::write`] writes: the digits after the point are the scale.
    pub fn parse(text: &str) -> Result<Quantity, InvalidAmount> {
        Quantity::parse_bytes(text.as_bytes())
    }

    pub(crate) fn parse_bytes(text: &[u8]) -> Result<Quantity, InvalidAmount> {
        let (negative, digits) = match text {
            [b'-', digits @ ..] => (true, digits),
            digits => (false, digits),
        };
        let (minor, scale) = read_decimal(digits).ok_or(InvalidAmount::NotADecimal)?;
        if negative && minor == 0 {
            return Err(InvalidAmount::NotADecimal);
        }
        let minor = if negative { 0_i128.checked_sub_unsigned(minor) } else { i128::try_from(minor).ok() };
        Ok(Quantity { minor: minor.ok_or(InvalidAmount::TooLarge)?, scale })
    }

    /// Appends it as decimal text with exactly `scale` digits after the point: `-12.30`.
    pub fn write(self, out: &mut Vec<u8>) {
        let mut buffer = itoa::Buffer::new();
        // 64 bits are written quicker than 128, and most amounts have no more.
        let digits = match i64::try_from(self.minor) {
            Ok(minor) => buffer.format(minor).as_bytes(),
            Err(_) => buffer.format(self.minor).as_bytes(),
        };
        let digits = match digits.strip_prefix(b"-") {
            Some(rest) => {
                out.push(b'-');
                rest
            }
            None => digits,
        };
        let scale = usize::from(self.scale);
        if scale == 0 {
            return out.extend_from_slice(digits);
        }
        match digits.len().checked_sub(scale) {
            Some(whole) if whole > 0 => {
                out.extend_from_slice(&digits[..whole]);
                out.push(b'.');
                out.extend_from_slice(&digits[whole..]);
            }
            _ => {
                out.extend_from_slice(b"0.");
                out.resize(out.len().saturating_add(scale.saturating_sub(digits.len())), b'0');
                out.extend_from_slice(digits);
            }
        }
    }
}

/// `123.45` → `(12345, 2)`. Takes just what `^(0|[1-9][0-9]*)(\.[0-9]{1,18})?$` matches and a u128 holds.
pub(crate) fn read_decimal(text: &[u8]) -> Option<(u128, u8)> {
    // Most amounts have few digits, and 64 bits are quicker than 128.
    if text.len() <= 18 {
        return read_short_decimal(text);
    }
    let point = text.iter().position(|b| *b == b'.').unwrap_or(text.len());
    let (whole, fraction) = (&text[..point], text.get(point.saturating_add(1)..));
    let leading_zero = whole.len() > 1 && whole[0] == b'0';
    if whole.is_empty()
        || leading_zero
        || fraction.is_some_and(|f| f.is_empty() || f.len() > usize::from(SCALE_MAX))
    {
        return None;
    }
    let fraction = fraction.unwrap_or_default();
    let mut minor = 0_u128;
    for digit in whole.iter().chain(fraction) {
        minor = minor.checked_mul(10)?.checked_add(u128::from(digit_of(*digit)?))?;
    }
    Some((minor, u8::try_from(fraction.len()).ok()?))
}

/// The same for at most 18 bytes, which neither overflow 64 bits nor have too long a fraction.
fn read_short_decimal(text: &[u8]) -> Option<(u128, u8)> {
    let (mut minor, mut point) = (0_u64, text.len());
    for (at, byte) in text.iter().enumerate() {
        match digit_of(*byte) {
            Some(digit) => minor = minor.wrapping_mul(10).wrapping_add(u64::from(digit)),
            None if *byte == b'.' && point == text.len() => point = at,
            None => return None,
        }
    }
    let leading_zero = point > 1 && text[0] == b'0';
    let ends_in_the_point = point.saturating_add(1) == text.len();
    if point == 0 || leading_zero || ends_in_the_point {
        return None;
    }
    let scale = text.len().saturating_sub(point).saturating_sub(1);
    Some((u128::from(minor), u8::try_from(scale).ok()?))
}

fn digit_of(byte: u8) -> Option<u8> {
    byte.checked_sub(b'0').filter(|digit| *digit <= 9)
}

/// Reads an amount as callers write it: no sign, no exponent, no underscore, 28 digits in all.
///
/// `Decimal`'s own parsers round past 28 digits or take `1_000` and `1e3`, so the shape is checked first.
pub fn parse_amount(text: &str) -> Result<Decimal, InvalidAmount> {
    let (minor, scale) = read_decimal(text.as_bytes()).ok_or_else(|| {
        let digits_only = text.len() > 28 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        if digits_only { InvalidAmount::TooLarge } else { InvalidAmount::NotADecimal }
    })?;
    let minor = i128::try_from(minor).map_err(|_| InvalidAmount::TooLarge)?;
    Decimal::try_from_i128_with_scale(minor, u32::from(scale)).map_err(|_| InvalidAmount::TooLarge)
}

impl FromStr for AssetCode {
    type Err = InvalidAmount;

    fn from_str(text: &str) -> Result<AssetCode, InvalidAmount> {
        AssetCode::parse(text)
    }
}

impl fmt::Display for AssetCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for AssetCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AssetCode({})", self.as_str())
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::with_capacity(24);
        self.write(&mut text);
        f.write_str(std::str::from_utf8(&text).expect("digits are ASCII"))
    }
}

macro_rules! string_serde {
    ($name:ident, $parse:path, $pattern:literal) => {
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                $parse(&text).map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}

pub(crate) use string_serde;

string_serde!(AssetCode, AssetCode::parse, "^[A-Z][A-Z0-9._-]{0,15}$");
string_serde!(Quantity, Quantity::parse, "^-?(0|[1-9][0-9]{0,38})(\\.[0-9]{1,18})?$");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_survives_its_text() {
        for (minor, scale, text) in [
            (0, 0, "0"),
            (0, 2, "0.00"),
            (5, 2, "0.05"),
            (-5, 2, "-0.05"),
            (1234, 2, "12.34"),
            (1234, 0, "1234"),
            (1, 18, "0.000000000000000001"),
            (i128::MAX, 18, "170141183460469231731.687303715884105727"),
            (i128::MIN, 0, "-170141183460469231731687303715884105728"),
        ] {
            assert_eq!(Quantity::new(minor, scale).to_string(), text);
            assert_eq!(Quantity::parse(text), Ok(Quantity::new(minor, scale)));
        }
    }

    #[test]
    fn amounts_are_exact_or_refused() {
        for text in ["0", "12.34", "9007199254740993", "9007199254740993.01", "9999999999999999999999999999"]
        {
            assert_eq!(parse_amount(text).map(|d| d.to_string()), Ok(text.to_owned()));
        }
        assert_eq!(parse_amount("1.50").map(|d| d.to_string()), Ok("1.50".to_owned()));
        for text in [
            "",
            "-1",
            "+1",
            "1.",
            ".5",
            "01",
            "1e3",
            "1_000",
            "1,5",
            " 1",
            "0x1",
            "NaN",
            "1.0000000000000000001",
        ] {
            assert_eq!(parse_amount(text), Err(InvalidAmount::NotADecimal), "{text:?}");
        }
        for text in ["79228162514264337593543950336", "99999999999999999999999999999999999999999999"] {
            assert_eq!(parse_amount(text), Err(InvalidAmount::TooLarge), "{text:?}");
        }
    }
}
