//! A budget, as its maker writes it, and the answer.

use event_schemas::{
    AccountPath, AssetCode, BudgetId, Day, Direction, Event, Key, LedgerId, Position, Quantity,
};
use ledger_core::{
    Amount,
    commands::{ChangeBudget, DropBudget, SetBudget},
};
use poem_openapi::{Enum, Object};
use serde::{Deserialize, Serialize};

use super::{
    Wire,
    answer::{quantity, sealed, string, value},
    present, strict,
    text::{Description, Label, Name},
    transaction::Side,
};

/// So much planned for each period: of an account and all below it, of a category, or of a category in an account.
#[derive(Object, Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields, expecting = "a budget: an object")]
#[oai(deny_unknown_fields)]
pub struct NewBudget {
    /// Chosen by you; stands in the budget's address.
    pub budget: Wire<BudgetId>,
    #[serde(default, deserialize_with = "present")]
    pub name: Option<Name>,
    /// Of this account and all below it, there already or not.
    #[serde(default, deserialize_with = "present")]
    pub account: Option<Wire<AccountPath>>,
    /// Of entries with this category: in that account, or else in all of income and expense.
    #[serde(default, deserialize_with = "present")]
    pub category: Option<Label>,
    /// The side that uses the plan up; the other gives back. Left out: debits of expenses, assets and categories, credits of
    /// income, liabilities and equity.
    #[serde(default, deserialize_with = "present")]
    pub direction: Option<Side>,
    pub currency: Wire<AssetCode>,
    /// For each period. May be zero.
    pub amount: Wire<Amount>,
    #[serde(deserialize_with = "strict")]
    pub period: Period,
    /// Its first day, on which a period begins. Left out: the beginning of the present one.
    #[serde(default, deserialize_with = "present")]
    pub starts: Option<Wire<Day>>,
    /// Its last day, on which a period ends. Left out: it goes on.
    #[serde(default, deserialize_with = "present")]
    pub ends: Option<Wire<Day>>,
    /// What becomes of a period's difference. Left out: every period begins anew.
    #[serde(default, deserialize_with = "present")]
    pub carry_over: Option<CarryOver>,
}

/// A budget as it is to be from a day on, as a whole: what is left out is not kept from before.
#[derive(Object, Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields, expecting = "a budget's new plan: an object")]
#[oai(deny_unknown_fields)]
pub struct NewPlan {
    #[serde(default, deserialize_with = "present")]
    pub name: Option<Name>,
    /// Of this account and all below it, there already or not.
    #[serde(default, deserialize_with = "present")]
    pub account: Option<Wire<AccountPath>>,
    /// Of entries with this category: in that account, or else in all of income and expense.
    #[serde(default, deserialize_with = "present")]
    pub category: Option<Label>,
    /// The side that uses the plan up; the other gives back. Left out: as when a budget is set.
    #[serde(default, deserialize_with = "present")]
    pub direction: Option<Side>,
    pub currency: Wire<AssetCode>,
    /// For each period. May be zero.
    pub amount: Wire<Amount>,
    #[serde(deserialize_with = "strict")]
    pub period: Period,
    /// From when this is the plan: a day on which a period begins. What was planned for before it stays. Left out: the beginning
    /// of the present period.
    #[serde(default, deserialize_with = "present")]
    pub starts: Option<Wire<Day>>,
    /// Its last day, on which a period ends. Left out: it goes on.
    #[serde(default, deserialize_with = "present")]
    pub ends: Option<Wire<Day>>,
    /// What becomes of a period's difference. Left out: every period begins anew.
    #[serde(default, deserialize_with = "present")]
    pub carry_over: Option<CarryOver>,
}

/// From when a budget is dropped, and why. May be empty (`{}`).
#[derive(Object, Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields, expecting = "the end of a budget: an object")]
#[oai(deny_unknown_fields)]
pub struct BudgetEnd {
    /// The first day without it, on which a period begins. Left out: the beginning of the present one.
    #[serde(default, deserialize_with = "present")]
    pub from: Option<Wire<Day>>,
    #[serde(default, deserialize_with = "present")]
    pub reason: Option<Description>,
}

/// A budget was set, changed or dropped.
#[derive(Object, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct BudgetChanged {
    pub id: Wire<Key>,
    pub ledger: Wire<LedgerId>,
    pub position: Option<Wire<Position>>,
    pub event_id: Option<String>,
    pub recorded_at: Option<String>,
    pub effective_at: String,
    /// What happened, as the log calls it.
    pub event: String,
    pub budget: Wire<BudgetId>,
    pub name: Option<String>,
    pub account: Option<Wire<AccountPath>>,
    pub category: Option<String>,
    /// The side that uses the plan up. Absent where it was dropped, as are all below.
    pub direction: Option<Side>,
    pub currency: Option<Wire<AssetCode>>,
    pub amount: Option<Wire<Quantity>>,
    pub period: Option<Period>,
    /// From when this is the plan.
    pub starts: Option<Wire<Day>>,
    pub ends: Option<Wire<Day>>,
    pub carry_over: Option<CarryOver>,
    /// Where it was dropped: the first day without it.
    pub from: Option<Wire<Day>>,
    pub reason: Option<String>,
}

