//! Income and expense, cash, worth, and months compared, as their readers see them.

use std::collections::BTreeMap;

use event_schemas::{AccountType, AssetCode, Day, Position, Quantity};
use poem_openapi::{Enum, Object};
use projections::{
    TooLarge,
    analytics::{self, Line},
};
use serde::Serialize;

use crate::{
    views::calendar::Part,
    wire::{Wire, account::Kind, budget::Period},
};

/// By what lines are told apart.
#[derive(Enum, Serialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[oai(rename = "GroupBy", rename_all = "snake_case")]
pub enum Group {
    Account,
    Category,
}

/// What was earned and spent, period by period.
#[derive(Object, Serialize, Clone, Debug)]
pub struct IncomeExpense {
    /// Records up to this one count.
    pub known_at: Wire<Position>,
    /// What the views had read when they answered.
    pub as_of: Wire<Position>,
    pub by: Period,
    pub group: Group,
    pub periods: Vec<IncomeExpensePeriod>,
}

/// What was earned and spent in a period.
#[derive(Object, Serialize, Clone, Debug)]
pub struct IncomeExpensePeriod {
    /// Its first day.
    pub from: Wire<Day>,
    /// Its last.
    pub to: Wire<Day>,
    /// Income first, by name, then by currency; those that come to zero are left out.
    pub lines: Vec<ResultLine>,
    /// By currency.
    pub totals: Vec<ResultTotal>,
}

/// What was earned, or spent.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct ResultLine {
    /// The account, or the names that its path begins with. Absent where lines are categories.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Absent where lines are accounts, and for what has no category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    #[oai(rename = "type")]
    #[serde(rename = "type")]
    pub kind: Kind,
    pub currency: Wire<AssetCode>,
    /// Earned, of income; spent, of expense. Less than zero: more was given back.
    pub amount: Wire<Quantity>,
}

/// A period in one currency.
#[derive(Object, Serialize, Clone, Debug)]
pub struct ResultTotal {
    pub currency: Wire<AssetCode>,
    pub income: Wire<Quantity>,
    pub expense: Wire<Quantity>,
    /// Income less expense.
    pub net: Wire<Quantity>,
}

/// Where cash came from and went to, period by period.
#[derive(Object, Serialize, Clone, Debug)]
pub struct CashFlows {
    /// Records up to this one count.
    pub known_at: Wire<Position>,
    /// What the views had read when they answered.
    pub as_of: Wire<Position>,
    pub by: Period,
    pub periods: Vec<CashFlowPeriod>,
}

/// Cash in a period.
#[derive(Object, Serialize, Clone, Debug)]
pub struct CashFlowPeriod {
    /// Its first day.
    pub from: Wire<Day>,
    /// Its last.
    pub to: Wire<Day>,
    /// By currency.
    pub flows: Vec<CashFlow>,
}

/// Cash in one currency. Every other account counts with what it gave or took over the period as a whole.
#[derive(Object, Serialize, Clone, Debug)]
pub struct CashFlow {
    pub currency: Wire<AssetCode>,
    /// Before the period.
    pub opening: Wire<Quantity>,
    /// From accounts that gave.
    pub inflow: Wire<Quantity>,
    /// To accounts that took.
    pub outflow: Wire<Quantity>,
    /// Opening and inflow, less outflow.
    pub closing: Wire<Quantity>,
    /// The others, by the names that their paths begin with.
    pub others: Vec<Flow>,
}

/// What accounts gave (more than zero) or took (less).
#[derive(Object, Serialize, Clone, Debug)]
pub struct Flow {
    pub account: String,
    pub amount: Wire<Quantity>,
}

/// What there was at the ends of periods.
#[derive(Object, Serialize, Clone, Debug)]
pub struct NetWorth {
    /// Records up to this one count.
    pub known_at: Wire<Position>,
    /// What the views had read when they answered.
    pub as_of: Wire<Position>,
    pub every: Period,
    pub points: Vec<WorthAt>,
}

/// What there was at the end of a day.
#[derive(Object, Serialize, Clone, Debug)]
pub struct WorthAt {
    pub day: Wire<Day>,
    /// By currency.
    pub worth: Vec<Worth>,
}

/// Assets less liabilities, in one currency.
#[derive(Object, Serialize, Clone, Debug)]
pub struct Worth {
    pub currency: Wire<AssetCode>,
    pub assets: Wire<Quantity>,
    /// What is owed.
    pub liabilities: Wire<Quantity>,
    pub net: Wire<Quantity>,
}

/// Two months beside each other.
#[derive(Object, Serialize, Clone, Debug)]
pub struct Comparison {
    /// Records up to this one count.
    pub known_at: Wire<Position>,
    /// What the views had read when they answered.
    pub as_of: Wire<Position>,
    /// The month's first day.
    pub month: Wire<Day>,
    /// The first day of that with which it is compared.
    pub with: Wire<Day>,
    pub group: Group,
    /// Income first, by name, then by currency.
    pub lines: Vec<Compared>,
}

