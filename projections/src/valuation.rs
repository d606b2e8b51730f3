//! What money is worth in another currency, by recorded rates. What has no rate is told apart; nothing is ever taken one to one.

mod wide;

use std::collections::BTreeMap;

use event_schemas::{AssetCode, Position, Quantity, Rate, Ts};
use wide::Wide;

/// A recorded rate, as it is used: what one `base` is worth in `quote`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateUsed {
    pub base: AssetCode,
    pub quote: AssetCode,
    pub rate: Rate,
    /// From when it holds.
    pub effective_at: Ts,
    pub recorded_at: Ts,
    pub position: Position,
    pub source: Option<String>,
}

/// Why an amount has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unconverted {
    /// Nobody had recorded a rate between the two.
    NoRate,
    /// Rates were recorded, and none was in effect yet.
    NoRateYet,
}

/// Values in one currency, by the rates of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Valuation {
    currency: AssetCode,
    scale: u8,
    rates: BTreeMap<AssetCode, Result<RateUsed, Unconverted>>,
}

impl Valuation {
    /// With the rate of each currency, or why it has none. A rate may be of the currency in this one, or the other way round.
    #[must_use]
    pub fn new(
        currency: AssetCode,
        scale: u8,
        rates: BTreeMap<AssetCode, Result<RateUsed, Unconverted>>,
    ) -> Valuation {
        for (of, rate) in &rates {
            if let Ok(rate) = rate {
                let pair = (rate.base, rate.quote);
                assert!(pair == (*of, currency) || pair == (currency, *of), "{rate:?} is of {of}");
                assert!(!rate.rate.is_zero(), "the rules refuse a rate of zero");
            }
        }
        Valuation { currency, scale, rates }
    }

    #[must_use]
    pub fn currency(&self) -> AssetCode {
        self.currency
    }

    /// Digits after the point of every value.
    #[must_use]
    pub fn scale(&self) -> u8 {
        self.scale
    }

    /// Those that there are, by currency.
    pub fn rates(&self) -> impl Iterator<Item = &RateUsed> {
        self.rates.values().filter_map(|rate| rate.as_ref().ok())
    }

    /// In minor units, half of one rounded to the even neighbour. Nothing is worth nothing, whatever the rate. `None`: more than
    /// 127 bits.
    pub fn value(&self, of: AssetCode, amount: Quantity) -> Result<Option<i128>, Unconverted> {
        if of == self.currency {
            assert_eq!(amount.scale, self.scale, "a currency has one scale in its ledger");
            return Ok(Some(amount.minor));
        }
        if amount.minor == 0 {
            return Ok(Some(0));
        }
        let rate =
            self.rates.get(&of).map_or(Err(Unconverted::NoRate), |rate| rate.as_ref().map_err(|why| *why))?;
        let ten = |power: u8| Wide::from(10_u128.pow(u32::from(power)));
        let (size, mantissa) = (Wide::from(amount.minor.unsigned_abs()), Wide::from(rate.rate.mantissa()));
        // Money is `minor / 10^scale`, the rate `mantissa / 10^scale`; the value is wanted times `10^scale`.
        let (above, below) = match rate.base == of {
            true => {
                (size.times(mantissa).times(ten(self.scale)), ten(amount.scale).times(ten(rate.rate.scale())))
            }
            false => {
                (size.times(ten(rate.rate.scale())).times(ten(self.scale)), mantissa.times(ten(amount.scale)))
            }
        };
        let value = above.over_half_even(below).and_then(|value| i128::try_from(value).ok());
        Ok(value.map(|value| if amount.minor < 0 { -value } else { value }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> AssetCode {
        AssetCode::parse(text).expect("a code")
    }

    fn valuation(base: &str, quote: &str, rate: &str) -> Valuation {
        let rate = RateUsed {
            base: code(base),
            quote: code(quote),
            rate: Rate::parse(rate).expect("a rate"),
            effective_at: Ts(0),
            recorded_at: Ts(0),
            position: "1:1".parse().expect("a position"),
            source: None,
        };
        let of = if base == "EUR" { quote } else { base };
        Valuation::new(code("EUR"), 2, [(code(of), Ok(rate))].into())
    }

    fn worth(valuation: &Valuation, of: &str, amount: &str) -> String {
        let amount = Quantity::parse(amount).expect("an amount");
        let value = valuation.value(code(of), amount).expect("there is a rate");
        value.map_or("too large".to_owned(), |minor| Quantity::new(minor, 2).to_string())
    }

    #[test]
    fn values_are_rounded_once_and_half_to_even() {
        let dollars = valuation("USD", "EUR", "0.5");
        for (amount, value) in [
            ("10.00", "5.00"),
            ("0.01", "0.00"),
            ("0.03", "0.02"),
            ("0.05", "0.02"),
            ("0.07", "0.04"),
            ("-0.03", "-0.02"),
            ("-0.01", "0.00"),
        ] {
            assert_eq!(worth(&dollars, "USD", amount), value, "{amount}");
        }
        // The other way round: 1 EUR = 25.10 CZK.
        let crowns = valuation("EUR", "CZK", "25.10");
        for (amount, value) in
            [("25.10", "1.00"), ("100.00", "3.98"), ("-251.00", "-10.00"), ("0.12", "0.00")]
        {
            assert_eq!(worth(&crowns, "CZK", amount), value, "{amount}");
        }
    }

    #[test]
    fn digits_beyond_128_bits_on_the_way_do_no_harm() {
        // A thousand coins of 18 decimals at a rate of 28 digits.
        let coins = valuation("COIN", "EUR", "1234567890.123456789012345678");
        assert_eq!(worth(&coins, "COIN", "1000.000000000000000000"), "1234567890123.46");
        let inverse = valuation("EUR", "COIN", "0.000000000000000001");
        assert_eq!(worth(&inverse, "COIN", "1.000000000000000000"), "1000000000000000000.00");
        assert_eq!(
            worth(&inverse, "COIN", "1000000000000000000.000000000000000000"),
            "1000000000000000000000000000000000000.00"
        );
        assert_eq!(worth(&inverse, "COIN", "10000000000000000000.000000000000000000"), "too large");
    }

    #[test]
    fn without_a_rate_there_is_a_reason_and_no_value() {
        let dollars = valuation("USD", "EUR", "0.5");
        let pounds = Quantity::parse("1.00").expect("an amount");
        assert_eq!(dollars.value(code("GBP"), pounds), Err(Unconverted::NoRate));
        assert_eq!(dollars.value(code("EUR"), pounds), Ok(Some(100)));
        assert_eq!(dollars.value(code("GBP"), Quantity::new(0, 2)), Ok(Some(0)));
    }
}
