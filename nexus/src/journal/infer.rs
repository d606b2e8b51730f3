//! What postings weigh, what an amount that was left out must be, and whether a transaction balances.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::{Decimal, RoundingStrategy};

use super::{
    model::{Amount, Cost, Item, Journal, Posting},
    source::Format,
};

/// How many decimals each commodity has.
#[derive(Debug, Default, Clone)]
pub struct Scales(BTreeMap<String, Scale>);

/// How many decimals a commodity's amounts have.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Decimals {
    /// As they are written, or as a directive shows them.
    pub written: u32,
    /// Without zeros at their end.
    pub needed: u32,
}

#[derive(Debug, Default, Clone, Copy)]
struct Scale {
    decimals: Decimals,
    /// Kept: inferred amounts are rounded to so many.
    kept: u32,
}

/// Where only costs are written in a commodity: prices may have many digits.
const COST_DECIMALS_MAX: u32 = 8;

/// Sums by commodity.
pub type Sums = BTreeMap<String, Decimal>;

/// An amount that is past what can be reckoned with.
#[derive(Debug)]
pub struct TooLarge;

impl Scales {
    pub fn of(journal: &Journal) -> Self {
        let mut scales = Scales::default();
        let mut costs = Vec::new();
        for (commodity, decimals) in &journal.decimals {
            scales.see(commodity, Decimals { written: *decimals, needed: 0 });
        }
        for item in &journal.items {
            match item {
                Item::Transaction(transaction) => {
                    for posting in &transaction.postings {
                        let asserted = posting.assertion.as_ref().map(|assertion| &assertion.amount);
                        for amount in posting.amount.iter().chain(asserted) {
                            // What is asserted to be nothing says nothing, least of all which commodity.
                            if !amount.number.is_zero() || posting.amount.is_some() {
                                scales.see(&amount.commodity, Decimals::of(amount.number));
                            }
                        }
                        costs.extend(costs_of(posting).cloned());
                    }
                }
                Item::Check(check) => {
                    if !check.amount.number.is_zero() {
                        scales.see(&check.amount.commodity, Decimals::of(check.amount.number));
                    }
                }
                Item::Pad(_) => {}
            }
        }
        // A cost's decimals count only where nothing else is written in its commodity.
        let known: BTreeSet<String> = scales.0.keys().cloned().collect();
        for amount in costs {
            if !known.contains(&amount.commodity) {
                let decimals = Decimals::of(amount.number.round_dp(COST_DECIMALS_MAX));
                scales.see(&amount.commodity, decimals);
            }
        }
        scales
    }

    fn see(&mut self, commodity: &str, decimals: Decimals) {
        let Scale { decimals: seen, kept } = self.0.entry(commodity.to_owned()).or_default();
        seen.written = seen.written.max(decimals.written);
        seen.needed = seen.needed.max(decimals.needed);
        *kept = seen.written;
    }

    /// The commodities, and the decimals that are written.
    pub fn written(&self) -> impl Iterator<Item = (&str, Decimals)> {
        self.0.iter().map(|(commodity, scale)| (commodity.as_str(), scale.decimals))
    }

    /// Sets how many decimals are kept.
    pub fn keep(&mut self, commodity: &str, decimals: u32) {
        if let Some(scale) = self.0.get_mut(commodity) {
            scale.kept = decimals;
        }
    }

    fn get(&self, commodity: &str) -> Scale {
        self.0.get(commodity).copied().unwrap_or_default()
    }
}

impl Decimals {
    fn of(number: Decimal) -> Self {
        Self { written: number.scale(), needed: number.normalize().scale() }
    }
}

pub fn add(sums: &mut Sums, commodity: &str, number: Decimal) -> Result<(), TooLarge> {
    let sum = sums.entry(commodity.to_owned()).or_default();
    *sum = sum.checked_add(number).ok_or(TooLarge)?;
    Ok(())
}

fn costs_of(posting: &Posting) -> impl Iterator<Item = &Amount> {
    let costs = [posting.price.as_ref(), posting.lot.as_ref().and_then(|lot| lot.cost.as_ref())];
    costs.into_iter().flatten().map(|cost| match cost {
        Cost::Each(amount) | Cost::Total(amount) => amount,
    })
}

