//! `GET /v1/ledgers/{ledger}/budgets/{budget}`

use std::sync::Arc;

use chrono::Utc;
use event_schemas::{BudgetId, Day, EffectiveAt, LedgerId, Position, Ts};
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};
use projections::views::{
    balances::Balances,
    budgets::{Answer, Ask, Budgets, history},
    categories::Categories,
};

use super::page::{Limit, UpTo};
use crate::{
    caller::{Caller, ledger_not_found},
    codes,
    engine::{Engine, view_failed},
    fast::Fast,
    keys::scope::Read,
    problem::Problem,
    tags::Tag,
    views::{
        budgets::{BudgetHistory, PeriodOfBudget, WordOnBudget},
        ground::check_period,
        question::{Asked, Question},
    },
    wire::{Wire, moment::Moment},
};

pub struct Route(pub Arc<Engine>);

#[OpenApi]
impl Route {
    /// Read a budget's periods
    ///
    /// All that was said of it, and for each period that touches the days asked for what was planned, spent and left.
    #[oai(
        path = "/v1/ledgers/:ledger/budgets/:budget",
        method = "get",
        operation_id = "get_budget",
        tag = "Tag::Budgets"
    )]
    #[allow(clippy::too_many_arguments, reason = "each is a parameter of the route")]
    async fn get(
        &self,
        caller: Caller<Read>,
        ledger: Path<Wire<LedgerId>>,
        budget: Path<Wire<BudgetId>>,
        /// The first day. Left out: as far back as `limit` allows.
        from: Query<Option<Wire<Day>>>,
        /// The last day. Left out: today in the ledger's time zone.
        to: Query<Option<Wire<Day>>>,
        /// What was recorded by then: a position, an instant, or a date (the whole day).
        known_at: Query<Option<Wire<Moment>>>,
        /// Wait until the views have read this record.
        min_position: Query<Option<Wire<Position>>>,
        /// At most so many periods, the latest.
        #[oai(default = "twelve")]
        limit: Query<Limit>,
    ) -> poem::Result<Fast<BudgetHistory>> {
        let question = Question::of(&self.0, &caller, ledger.0).await?;
        let to = to.0.map_or_else(|| question.day_of(Ts::from_utc(Utc::now())), |day| day.0);
        let from = from.0.map(|day| day.0);
        check_period(from, Some(to))?;
        let views: [&dyn projections::View; 3] =
            [&Balances::default(), &Categories::default(), &Budgets::default()];
        let asked = question.ask(&views, known_at.0, min_position.0).await?;
        let ask = Ask {
            ledger: &question.ledger,
            known_at: asked.known_at,
            start_of: &|day| question.start_of(EffectiveAt::Date(day.date())),
        };
        let answer = history(&asked.reader, &ask, &budget.0.0, (from, to), limit.0.0).await;
        let answer = answer.map_err(view_failed)?;
        let (known_at, as_of) = (known(&question, &asked), asked.as_of);
        asked.end().await?;
        match answer {
            Answer::NoLedger => Err(ledger_not_found(question.ledger.as_str()).into()),
            Answer::NoBudget => {
                let detail = format!("the ledger had no budget {:?} then", budget.0.0.as_str());
                Err(Problem::new(&codes::BUDGET_NOT_FOUND).detail(detail).into())
            }
            Answer::TooManyPeriods => Err(too_many_periods().into()),
            Answer::Known(range) => {
                let word = |word: projections::views::budgets::Word| {
                    let position = question.position(word.since);
                    WordOnBudget::of(word, position)
                };
                Ok(Fast(BudgetHistory {
                    budget: budget.0,
                    known_at,
                    as_of: Wire(as_of),
                    plans: range.words.into_iter().map(word).collect(),
                    periods: range.periods.into_iter().map(PeriodOfBudget::of).collect(),
                }))
            }
        }
    }
}

/// A year of months.
fn twelve() -> Limit {
    UpTo(12)
}

pub fn known(question: &Question<'_>, asked: &Asked) -> Wire<Position> {
    Wire(question.position(asked.known_at))
}

pub fn too_many_periods() -> Problem {
    Problem::new(&codes::TOO_MANY_PERIODS)
        .detail("too many periods lie between a budget's start and the time that is asked about")
}
