//! Reports, as their readers see them: lines of a tree of accounts, and totals.

use event_schemas::{AccountPath, AssetCode, Position, Quantity};
use poem_openapi::Object;
use projections::reports::{BalanceSheet, Figures, IncomeStatement, Line, Part, Sums};
use serde::Serialize;

use super::{
    ground::Ground,
    valued::{Money, Reason, UnconvertedView, ValuationView},
};
use crate::wire::{Wire, account::Kind};

/// Every account with what it was debited and credited.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(rename = "TrialBalance", skip_serializing_if_is_none)]
pub struct TrialBalanceView {
    /// Entries in effect by then count, it included. Absent: all entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Records up to this one count.
    pub known_at: Wire<Position>,
    /// What the view had read when it answered.
    pub as_of: Wire<Position>,
    /// Assets, liabilities, equity, income, expenses; each name above those below it, whose sums it has.
    pub lines: Vec<TrialLine>,
    /// In each currency debits equal credits, in both pairs of columns.
    pub totals: TrialFigures,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valuation: Option<ValuationView>,
}

/// An account, or a name above accounts.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct TrialLine {
    pub account: Wire<AccountPath>,
    /// Absent: no account has this path, it only stands above some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    #[oai(rename = "type")]
    #[serde(rename = "type")]
    pub kind: Kind,
    /// How many names the path has.
    pub depth: u32,
    #[oai(flatten)]
    #[serde(flatten)]
    pub figures: TrialFigures,
}

#[derive(Object, Serialize, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct TrialFigures {
    pub amounts: Vec<TrialAmounts>,
    /// What the amounts are worth together, in the currency asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<TrialColumns>,
    /// What is in no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unconverted: Option<Vec<TrialUnconverted>>,
}

#[derive(Object, Serialize, Clone, Debug)]
pub struct TrialAmounts {
    pub currency: Wire<AssetCode>,
    #[oai(flatten)]
    #[serde(flatten)]
    pub columns: TrialColumns,
}

#[derive(Object, Serialize, Clone, Debug)]
pub struct TrialUnconverted {
    pub currency: Wire<AssetCode>,
    #[oai(flatten)]
    #[serde(flatten)]
    pub columns: TrialColumns,
    pub reason: Reason,
}

#[derive(Object, Serialize, Clone, Debug)]
pub struct TrialColumns {
    /// All that was debited.
    pub debits: Wire<Quantity>,
    /// All that was credited.
    pub credits: Wire<Quantity>,
    /// Debits less credits of each account that has more debits.
    pub debit_balance: Wire<Quantity>,
    /// Credits less debits of each account that has more credits.
    pub credit_balance: Wire<Quantity>,
}

/// What is owned, what is owed, and what is left of it. In each currency assets equal liabilities and equity.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(rename = "BalanceSheet", skip_serializing_if_is_none)]
pub struct BalanceSheetView {
    /// Entries in effect by then count, it included. Absent: all entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Records up to this one count.
    pub known_at: Wire<Position>,
    /// What the view had read when it answered.
    pub as_of: Wire<Position>,
    pub assets: ReportPart,
    pub liabilities: ReportPart,
    /// The equity accounts.
    pub equity: ReportPart,
    /// Retained and current earnings: all income less all expenses up to then that no entry has closed into an equity account. They
    /// are part of equity, and what makes the sheet balance.
    pub earnings: ReportFigures,
    /// Equity accounts and earnings.
    pub total_equity: ReportFigures,
    pub total_liabilities_and_equity: ReportFigures,
    /// The value of assets less that of liabilities and equity. Not zero where each account's value was rounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rounding_difference: Option<Wire<Quantity>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valuation: Option<ValuationView>,
}

/// What came in and what was spent in a period.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(rename = "IncomeStatement", skip_serializing_if_is_none)]
pub struct IncomeStatementView {
    /// The first instant of the period. Absent: from the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The last instant of the period. Absent: all that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Records up to this one count.
    pub known_at: Wire<Position>,
    /// What the view had read when it answered.
    pub as_of: Wire<Position>,
    pub income: ReportPart,
    pub expenses: ReportPart,
    /// Income less expenses: the profit, or below zero the loss.
    pub net_income: ReportFigures,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valuation: Option<ValuationView>,
}

/// A part of a report: accounts of one type, on their normal side.
#[derive(Object, Serialize, Clone, Debug)]
pub struct ReportPart {
    /// Each name above those below it, whose sums it has. Accounts that hold nothing are left out.
    pub lines: Vec<ReportLine>,
    pub total: ReportFigures,
}

/// An account, or a name above accounts.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct ReportLine {
    pub account: Wire<AccountPath>,
    /// Absent: no account has this path, or it holds nothing itself; it only stands above some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// How many names the path has.
    pub depth: u32,
    #[oai(flatten)]
    #[serde(flatten)]
    pub figures: ReportFigures,
}

