//! `GET /v1/ledgers/{ledger}/budgets`

use std::sync::Arc;

use chrono::Utc;
use event_schemas::{BudgetId, EffectiveAt, LedgerId, Position, Ts};
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};
use projections::views::{
    balances::Balances,
    budgets::{Answer, Ask, Budgets, list},
    categories::Categories,
};

use super::{
    get_budget::{known, too_many_periods},
    page::Limit,
};
use crate::{
    caller::{Caller, ledger_not_found},
    engine::{Engine, view_failed},
    fast::Fast,
    keys::scope::Read,
    tags::Tag,
    views::{
        budgets::{BudgetNow, BudgetsAt, PeriodOfBudget},
        question::Question,
    },
    wire::{Wire, moment::Moment},
};

pub struct Route(pub Arc<Engine>);

#[OpenApi]
impl Route {
    /// Read what is planned, spent and left
    ///
    /// Every budget that plans for a time, in the period that holds it. Answered by views, which are a moment behind the log:
    /// `as_of` says where they are, and `min_position` (of a command's answer) waits for them, two seconds at most.
    #[oai(
        path = "/v1/ledgers/:ledger/budgets",
        method = "get",
        operation_id = "list_budgets",
        tag = "Tag::Budgets"
    )]
    #[allow(clippy::too_many_arguments, reason = "each is a parameter of the route")]
    async fn list(
        &self,
        caller: Caller<Read>,
        ledger: Path<Wire<LedgerId>>,
        /// Which periods, and what had come of them by then: an instant, or a date, of which the whole day counts in the ledger's
        /// time zone. Left out: now.
        at: Query<Option<Wire<EffectiveAt>>>,
        /// What was recorded by then: a position, an instant, or a date (the whole day).
        known_at: Query<Option<Wire<Moment>>>,
        /// Wait until the views have read this record.
        min_position: Query<Option<Wire<Position>>>,
        /// At most so many.
        #[oai(default = "Limit::usual")]
        limit: Query<Limit>,
        /// What the page before gave as `next`.
        cursor: Query<Option<Wire<BudgetId>>>,
    ) -> poem::Result<Fast<BudgetsAt>> {
        let question = Question::of(&self.0, &caller, ledger.0).await?;
        let at = at.0.map_or_else(|| Ts::from_utc(Utc::now()), |at| question.end_of(at.0));
        let today = question.day_of(at);
        let views: [&dyn projections::View; 3] =
            [&Balances::default(), &Categories::default(), &Budgets::default()];
        let asked = question.ask(&views, known_at.0, min_position.0).await?;
        let ask = Ask {
            ledger: &question.ledger,
            known_at: asked.known_at,
            start_of: &|day| question.start_of(EffectiveAt::Date(day.date())),
        };
        let after = cursor.0.as_ref().map(|cursor| &cursor.0);
        let answer = list(&asked.reader, &ask, (today, at), after, limit.0.0).await;
        let answer = answer.map_err(view_failed)?;
        let (known_at, as_of) = (known(&question, &asked), asked.as_of);
        asked.end().await?;
        match answer {
            Answer::NoLedger => Err(ledger_not_found(question.ledger.as_str()).into()),
            Answer::NoBudget => unreachable!("none is named"),
            Answer::TooManyPeriods => Err(too_many_periods().into()),
            Answer::Known(page) => {
                let budgets = page.budgets.into_iter().map(|(budget, progress)| BudgetNow {
                    budget: Wire(budget),
                    progress: PeriodOfBudget::of(progress),
                });
                let (budgets, next) = (budgets.collect(), page.next.map(Wire));
                Ok(Fast(BudgetsAt { at: at.to_string(), known_at, as_of: Wire(as_of), budgets, next }))
            }
        }
    }
}
