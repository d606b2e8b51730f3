//! `GET /v1/ledgers/{ledger}/analytics/income-expense`

use std::sync::Arc;

use event_schemas::{Day, LedgerId, Position};
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};
use projections::{
    analytics::{self, Ask},
    views::{balances::Balances, categories::Categories},
};

use super::analytics::{Depth, account, ended, group_of, known, month};
use crate::{
    caller::Caller,
    engine::{Engine, view_failed},
    fast::Fast,
    keys::scope::Read,
    tags::Tag,
    views::{
        analytics::{Group, IncomeExpense, IncomeExpensePeriod},
        calendar::{days, parts},
        question::Question,
        too_large::too_large,
    },
    wire::{Wire, budget::Period, moment::Moment},
};

pub struct Route(pub Arc<Engine>);

#[OpenApi]
impl Route {
    /// Read income and expense
    ///
    /// What was earned and spent in each period, by account or by category, in each currency. Refunds are taken off.
    #[oai(
        path = "/v1/ledgers/:ledger/analytics/income-expense",
        method = "get",
        operation_id = "income_expense",
        tag = "Tag::Analytics"
    )]
    #[allow(clippy::too_many_arguments, reason = "each is a parameter of the route")]
    async fn get(
        &self,
        caller: Caller<Read>,
        ledger: Path<Wire<LedgerId>>,
        /// The first day. Left out: the first of the year of the last.
        from: Query<Option<Wire<Day>>>,
        /// The last day. Left out: today in the ledger's time zone.
        to: Query<Option<Wire<Day>>>,
        /// Cut into these periods of the calendar.
        #[oai(default = "month")]
        by: Query<Period>,
        /// By account or by category.
        #[oai(default = "account")]
        group: Query<Group>,
        /// By the first so many names of the accounts' paths. Left out: by account.
        depth: Query<Option<Depth>>,
        /// What was recorded by then: a position, an instant, or a date (the whole day).
        known_at: Query<Option<Wire<Moment>>>,
        /// Wait until the views have read this record.
        min_position: Query<Option<Wire<Position>>>,
    ) -> poem::Result<Fast<IncomeExpense>> {
        let question = Question::of(&self.0, &caller, ledger.0).await?;
        let days = days(&question, from.0.map(|day| day.0), to.0.map(|day| day.0))?;
        let parts = parts(days, by.0.into())?;
        let intervals: Vec<_> = parts.iter().map(|part| part.interval(&question)).collect();
        let views: [&dyn projections::View; 2] = [&Balances::default(), &Categories::default()];
        let asked = question.ask(&views, known_at.0, min_position.0).await?;
        let ask = Ask { ledger: &question.ledger, known_at: asked.known_at };
        let group_by = group_of(group.0, depth.0);
        let answer = analytics::result(&asked.reader, &ask, group_by, &intervals).await;
        let answer = answer.map_err(view_failed)?;
        let (known_at, as_of) = ended(&question, asked).await?;
        let lines = known(answer, &question)?;
        let periods = parts.into_iter().zip(lines);
        let periods = periods.map(|(part, lines)| IncomeExpensePeriod::of(part, group.0, lines));
        let periods = periods.collect::<Result<_, _>>().map_err(too_large)?;
        Ok(Fast(IncomeExpense { known_at, as_of, by: by.0, group: group.0, periods }))
    }
}
