//! Drops a budget from a day on: what was planned for before that day stays, and its id may be given again.

use event_schemas::events::BudgetDropped;
use event_schemas::{BudgetId, Day, Envelope, Sealed};
use serde::{Deserialize, Serialize};

use super::{CommandInput, budgeting};
use crate::decide::{Context, Decided};
use crate::refusal::{Refusal, RefusalKind};
use crate::state::Ledger;
use crate::undo::{Journal, Undo};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DropBudget {
    pub budget: BudgetId,
    /// Left out: the first day of the period in which it is dropped.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<Day>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Sealed<String>>,
}

impl CommandInput for DropBudget {
    const REFUSALS: &'static [RefusalKind] = &[RefusalKind::BudgetNotFound, RefusalKind::PeriodIsNotWhole];

    fn decide(&self, ledger: &Ledger, context: &Context<'_>) -> Result<Decided, Refusal> {
        let Some(period) = ledger.budgets.get(&self.budget).copied() else {
            return Err(Refusal::new(RefusalKind::BudgetNotFound).with("budget", &self.budget));
        };
        let from = match self.from {
            Some(day) => budgeting::begins(day, period, "/from")?,
            None => period.first_day(budgeting::today(ledger, context)),
        };
        let event = BudgetDropped { budget: self.budget.clone(), from, reason: self.reason.clone() };
        Ok(Decided::now(event, context))
    }
}

pub(crate) fn command_of(_: &Envelope, event: &BudgetDropped) -> DropBudget {
    DropBudget { budget: event.budget.clone(), from: Some(event.from), reason: event.reason.clone() }
}

pub(crate) fn evolve(ledger: &mut Ledger, place: u32, event: &BudgetDropped, journal: &mut impl Journal) {
    let before = ledger.budgets.remove(&event.budget);
    assert!(before.is_some(), "only a budget that is there is dropped: {}", event.budget);
    journal.note(Undo::Budget(place, event.budget.clone(), before));
}