/// Money by currency, and what it is worth.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct ReportFigures {
    pub amounts: Vec<Money>,
    /// What the amounts are worth together, in the currency asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Wire<Quantity>>,
    /// What is in no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unconverted: Option<Vec<UnconvertedView>>,
}

impl From<&Figures<1>> for ReportFigures {
    fn from(figures: &Figures<1>) -> Self {
        let money = |(currency, sums): (&AssetCode, &Sums<1>)| Money {
            currency: Wire(*currency),
            amount: Wire(sums.quantity(0)),
        };
        let value = figures.value.as_ref();
        let unconverted = value.map(|value| {
            let missing = value.unconverted.iter().map(|(currency, (sums, why))| UnconvertedView {
                currency: Wire(*currency),
                amount: Wire(sums.quantity(0)),
                reason: (*why).into(),
            });
            missing.collect()
        });
        Self {
            amounts: figures.amounts.iter().map(money).collect(),
            value: value.map(|value| Wire(value.sums.quantity(0))),
            unconverted,
        }
    }
}

impl From<&Part<1>> for ReportPart {
    fn from(part: &Part<1>) -> Self {
        let line = |line: &Line<1>| ReportLine {
            account: Wire(line.account.clone()),
            number: line.number.map(|number| number.0),
            depth: depth(line.depth),
            figures: (&line.figures).into(),
        };
        Self { lines: part.lines.iter().map(line).collect(), total: (&part.total).into() }
    }
}

fn depth(depth: usize) -> u32 {
    u32::try_from(depth).expect("a path has at most 128 names")
}

impl From<&Sums<4>> for TrialColumns {
    fn from(sums: &Sums<4>) -> Self {
        let [debits, credits, debit_balance, credit_balance] =
            [0, 1, 2, 3].map(|column| Wire(sums.quantity(column)));
        Self { debits, credits, debit_balance, credit_balance }
    }
}

impl From<&Figures<4>> for TrialFigures {
    fn from(figures: &Figures<4>) -> Self {
        let amounts = figures
            .amounts
            .iter()
            .map(|(currency, sums)| TrialAmounts { currency: Wire(*currency), columns: sums.into() });
        let value = figures.value.as_ref();
        let unconverted = value.map(|value| {
            let missing = value.unconverted.iter().map(|(currency, (sums, why))| TrialUnconverted {
                currency: Wire(*currency),
                columns: sums.into(),
                reason: (*why).into(),
            });
            missing.collect()
        });
        Self { amounts: amounts.collect(), value: value.map(|value| (&value.sums).into()), unconverted }
    }
}

impl From<&Line<4>> for TrialLine {
    fn from(line: &Line<4>) -> Self {
        Self {
            account: Wire(line.account.clone()),
            number: line.number.map(|number| number.0),
            kind: line.account_type.into(),
            depth: depth(line.depth),
            figures: (&line.figures).into(),
        }
    }
}

/// What all reports say beside their figures.
pub struct Said {
    pub known_at: Position,
    pub as_of: Position,
    pub valuation: Option<ValuationView>,
}

impl Said {
    pub fn of<const N: usize>(ground: &Ground<N>) -> Self {
        let valuation = ground.valuation.as_ref().map(ValuationView::from);
        Self { known_at: ground.known_at, as_of: ground.as_of, valuation }
    }
}

impl TrialBalanceView {
    pub fn new(at: Option<String>, said: Said, all: &Part<4>) -> Self {
        Self {
            at,
            known_at: Wire(said.known_at),
            as_of: Wire(said.as_of),
            lines: all.lines.iter().map(TrialLine::from).collect(),
            totals: (&all.total).into(),
            valuation: said.valuation,
        }
    }
}

impl BalanceSheetView {
    pub fn new(at: Option<String>, said: Said, sheet: &BalanceSheet) -> Self {
        Self {
            at,
            known_at: Wire(said.known_at),
            as_of: Wire(said.as_of),
            assets: (&sheet.assets).into(),
            liabilities: (&sheet.liabilities).into(),
            equity: (&sheet.equity).into(),
            earnings: (&sheet.earnings).into(),
            total_equity: (&sheet.equity_total).into(),
            total_liabilities_and_equity: (&sheet.liabilities_and_equity).into(),
            rounding_difference: sheet.rounding.map(Wire),
            valuation: said.valuation,
        }
    }
}

impl IncomeStatementView {
    pub fn new([from, to]: [Option<String>; 2], said: Said, statement: &IncomeStatement) -> Self {
        Self {
            from,
            to,
            known_at: Wire(said.known_at),
            as_of: Wire(said.as_of),
            income: (&statement.income).into(),
            expenses: (&statement.expenses).into(),
            net_income: (&statement.net_income).into(),
            valuation: said.valuation,
        }
    }
}