/// Periods of the calendar, in the ledger's time zone. Weeks begin on Mondays, quarters in January, April, July and October.
#[derive(Enum, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum Period {
    Week,
    Month,
    Quarter,
    Year,
}

/// What becomes of the difference of plan and actual at a period's end: `none`, it is forgotten; `remaining`, what is left is
/// added to the next period; `all`, what was overspent is taken from the next one too.
#[derive(Enum, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum CarryOver {
    None,
    Remaining,
    All,
}

impl NewBudget {
    pub fn into_command(self) -> SetBudget {
        SetBudget {
            budget: self.budget.0,
            name: self.name.map(Name::sealed),
            account: self.account.map(|path| path.0),
            category: self.category.map(Label::boxed),
            direction: self.direction.map(Direction::from),
            currency: self.currency.0,
            amount: self.amount.0,
            period: self.period.into(),
            starts: self.starts.map(|day| day.0),
            ends: self.ends.map(|day| day.0),
            carry_over: self.carry_over.unwrap_or(CarryOver::None).into(),
        }
    }
}

impl NewPlan {
    pub fn into_command(self, budget: BudgetId) -> ChangeBudget {
        ChangeBudget {
            budget,
            name: self.name.map(Name::sealed),
            account: self.account.map(|path| path.0),
            category: self.category.map(Label::boxed),
            direction: self.direction.map(Direction::from),
            currency: self.currency.0,
            amount: self.amount.0,
            period: self.period.into(),
            starts: self.starts.map(|day| day.0),
            ends: self.ends.map(|day| day.0),
            carry_over: self.carry_over.unwrap_or(CarryOver::None).into(),
        }
    }
}

impl BudgetEnd {
    pub fn into_command(self, budget: BudgetId) -> DropBudget {
        DropBudget { budget, from: self.from.map(|day| day.0), reason: self.reason.map(Description::sealed) }
    }
}

/// Two events have these fields.
macro_rules! write_plan {
    ($out:ident, $event:ident, $plan:ident) => {{
        string($out, "event", $event.name());
        string($out, "budget", $plan.budget.as_str());
        sealed($out, "name", $plan.name.as_ref());
        sealed($out, "account", $plan.account.as_ref());
        $plan.category.iter().for_each(|category| string($out, "category", category));
        value($out, "direction", &$plan.direction);
        string($out, "currency", $plan.currency.as_str());
        quantity($out, "amount", $plan.amount);
        string($out, "period", $plan.period.as_str());
        value($out, "starts", &$plan.starts);
        $plan.ends.iter().for_each(|ends| value($out, "ends", ends));
        string($out, "carry_over", $plan.carry_over.as_str());
    }};
}

/// Appends the answer to what was said of a budget.
pub(super) fn write(out: &mut Vec<u8>, event: &Event) {
    match event {
        Event::BudgetSet(plan) => write_plan!(out, event, plan),
        Event::BudgetChanged(plan) => write_plan!(out, event, plan),
        Event::BudgetDropped(dropped) => {
            string(out, "event", event.name());
            string(out, "budget", dropped.budget.as_str());
            value(out, "from", &dropped.from);
            sealed(out, "reason", dropped.reason.as_ref());
        }
        other => unreachable!("{} is not about a budget", other.name()),
    }
}

impl From<Period> for event_schemas::Period {
    fn from(period: Period) -> Self {
        match period {
            Period::Week => Self::Week,
            Period::Month => Self::Month,
            Period::Quarter => Self::Quarter,
            Period::Year => Self::Year,
        }
    }
}

impl From<event_schemas::Period> for Period {
    fn from(period: event_schemas::Period) -> Self {
        match period {
            event_schemas::Period::Week => Self::Week,
            event_schemas::Period::Month => Self::Month,
            event_schemas::Period::Quarter => Self::Quarter,
            event_schemas::Period::Year => Self::Year,
        }
    }
}

impl From<CarryOver> for event_schemas::CarryOver {
    fn from(carry: CarryOver) -> Self {
        match carry {
            CarryOver::None => Self::None,
            CarryOver::Remaining => Self::Remaining,
            CarryOver::All => Self::All,
        }
    }
}

impl From<event_schemas::CarryOver> for CarryOver {
    fn from(carry: event_schemas::CarryOver) -> Self {
        match carry {
            event_schemas::CarryOver::None => Self::None,
            event_schemas::CarryOver::Remaining => Self::Remaining,
            event_schemas::CarryOver::All => Self::All,
        }
    }
}
