//! Balances at any two times, as their readers see them.

use event_schemas::{AccountPath, AssetCode, Direction, Position, Quantity};
use poem_openapi::Object;
use projections::{
    TooLarge,
    reports::{Figures, Sums},
    valuation::Valuation,
    views::balances::Balance,
};
use serde::Serialize;

use super::valued::{Reason, UnconvertedView, ValuationView};
use crate::wire::{Wire, account::Kind};

/// Balances in effect at one time, as they were known at another.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct BalancesAt {
    /// Entries in effect by then count, it included. Absent: all entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Records up to this one count.
    pub known_at: Wire<Position>,
    /// What the view had read when it answered.
    pub as_of: Wire<Position>,
    /// By path, then by currency.
    pub balances: Vec<BalanceAt>,
    /// Over all of these balances.
    pub totals: Vec<TotalAt>,
    /// What they are worth together, when values were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<ValueAt>,
}

/// What balances are worth together.
#[derive(Object, Serialize, Clone, Debug)]
pub struct ValueAt {
    /// Debits less credits, of all that has a value.
    pub net: Wire<Quantity>,
    /// Debits less credits, by currency, of all that has none. It is not in the value.
    pub unconverted: Vec<UnconvertedView>,
    #[oai(flatten)]
    #[serde(flatten)]
    pub valuation: ValuationView,
}

/// An account's balance in one currency.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct BalanceAt {
    /// Its path at that time.
    pub account: Wire<AccountPath>,
    pub number: u32,
    #[oai(rename = "type")]
    #[serde(rename = "type")]
    pub kind: Kind,
    pub currency: Wire<AssetCode>,
    pub debits: Wire<Quantity>,
    pub credits: Wire<Quantity>,
    /// On the account's normal side.
    pub balance: Wire<Quantity>,
    /// What the balance is worth in the currency that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Wire<Quantity>>,
    /// Why it has no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unconverted: Option<Reason>,
}

/// A sum over accounts, in one currency.
#[derive(Object, Serialize, Clone, Debug)]
pub struct TotalAt {
    pub currency: Wire<AssetCode>,
    pub debits: Wire<Quantity>,
    pub credits: Wire<Quantity>,
    /// Debits less credits.
    pub net: Wire<Quantity>,
}

impl BalanceAt {
    pub fn of(balance: &Balance, valuation: Option<&Valuation>) -> Result<Self, TooLarge> {
        let net = balance.debits.minor - balance.credits.minor;
        let on_normal_side = match balance.account_type.normal_side() {
            Direction::Debit => net,
            Direction::Credit => -net,
        };
        let on_normal_side = Quantity::new(on_normal_side, balance.debits.scale);
        let (value, unconverted) = match valuation {
            None => (None, None),
            Some(valuation) => match valuation.value(balance.currency, on_normal_side) {
                Ok(Some(value)) => (Some(Wire(Quantity::new(value, valuation.scale()))), None),
                Ok(None) => return Err(TooLarge::total(valuation.currency()).of(&balance.account)),
                Err(why) => (None, Some(why.into())),
            },
        };
        Ok(Self {
            account: Wire(balance.account.clone()),
            number: balance.number.0,
            kind: balance.account_type.into(),
            currency: Wire(balance.currency),
            debits: Wire(balance.debits),
            credits: Wire(balance.credits),
            balance: Wire(on_normal_side),
            value,
            unconverted,
        })
    }
}

/// What balances are worth together.
pub fn value(balances: &[Balance], valuation: &Valuation) -> Result<ValueAt, TooLarge> {
    let mut all: Figures<1> = Figures::zero(Some(valuation));
    for balance in balances {
        let net = [balance.debits.minor - balance.credits.minor];
        all.add(&Figures::of(
            balance.currency,
            Sums { minor: net, scale: balance.debits.scale },
            Some(valuation),
        )?)?;
    }
    let value = all.value.expect("it was asked for");
    let unconverted = value.unconverted.iter().map(|(currency, (sums, why))| UnconvertedView {
        currency: Wire(*currency),
        amount: Wire(sums.quantity(0)),
        reason: (*why).into(),
    });
    Ok(ValueAt {
        net: Wire(value.sums.quantity(0)),
        unconverted: unconverted.collect(),
        valuation: valuation.into(),
    })
}

/// By currency.
pub fn totals(balances: &[Balance]) -> Result<Vec<TotalAt>, TooLarge> {
    let mut sums: std::collections::BTreeMap<AssetCode, (i128, i128, u8)> = Default::default();
    for balance in balances {
        let sum = sums.entry(balance.currency).or_insert((0, 0, balance.debits.scale));
        let too_large = || TooLarge::total(balance.currency);
        sum.0 = sum.0.checked_add(balance.debits.minor).ok_or_else(too_large)?;
        sum.1 = sum.1.checked_add(balance.credits.minor).ok_or_else(too_large)?;
    }
    let sums = sums.into_iter();
    let totals = sums.map(|(currency, (debits, credits, scale))| TotalAt {
        currency: Wire(currency),
        debits: Wire(Quantity::new(debits, scale)),
        credits: Wire(Quantity::new(credits, scale)),
        // Neither is negative.
        net: Wire(Quantity::new(debits - credits, scale)),
    });
    Ok(totals.collect())
}
