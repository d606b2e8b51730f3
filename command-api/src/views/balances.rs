//! Balances at any two times, as their readers see them.

use event_schemas::{AccountPath, AssetCode, Direction, Position, Quantity};
use poem_openapi::Object;
use projections::views::balances::Balance;
use serde::Serialize;

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
}

/// An account's balance in one currency.
#[derive(Object, Serialize, Clone, Debug)]
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
    pub fn of(balance: &Balance) -> Self {
        let net = balance.debits.minor - balance.credits.minor;
        let on_normal_side = match balance.account_type.normal_side() {
            Direction::Debit => net,
            Direction::Credit => -net,
        };
        Self {
            account: Wire(balance.account.clone()),
            number: balance.number.0,
            kind: balance.account_type.into(),
            currency: Wire(balance.currency),
            debits: Wire(balance.debits),
            credits: Wire(balance.credits),
            balance: Wire(Quantity::new(on_normal_side, balance.debits.scale)),
        }
    }
}

/// By currency. `None`: a sum has more than 127 bits.
pub fn totals(balances: &[Balance]) -> Option<Vec<TotalAt>> {
    let mut sums: std::collections::BTreeMap<AssetCode, (i128, i128, u8)> = Default::default();
    for balance in balances {
        let sum = sums.entry(balance.currency).or_insert((0, 0, balance.debits.scale));
        sum.0 = sum.0.checked_add(balance.debits.minor)?;
        sum.1 = sum.1.checked_add(balance.credits.minor)?;
    }
    let sums = sums.into_iter();
    let totals = sums.map(|(currency, (debits, credits, scale))| TotalAt {
        currency: Wire(currency),
        debits: Wire(Quantity::new(debits, scale)),
        credits: Wire(Quantity::new(credits, scale)),
        // Neither is negative.
        net: Wire(Quantity::new(debits - credits, scale)),
    });
    Some(totals.collect())
}
