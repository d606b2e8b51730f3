//! The reports of bookkeeping, as pure functions over balances: a tree of accounts with subtotals, and what the tree comes to.
//!
//! They ask nothing and write nothing: whoever has balances of one moment has the reports of that moment.

mod balance_sheet;
mod figures;
mod income_statement;
mod tree;
mod trial_balance;

use event_schemas::{AccountType, Direction};

pub use balance_sheet::{BalanceSheet, balance_sheet};
pub use figures::{Figures, Sums, Value};
pub use income_statement::{IncomeStatement, income_statement};
pub use tree::{Line, Part};
pub use trial_balance::trial_balance;

use crate::{TooLarge, valuation::Valuation, views::balances::Balance};

/// How a report is to be made.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shape<'a> {
    /// Lines deeper than so many names are left out; what they hold is in the lines above them.
    pub depth: Option<usize>,
    /// Values beside the amounts.
    pub valuation: Option<&'a Valuation>,
}

/// Debits less credits, or the other way round: above zero on the side on which the type grows.
fn on_normal_side(balance: &Balance) -> i128 {
    // Neither is below zero.
    let net = balance.debits.minor - balance.credits.minor;
    match balance.account_type.normal_side() {
        Direction::Debit => net,
        Direction::Credit => -net,
    }
}

/// One column: what the accounts of a type hold, on their normal side. Accounts that hold nothing are left out.
fn part(balances: &[Balance], of: AccountType, shape: Shape<'_>) -> Result<Part<1>, TooLarge> {
    let held = balances.iter().filter(|balance| balance.account_type == of);
    let leaves = held.map(|balance| (balance, [on_normal_side(balance)]));
    tree::part(leaves.filter(|(_, [held])| *held != 0), shape)
}