/// What was earned or spent in both.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct Compared {
    /// The account, or the names that its path begins with. Absent where lines are categories.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Absent where lines are accounts, and for what has no category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    #[oai(rename = "type")]
    #[serde(rename = "type")]
    pub kind: Kind,
    pub currency: Wire<AssetCode>,
    pub amount: Wire<Quantity>,
    /// In the month with which it is compared.
    pub before: Wire<Quantity>,
    /// Amount less before.
    pub change: Wire<Quantity>,
    /// The change in hundredths of what was before, to one decimal, half away from zero. Absent where nothing was before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<Wire<Quantity>>,
}

impl IncomeExpensePeriod {
    pub fn of(part: Part, group: Group, lines: Vec<Line>) -> Result<Self, TooLarge> {
        let mut totals: BTreeMap<AssetCode, (i128, i128, u8)> = BTreeMap::new();
        for line in &lines {
            let total = totals.entry(line.currency).or_insert((0, 0, line.amount.scale));
            let side = if line.account_type == AccountType::Income { &mut total.0 } else { &mut total.1 };
            *side = side.checked_add(line.amount.minor).ok_or(TooLarge::total(line.currency))?;
        }
        let totals = totals.into_iter().map(|(currency, (income, expense, scale))| {
            let quantity = |minor| Wire(Quantity::new(minor, scale));
            let net = income.checked_sub(expense).ok_or(TooLarge::total(currency))?;
            let (income, expense) = (quantity(income), quantity(expense));
            Ok(ResultTotal { currency: Wire(currency), income, expense, net: quantity(net) })
        });
        Ok(Self {
            from: Wire(part.from),
            to: Wire(part.to),
            totals: totals.collect::<Result<_, _>>()?,
            lines: lines.into_iter().map(|line| ResultLine::of(group, line)).collect(),
        })
    }
}

impl ResultLine {
    fn of(group: Group, line: Line) -> Self {
        let (account, category) = split(group, line.name);
        let (kind, currency) = (line.account_type.into(), Wire(line.currency));
        Self { account, category, kind, currency, amount: Wire(line.amount) }
    }
}

fn split(group: Group, name: Option<String>) -> (Option<String>, Option<String>) {
    match group {
        Group::Account => (name, None),
        Group::Category => (None, name),
    }
}

impl CashFlow {
    pub fn of(flow: analytics::CashFlow) -> Self {
        let others = flow.others.into_iter();
        Self {
            currency: Wire(flow.currency),
            opening: Wire(flow.opening),
            inflow: Wire(flow.inflow),
            outflow: Wire(flow.outflow),
            closing: Wire(flow.closing),
            others: others.map(|(account, amount)| Flow { account, amount: Wire(amount) }).collect(),
        }
    }
}

impl Worth {
    pub fn of(worth: &analytics::Worth) -> Self {
        Self {
            currency: Wire(worth.currency),
            assets: Wire(worth.assets),
            liabilities: Wire(worth.liabilities),
            net: Wire(worth.net),
        }
    }
}

/// Lines of both months by what they are about.
pub fn compared(group: Group, month: Vec<Line>, with: Vec<Line>) -> Result<Vec<Compared>, TooLarge> {
    type Key = (AccountType, bool, Option<String>, AssetCode);
    let mut both: BTreeMap<Key, (i128, i128, u8)> = BTreeMap::new();
    let key = |line: &Line| (line.account_type, line.name.is_none(), line.name.clone(), line.currency);
    for line in &month {
        both.entry(key(line)).or_insert((0, 0, line.amount.scale)).0 = line.amount.minor;
    }
    for line in &with {
        both.entry(key(line)).or_insert((0, 0, line.amount.scale)).1 = line.amount.minor;
    }
    let lines = both.into_iter().map(|((account_type, _, name, currency), (amount, before, scale))| {
        let change = amount.checked_sub(before).ok_or(TooLarge::total(currency))?;
        let quantity = |minor| Wire(Quantity::new(minor, scale));
        let (account, category) = split(group, name);
        Ok(Compared {
            account,
            category,
            kind: account_type.into(),
            currency: Wire(currency),
            amount: quantity(amount),
            before: quantity(before),
            change: quantity(change),
            percent: percent(change, before).map(Wire),
        })
    });
    lines.collect()
}

/// To one decimal, half away from zero. `None`: of nothing, or too large.
fn percent(change: i128, before: i128) -> Option<Quantity> {
    let size = before.checked_abs().filter(|size| *size != 0)?;
    let half = if change < 0 { -(size / 2) } else { size / 2 };
    Some(Quantity::new(change.checked_mul(1_000)?.checked_add(half)? / size, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_rounded_half_away_from_zero() {
        for (change, before, expected) in [
            (1, 3, Some("33.3")),
            (-1, 3, Some("-33.3")),
            (2, 3, Some("66.7")),
            (1, 2_000, Some("0.1")),
            (-1, 2_000, Some("-0.1")),
            (1, 2_001, Some("0.0")),
            (50, -200, Some("25.0")),
            (-100, 100, Some("-100.0")),
            (7, 0, None),
            (i128::MAX, 1, None),
        ] {
            assert_eq!(
                percent(change, before).map(|p| p.to_string()).as_deref(),
                expected,
                "{change} {before}"
            );
        }
    }
}