/// What a posting counts for when a transaction is balanced: its cost where it has one. `None`: its lot's cost is not
/// written.
fn weight(posting: &Posting, amount: &Amount, format: Format) -> Result<Option<Amount>, TooLarge> {
    let lot = posting.lot.as_ref();
    let lot_cost = lot.and_then(|lot| lot.cost.as_ref());
    let cost = match format {
        Format::Beancount if lot.is_some() && lot_cost.is_none() => return Ok(None),
        Format::Beancount => lot_cost.or(posting.price.as_ref()),
        Format::Hledger => posting.price.as_ref().or(lot_cost),
    };
    match cost {
        Some(cost) => cost.of(amount.number).map(Some).ok_or(TooLarge),
        None => Ok(Some(amount.clone())),
    }
}

/// Postings that must balance among themselves, each with its amount where that is known.
pub struct Group<'a> {
    pub format: Format,
    pub scales: &'a Scales,
    pub postings: Vec<(&'a Posting, Vec<Amount>)>,
    /// One of them has an amount that was left out.
    pub elided: bool,
}

impl Group<'_> {
    /// What the amount that was left out must be, by commodity; or why the group does not balance.
    pub fn complete(&self) -> Result<Vec<Amount>, String> {
        let too_large = |_| "its amounts are too large to be added up".to_owned();
        let (mut raw, mut weights, mut unknown) = (Sums::new(), Sums::new(), false);
        for (posting, amounts) in &self.postings {
            for amount in amounts {
                add(&mut raw, &amount.commodity, amount.number).map_err(too_large)?;
                match weight(posting, amount, self.format).map_err(too_large)? {
                    Some(weight) => add(&mut weights, &weight.commodity, weight.number).map_err(too_large)?,
                    None => unknown = true,
                }
            }
        }
        if self.elided {
            if unknown {
                return Err(
                    "the amount that is left out follows from the cost of a lot: write one of the two".into(),
                );
            }
            return Ok(self.missing(&weights));
        }
        let balances = unknown
            || raw.values().all(Decimal::is_zero)
            || weights.iter().all(|(commodity, sum)| sum.abs() <= self.tolerance(commodity))
            || self.is_exchange(&weights);
        if balances {
            return Ok(Vec::new());
        }
        let over: Vec<String> = weights
            .iter()
            .filter(|(commodity, sum)| sum.abs() > self.tolerance(commodity))
            .map(|(commodity, sum)| format!("{} {commodity}", sum.normalize()).trim_end().to_owned())
            .collect();
        Err(format!("the transaction does not balance: its postings add up to {}", over.join(" and ")))
    }

    fn missing(&self, weights: &Sums) -> Vec<Amount> {
        let missing = weights.iter().filter(|(_, sum)| !sum.is_zero()).map(|(commodity, sum)| Amount {
            number: (-*sum).round_dp_with_strategy(
                self.scales.get(commodity).kept,
                RoundingStrategy::MidpointNearestEven,
            ),
            commodity: commodity.clone(),
        });
        missing.collect()
    }

    /// Half a unit of the last digit: what prices with few digits leave over.
    fn tolerance(&self, commodity: &str) -> Decimal {
        let decimals = match self.format {
            Format::Hledger => self.scales.get(commodity).decimals.written,
            // Beancount looks at this transaction alone, and at its coarsest amount with decimals.
            Format::Beancount => {
                let amounts = self.postings.iter().flat_map(|(_, amounts)| amounts);
                let decimals = amounts
                    .filter(|amount| amount.commodity == commodity && amount.number.scale() > 0)
                    .map(|amount| amount.number.scale());
                match decimals.min() {
                    Some(decimals) => decimals,
                    None => return Decimal::ZERO,
                }
            }
        };
        Decimal::new(5, decimals.saturating_add(1))
    }

    /// hledger takes two commodities without a price for an exchange of one for the other.
    fn is_exchange(&self, weights: &Sums) -> bool {
        let has_costs = self.postings.iter().any(|(posting, _)| costs_of(posting).next().is_some());
        let left: Vec<&Decimal> = weights.values().filter(|sum| !sum.is_zero()).collect();
        match left[..] {
            [one, other] => {
                self.format == Format::Hledger
                    && !has_costs
                    && one.is_sign_negative() != other.is_sign_negative()
            }
            _ => false,
        }
    }
}
