//! Budgets and what came of them, as their readers see them.

use event_schemas::{AccountPath, AssetCode, BudgetId, Day, Position, Quantity};
use poem_openapi::Object;
use projections::views::budgets::{Plan, Progress, Word};
use serde::Serialize;

use crate::wire::{
    Wire,
    budget::{CarryOver, Period},
    transaction::Side,
};

/// What was planned for the periods that hold a time, and what had come of it by then.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct BudgetsAt {
    /// Entries in effect by then count, it included.
    pub at: String,
    /// Records up to this one count.
    pub known_at: Wire<Position>,
    /// What the views had read when they answered.
    pub as_of: Wire<Position>,
    /// By id.
    pub budgets: Vec<BudgetNow>,
    /// To be sent as `cursor`, for the next page. Absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Wire<BudgetId>>,
}

/// A budget in one of its periods.
#[derive(Object, Serialize, Clone, Debug)]
pub struct BudgetNow {
    pub budget: Wire<BudgetId>,
    #[serde(flatten)]
    #[oai(flatten)]
    pub progress: PeriodOfBudget,
}

/// What was planned for a period, and what came of it.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct PeriodOfBudget {
    /// The period's first day.
    pub from: Wire<Day>,
    /// Its last.
    pub to: Wire<Day>,
    #[serde(flatten)]
    #[oai(flatten)]
    pub plan: PlanOfBudget,
    /// From the period before; less than zero where that one was overspent.
    pub carried_over: Wire<Quantity>,
    /// What was spent, or earned: on the plan's side, less what the other side gave back.
    pub actual: Wire<Quantity>,
    /// Planned and carried over, less actual.
    pub remaining: Wire<Quantity>,
    /// What moved in other currencies. It is in none of the figures.
    pub unconverted: Vec<Unconverted>,
}

/// An amount in another currency than the plan's.
#[derive(Object, Serialize, Clone, Debug)]
pub struct Unconverted {
    pub currency: Wire<AssetCode>,
    pub actual: Wire<Quantity>,
}

/// What is planned for each period.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct PlanOfBudget {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<Wire<AccountPath>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The side that uses the plan up.
    pub direction: Side,
    pub currency: Wire<AssetCode>,
    pub period: Period,
    pub planned: Wire<Quantity>,
    pub carry_over: CarryOver,
    /// The plan's last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends: Option<Wire<Day>>,
}

/// All that was said of a budget, and some of its periods.
#[derive(Object, Serialize, Clone, Debug)]
pub struct BudgetHistory {
    pub budget: Wire<BudgetId>,
    /// Records up to this one count.
    pub known_at: Wire<Position>,
    /// What the views had read when they answered.
    pub as_of: Wire<Position>,
    /// In the order in which it was recorded. For each day the last word about it counts.
    pub plans: Vec<WordOnBudget>,
    /// In their order.
    pub periods: Vec<PeriodOfBudget>,
}

/// What one record said: the plan from a day on, or that there is none.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct WordOnBudget {
    /// The record.
    pub position: Wire<Position>,
    pub starts: Wire<Day>,
    /// Absent: the budget was dropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanOfBudget>,
}

impl PeriodOfBudget {
    pub fn of(progress: Progress) -> Self {
        let spent = progress.spent;
        let unconverted = spent.unconverted.into_iter();
        Self {
            from: Wire(progress.first),
            to: Wire(progress.last),
            plan: PlanOfBudget::of(progress.plan),
            carried_over: Wire(spent.carried_over),
            actual: Wire(spent.actual),
            remaining: Wire(spent.remaining),
            unconverted: unconverted
                .map(|(currency, actual)| Unconverted { currency: Wire(currency), actual: Wire(actual) })
                .collect(),
        }
    }
}

impl PlanOfBudget {
    fn of(plan: Plan) -> Self {
        Self {
            name: plan.name,
            account: plan.account.map(Wire),
            category: plan.category,
            direction: plan.direction.into(),
            currency: Wire(plan.currency),
            period: plan.period.into(),
            planned: Wire(plan.amount),
            carry_over: plan.carry_over.into(),
            ends: plan.ends.map(Wire),
        }
    }
}

impl WordOnBudget {
    pub fn of(word: Word, position: Position) -> Self {
        Self { position: Wire(position), starts: Wire(word.starts), plan: word.plan.map(PlanOfBudget::of) }
    }
}
