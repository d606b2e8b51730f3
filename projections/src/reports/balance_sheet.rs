//! The balance sheet: what is owned, what is owed, and what is left of it, at one moment.

use event_schemas::{AccountType, Quantity};

use super::{Shape, figures::Figures, part, tree::Part};
use crate::{TooLarge, views::balances::Balance};

/// Assets = liabilities + equity, in each currency; earnings are part of equity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceSheet {
    pub assets: Part<1>,
    pub liabilities: Part<1>,
    /// Of the equity accounts.
    pub equity: Part<1>,
    /// Retained and current earnings: all income less all expenses that no entry has yet closed into an equity account.
    pub earnings: Figures<1>,
    /// Equity accounts and earnings.
    pub equity_total: Figures<1>,
    pub liabilities_and_equity: Figures<1>,
    /// By how much assets exceed liabilities and equity in value, because each account's was rounded.
    pub rounding: Option<Quantity>,
}

pub fn balance_sheet(balances: &[Balance], shape: Shape<'_>) -> Result<BalanceSheet, TooLarge> {
    let assets = part(balances, AccountType::Asset, shape)?;
    let liabilities = part(balances, AccountType::Liability, shape)?;
    let equity = part(balances, AccountType::Equity, shape)?;
    let income = part(balances, AccountType::Income, shape)?.total;
    let earnings = income.less(&part(balances, AccountType::Expense, shape)?.total)?;
    let mut equity_total = equity.total.clone();
    equity_total.add(&earnings)?;
    let mut liabilities_and_equity = liabilities.total.clone();
    liabilities_and_equity.add(&equity_total)?;
    let difference = assets.total.clone().less(&liabilities_and_equity)?;
    for (currency, sums) in &difference.amounts {
        assert!(sums.is_zero(), "LGR-1: assets equal liabilities and equity in {currency}: {sums:?}");
    }
    let rounding = difference.value.map(|value| {
        let missing = value.unconverted.values().all(|(sums, _)| sums.is_zero());
        assert!(missing, "what is not converted balances: {value:?}");
        value.sums.quantity(0)
    });
    Ok(BalanceSheet { assets, liabilities, equity, earnings, equity_total, liabilities_and_equity, rounding })
}
