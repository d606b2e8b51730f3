//! Sets a budget: so much is planned for each period, of an account and all below it, or of a category.

use event_schemas::events::BudgetSet;
use event_schemas::{AccountPath, AssetCode, BudgetId, CarryOver, Day, Direction, Envelope, Period, Sealed};
use serde::{Deserialize, Serialize};

use super::CommandInput;
use super::budgeting::{self, Asked};
use crate::amount::Amount;
use crate::decide::{Context, Decided};
use crate::refusal::{Refusal, RefusalKind};
use crate::state::Ledger;
use crate::undo::{Journal, Undo};

/// Budgets that one ledger may have.
pub(crate) const BUDGETS_MAX: usize = 10_000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetBudget {
    pub budget: BudgetId,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<Sealed<String>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub account: Option<AccountPath>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub category: Option<Box<str>>,
    /// Left out: the normal side of the account, or debits.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub direction: Option<Direction>,
    pub currency: AssetCode,
    pub amount: Amount,
    pub period: Period,
    /// Left out: the first day of the period in which it is set.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub starts: Option<Day>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ends: Option<Day>,
    pub carry_over: CarryOver,
}

impl CommandInput for SetBudget {
    const REFUSALS: &'static [RefusalKind] = &[
        RefusalKind::BudgetAlreadyExists,
        RefusalKind::BudgetsAreTooMany,
        RefusalKind::BudgetIsForNothing,
        RefusalKind::BudgetDirectionIsUnknown,
        RefusalKind::AssetNotFound,
        RefusalKind::AmountIsTooLarge,
        RefusalKind::AmountHasTooManyDecimals,
        RefusalKind::PeriodIsNotWhole,
        RefusalKind::BudgetStartsTooEarly,
        RefusalKind::BudgetEndsBeforeItStarts,
    ];

    fn decide(&self, ledger: &Ledger, context: &Context<'_>) -> Result<Decided, Refusal> {
        if ledger.budgets.contains_key(&self.budget) {
            return Err(Refusal::at(RefusalKind::BudgetAlreadyExists, "/budget").with("budget", &self.budget));
        }
        if ledger.budgets.len() >= BUDGETS_MAX {
            return Err(Refusal::new(RefusalKind::BudgetsAreTooMany).with("budgets_max", BUDGETS_MAX));
        }
        let asked = Asked {
            account: self.account.as_ref(),
            category: self.category.as_deref(),
            direction: self.direction,
            currency: self.currency,
            amount: self.amount,
            period: self.period,
            starts: self.starts,
            ends: self.ends,
        };
        let planned = budgeting::plan(&asked, ledger, context)?;
        let event = BudgetSet {
            budget: self.budget.clone(),
            name: self.name.clone(),
            account: self.account.clone().map(Sealed::from),
            category: self.category.clone(),
            direction: planned.direction,
            currency: self.currency,
            amount: planned.amount,
            period: self.period,
            starts: planned.starts,
            ends: self.ends,
            carry_over: self.carry_over,
        };
        Ok(Decided::now(event, context))
    }
}

pub(crate) fn command_of(_: &Envelope, event: &BudgetSet) -> SetBudget {
    SetBudget {
        budget: event.budget.clone(),
        name: event.name.clone(),
        account: event.account.as_ref().map(|path| path.plain().expect("paths are not sealed yet").clone()),
        category: event.category.clone(),
        direction: Some(event.direction),
        currency: event.currency,
        amount: Amount::from(event.amount),
        period: event.period,
        starts: Some(event.starts),
        ends: event.ends,
        carry_over: event.carry_over,
    }
}

pub(crate) fn evolve(ledger: &mut Ledger, place: u32, event: &BudgetSet, journal: &mut impl Journal) {
    let before = ledger.budgets.insert(event.budget.clone(), event.period);
    assert!(before.is_none(), "a budget is set once: {}", event.budget);
    journal.note(Undo::Budget(place, event.budget.clone(), before));
}
