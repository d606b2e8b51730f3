//! Money in several currencies and columns, and its value in one: what every line and every total of a report holds.

use std::collections::BTreeMap;

use event_schemas::{AssetCode, Quantity};

use crate::{
    TooLarge,
    valuation::{Unconverted, Valuation},
};

/// Exact sums in one currency, a column each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sums<const N: usize> {
    pub minor: [i128; N],
    pub scale: u8,
}

/// What a line comes to, by currency.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures<const N: usize> {
    pub amounts: BTreeMap<AssetCode, Sums<N>>,
    pub value: Option<Value<N>>,
}

/// What amounts are worth in one currency. Each account's amount is rounded once, and sums are sums of rounded values: the columns
/// of a report add up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value<const N: usize> {
    pub currency: AssetCode,
    pub sums: Sums<N>,
    /// Amounts that no rate converts. They are in no sum.
    pub unconverted: BTreeMap<AssetCode, (Sums<N>, Unconverted)>,
}

impl<const N: usize> Sums<N> {
    pub fn quantity(&self, column: usize) -> Quantity {
        Quantity::new(self.minor[column], self.scale)
    }

    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.minor == [0; N]
    }

    fn add(&mut self, currency: AssetCode, other: &Sums<N>) -> Result<(), TooLarge> {
        assert_eq!(self.scale, other.scale, "a currency has one scale in its ledger");
        for (sum, more) in self.minor.iter_mut().zip(other.minor) {
            *sum = sum.checked_add(more).ok_or(TooLarge::total(currency))?;
        }
        Ok(())
    }

    fn negate(&mut self, currency: AssetCode) -> Result<(), TooLarge> {
        for minor in &mut self.minor {
            *minor = minor.checked_neg().ok_or(TooLarge::total(currency))?;
        }
        Ok(())
    }
}

impl<const N: usize> Value<N> {
    fn zero(valuation: &Valuation) -> Value<N> {
        let sums = Sums { minor: [0; N], scale: valuation.scale() };
        Value { currency: valuation.currency(), sums, unconverted: BTreeMap::new() }
    }

    fn add(&mut self, other: &Value<N>) -> Result<(), TooLarge> {
        self.sums.add(self.currency, &other.sums)?;
        for (currency, (sums, why)) in &other.unconverted {
            match self.unconverted.get_mut(currency) {
                Some((sum, _)) => sum.add(*currency, sums)?,
                None => drop(self.unconverted.insert(*currency, (*sums, *why))),
            }
        }
        Ok(())
    }
}

impl<const N: usize> Figures<N> {
    /// Nothing; with a valuation, worth nothing.
    #[must_use]
    pub fn zero(valuation: Option<&Valuation>) -> Figures<N> {
        Figures { amounts: BTreeMap::new(), value: valuation.map(Value::zero) }
    }

    /// Money in one currency.
    pub fn of(
        currency: AssetCode,
        sums: Sums<N>,
        valuation: Option<&Valuation>,
    ) -> Result<Figures<N>, TooLarge> {
        let mut figures = Figures::zero(valuation);
        figures.amounts.insert(currency, sums);
        let (Some(valuation), Some(value)) = (valuation, &mut figures.value) else { return Ok(figures) };
        for column in 0..N {
            match valuation.value(currency, sums.quantity(column)) {
                Ok(worth) => value.sums.minor[column] = worth.ok_or(TooLarge::total(value.currency))?,
                Err(why) => {
                    *value = Value::zero(valuation);
                    value.unconverted.insert(currency, (sums, why));
                    break;
                }
            }
        }
        Ok(figures)
    }

    pub fn add(&mut self, other: &Figures<N>) -> Result<(), TooLarge> {
        for (currency, sums) in &other.amounts {
            match self.amounts.get_mut(currency) {
                Some(sum) => sum.add(*currency, sums)?,
                None => drop(self.amounts.insert(*currency, *sums)),
            }
        }
        match (&mut self.value, &other.value) {
            (Some(value), Some(other)) => value.add(other),
            (None, None) => Ok(()),
            _ => unreachable!("a report is valued as a whole or not at all"),
        }
    }

    /// This less the other.
    pub fn less(mut self, other: &Figures<N>) -> Result<Figures<N>, TooLarge> {
        self.add(&other.clone().negated()?)?;
        Ok(self)
    }

    fn negated(mut self) -> Result<Figures<N>, TooLarge> {
        for (currency, sums) in &mut self.amounts {
            sums.negate(*currency)?;
        }
        if let Some(value) = &mut self.value {
            value.sums.negate(value.currency)?;
            for (currency, (sums, _)) in &mut value.unconverted {
                sums.negate(*currency)?;
            }
        }
        Ok(self)
    }
}
