//! The income statement: what came in and what was spent in a period.

use std::collections::HashMap;

use event_schemas::{AccountNumber, AccountType, AssetCode, Quantity};

use super::{Shape, figures::Figures, part, tree::Part};
use crate::{TooLarge, views::balances::Balance};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomeStatement {
    pub income: Part<1>,
    pub expenses: Part<1>,
    /// Income less expenses: the profit, or below zero the loss.
    pub net_income: Figures<1>,
}

/// A period is the balances at its end less those just before its begin, both as known at the same position.
pub fn income_statement(
    before: &[Balance],
    by_end: &[Balance],
    shape: Shape<'_>,
) -> Result<IncomeStatement, TooLarge> {
    let moved = moved(before, by_end);
    let income = part(&moved, AccountType::Income, shape)?;
    let expenses = part(&moved, AccountType::Expense, shape)?;
    let net_income = income.total.clone().less(&expenses.total)?;
    Ok(IncomeStatement { income, expenses, net_income })
}

/// What was debited and credited between two moments. What was in effect at the first is so at the second.
fn moved(before: &[Balance], by_end: &[Balance]) -> Vec<Balance> {
    let before: HashMap<(AccountNumber, AssetCode), &Balance> =
        before.iter().map(|balance| ((balance.number, balance.currency), balance)).collect();
    let moved = by_end.iter().map(|balance| {
        let mut moved = balance.clone();
        if let Some(before) = before.get(&(balance.number, balance.currency)) {
            let less = |all: Quantity, before: Quantity| Quantity::new(all.minor - before.minor, all.scale);
            moved.debits = less(balance.debits, before.debits);
            moved.credits = less(balance.credits, before.credits);
            assert!(moved.debits.minor >= 0 && moved.credits.minor >= 0, "sums grow with time: {balance:?}");
        }
        moved
    });
    moved.collect()
}
