//! Balances by currency, on one side.

use std::collections::BTreeMap;

use event_schemas::{AssetCode, Direction, Quantity};

use super::lines::Entry;
use crate::{TooLarge, views::balances::Balance};

/// Money by currency: above zero on the side that the statement shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Net(pub BTreeMap<AssetCode, Quantity>);

impl Net {
    pub fn of<'a>(side: Direction, balances: impl IntoIterator<Item = &'a Balance>) -> Result<Net, TooLarge> {
        let mut net = Net::default();
        for balance in balances {
            // Neither is below zero.
            let debits_less_credits = balance.debits.minor - balance.credits.minor;
            let minor = if side == Direction::Debit { debits_less_credits } else { -debits_less_credits };
            net.add(balance.currency, Quantity::new(minor, balance.debits.scale))?;
        }
        Ok(net)
    }

    /// Moved by an entry, or a sum of them on one side; what is there after it.
    pub fn enter(
        &mut self,
        side: Direction,
        direction: Direction,
        currency: AssetCode,
        amount: Quantity,
    ) -> Result<Quantity, TooLarge> {
        let minor = if direction == side { amount.minor } else { -amount.minor };
        self.add(currency, Quantity::new(minor, amount.scale))
    }

    /// Each entry with what is there after it.
    pub fn running(
        mut self,
        side: Direction,
        entries: Vec<Entry>,
    ) -> Result<Vec<(Entry, Quantity)>, TooLarge> {
        let balance = |entry: Entry| {
            let balance = self.enter(side, entry.direction, entry.currency, entry.amount)?;
            Ok((entry, balance))
        };
        entries.into_iter().map(balance).collect()
    }

    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0.values().all(|amount| amount.minor == 0)
    }

    fn add(&mut self, currency: AssetCode, amount: Quantity) -> Result<Quantity, TooLarge> {
        let sum = self.0.entry(currency).or_insert(Quantity::new(0, amount.scale));
        assert_eq!(sum.scale, amount.scale, "a currency has one scale in its ledger");
        sum.minor = sum.minor.checked_add(amount.minor).ok_or(TooLarge::total(currency))?;
        Ok(*sum)
    }
}
