//! A row whose key was used by another request: the same row from another file, or something else?
//!
//! Every transaction keeps the hash of its file and its line, so an overlapping file asks for the same money in other
//! words, and the server says that the key is used. What counts is the money: the same legs are the same row.

use std::collections::HashMap;

use anyhow::Result;
use event_schemas::{AccountPath, Position, Quantity};

use super::{answer::RecordedEvent, ledger::Ledger, posting::Leg};

/// What the record under a row's key is.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The row, posted before; with its account's balance after it.
    SameRow(Option<String>),
    /// A transaction with other legs, or no transaction.
    Other,
    /// A refusal: nothing was posted, and the key is used up.
    Refused,
}

/// Compares rows with what stands in the log.
pub struct Comparer {
    ledger: Ledger,
    /// Accounts whose path in the log differs from the row's: they may have been renamed, or the ledger hides paths.
    numbers: HashMap<AccountPath, Option<u32>>,
}

impl Comparer {
    pub fn new(ledger: Ledger) -> Self {
        Self { ledger, numbers: HashMap::new() }
    }

    pub async fn records(&self, places: &[Position]) -> Result<HashMap<Position, RecordedEvent>> {
        self.ledger.records(places).await
    }

    pub async fn verdict(&mut self, legs: &[Leg], recorded: Option<&RecordedEvent>) -> Result<Verdict> {
        let Some(recorded) = recorded else { return Ok(Verdict::Other) };
        if recorded.kind == "command_refused" {
            return Ok(Verdict::Refused);
        }
        // A journal that was exported from the ledger has the reversals too.
        let moves_money = ["transaction_posted", "transaction_reversed"].contains(&&*recorded.kind);
        if !moves_money || recorded.entries.len() != legs.len() {
            return Ok(Verdict::Other);
        }
        for (leg, entry) in legs.iter().zip(&recorded.entries) {
            let same_money = entry.direction == leg.direction
                && entry.currency == leg.currency
                && shortest(entry.amount) == shortest(leg.amount);
            if !same_money {
                return Ok(Verdict::Other);
            }
            let same_path = entry.path.as_ref() == Some(&leg.account);
            if !same_path && self.number(&leg.account).await? != Some(entry.account) {
                return Ok(Verdict::Other);
            }
        }
        Ok(Verdict::SameRow(recorded.balance_of_first()))
    }

    async fn number(&mut self, account: &AccountPath) -> Result<Option<u32>> {
        if let Some(number) = self.numbers.get(account) {
            return Ok(*number);
        }
        let number = self.ledger.account_number(account).await?;
        self.numbers.insert(account.clone(), number);
        Ok(number)
    }
}

/// Without zeros at the end: `12.30` in the log is `12.3` of the row.
fn shortest(mut amount: Quantity) -> Quantity {
    while amount.scale > 0 && amount.minor % 10 == 0 {
        amount = Quantity::new(amount.minor / 10, amount.scale - 1);
    }
    amount
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_money_is_equal_however_many_decimals_it_has() {
        assert_eq!(shortest(Quantity::new(1230, 2)), shortest(Quantity::new(123, 1)));
        assert_eq!(shortest(Quantity::new(0, 2)), Quantity::new(0, 0));
        assert_ne!(shortest(Quantity::new(100, 0)), shortest(Quantity::new(1, 0)));
    }
}
