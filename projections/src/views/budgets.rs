//! Budgets: what was planned from when on, as said in which record; and, with the balances, what came of it.

mod ask;
mod periods;

use async_trait::async_trait;
use event_schemas::{
    AccountPath, AssetCode, BudgetId, CarryOver, Contract, Day, Direction, Event, Period, Quantity, Record,
    Sealed, Sequence,
    events::{BudgetChanged, BudgetDropped, BudgetSet, LedgerOpened},
};
use tokio_postgres::Transaction;

pub use ask::{Answer, Ask, Page, Progress, Range, Spent, history, list};

use crate::{
    ViewError,
    builds::to_i64,
    rows::Rows,
    view::{Poison, View},
    views::names::Ledgers,
};

/// What was said about a budget in one record: from a day on this is the plan, or there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    pub since: Sequence,
    pub starts: Day,
    /// `None`: it was dropped.
    pub plan: Option<Plan>,
}

/// What is planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub name: Option<String>,
    pub account: Option<AccountPath>,
    pub category: Option<String>,
    /// The side that uses the plan up.
    pub direction: Direction,
    pub currency: AssetCode,
    /// For each period.
    pub amount: Quantity,
    pub period: Period,
    /// The last day.
    pub ends: Option<Day>,
    pub carry_over: CarryOver,
}

/// The view.
#[derive(Default)]
pub struct Budgets {
    ledgers: Ledgers,
}

#[async_trait]
impl View for Budgets {
    fn name(&self) -> &'static str {
        "budgets"
    }

    fn version(&self) -> u16 {
        1
    }

    fn consumes(&self) -> &'static [&'static str] {
        &[LedgerOpened::NAME, BudgetSet::NAME, BudgetChanged::NAME, BudgetDropped::NAME]
    }

    fn tables(&self) -> &'static str {
        concat!(include_str!("names/ledgers.sql"), include_str!("budgets/tables.sql"))
    }

    async fn apply(&mut self, transaction: &Transaction<'_>, records: &[Record]) -> Result<(), ViewError> {
        self.ledgers.load(transaction).await?;
        let mut plans = Rows::new("plans");
        for record in records {
            let ledger = self.ledgers.take(record)?;
            if let Some((budget, word)) = word(record)? {
                put(&mut plans, ledger, budget, &word);
            }
        }
        self.ledgers.store(transaction).await?;
        plans.store(transaction).await
    }

    fn forget(&mut self) {
        *self = Budgets::default();
    }
}

/// Two events have these fields.
macro_rules! plan_of {
    ($sequence:expr, $event:ident) => {
        Plan {
            // A name that is sealed is as good as none here.
            name: $event.name.as_ref().and_then(|name| name.plain()).cloned(),
            account: $event.account.as_ref().map(|path| account($sequence, path)).transpose()?,
            category: $event.category.as_deref().map(str::to_owned),
            direction: $event.direction,
            currency: $event.currency,
            amount: $event.amount,
            period: $event.period,
            ends: $event.ends,
            carry_over: $event.carry_over,
        }
    };
}

/// What a record says of a budget.
fn word(record: &Record) -> Result<Option<(&BudgetId, Word)>, ViewError> {
    let since = record.envelope.sequence;
    let (budget, starts, plan) = match &record.event {
        Event::BudgetSet(set) => (&set.budget, set.starts, Some(plan_of!(since, set))),
        Event::BudgetChanged(changed) => (&changed.budget, changed.starts, Some(plan_of!(since, changed))),
        Event::BudgetDropped(dropped) => (&dropped.budget, dropped.from, None),
        _ => return Ok(None),
    };
    Ok(Some((budget, Word { since, starts, plan })))
}

fn account(sequence: Sequence, path: &Sealed<AccountPath>) -> Result<AccountPath, ViewError> {
    path.plain().cloned().ok_or_else(|| poison(sequence, "its account is sealed, and there is no key"))
}

fn put(rows: &mut Rows, ledger: i32, budget: &BudgetId, word: &Word) {
    rows.number(i64::from(ledger)).text(budget.as_str()).number(to_i64(word.since));
    rows.text(&word.starts.to_string()).boolean(word.plan.is_none());
    let Some(plan) = &word.plan else {
        rows.text("").text("").text("").text("").text("").number(0).text("").text("").text("").end();
        return;
    };
    rows.text(plan.name.as_deref().unwrap_or_default());
    rows.text(plan.account.as_ref().map_or("", AccountPath::as_str));
    rows.text(plan.category.as_deref().unwrap_or_default());
    rows.text(plan.direction.as_str()).text(plan.currency.as_str()).quantity(plan.amount);
    rows.text(plan.period.as_str());
    rows.text(&plan.ends.map(|ends| ends.to_string()).unwrap_or_default());
    rows.text(plan.carry_over.as_str()).end();
}

fn poison(sequence: Sequence, reason: &str) -> ViewError {
    Poison { sequence, reason: reason.to_owned() }.into()
}
