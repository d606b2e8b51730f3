//! `GET /v1/ledgers/{ledger}/analytics/cash-flow`

use std::sync::Arc;

use event_schemas::{AccountPath, Day, LedgerId, Position};
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};
use projections::{
    analytics::{self, Ask},
    views::balances::Balances,
};

use super::analytics::{Depth, ended, known, month};
use crate::{
    caller::Caller,
    codes,
    engine::{Engine, view_failed},
    fast::Fast,
    keys::scope::Read,
    problem::Problem,
    tags::Tag,
    views::{
        analytics::{CashFlow, CashFlowPeriod, CashFlows},
        calendar::{days, parts},
        question::Question,
    },
    wire::{Wire, budget::Period, moment::Moment},
};

pub struct Route(pub Arc<Engine>);

#[OpenApi]
impl Route {
    /// Read the cash flow
    ///
    /// What was in cash before each period, what came in, what went out, and where from and to. Every account that is not cash
    /// counts with what it gave or took over the period as a whole: money moved between two accounts of cash is no flow.
    #[oai(
        path = "/v1/ledgers/:ledger/analytics/cash-flow",
        method = "get",
        operation_id = "cash_flow",
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
        /// Cash is what is in this account and below it: may be said up to 100 times. Left out: all assets.
        #[oai(default)]
        cash: Query<Vec<Wire<AccountPath>>>,
        /// Sum the other accounts by the first so many names of their paths. Left out: by account.
        depth: Query<Option<Depth>>,
        /// What was recorded by then: a position, an instant, or a date (the whole day).
        known_at: Query<Option<Wire<Moment>>>,
        /// Wait until the views have read this record.
        min_position: Query<Option<Wire<Position>>>,
    ) -> poem::Result<Fast<CashFlows>> {
        let question = Question::of(&self.0, &caller, ledger.0).await?;
        let cash = accounts(cash.0)?;
        let days = days(&question, from.0.map(|day| day.0), to.0.map(|day| day.0))?;
        let parts = parts(days, by.0.into())?;
        let intervals: Vec<_> = parts.iter().map(|part| part.interval(&question)).collect();
        let asked = question.ask(&[&Balances::default()], known_at.0, min_position.0).await?;
        let ask = Ask { ledger: &question.ledger, known_at: asked.known_at };
        let depth = depth.0.map(|depth| depth.0);
        let answer = analytics::cash_flow(&asked.reader, &ask, &cash, depth, &intervals).await;
        let answer = answer.map_err(view_failed)?;
        let (known_at, as_of) = ended(&question, asked).await?;
        let flows = known(answer, &question)?;
        let periods = parts.into_iter().zip(flows).map(|(part, flows)| CashFlowPeriod {
            from: Wire(part.from),
            to: Wire(part.to),
            flows: flows.into_iter().map(CashFlow::of).collect(),
        });
        Ok(Fast(CashFlows { known_at, as_of, by: by.0, periods: periods.collect() }))
    }
}

const ACCOUNTS_MAX: usize = 100;

fn accounts(accounts: Vec<Wire<AccountPath>>) -> Result<Vec<AccountPath>, Problem> {
    if accounts.len() > ACCOUNTS_MAX {
        let detail = format!("cash: at most {ACCOUNTS_MAX}");
        return Err(Problem::new(&codes::INVALID_PARAMETER).detail(detail));
    }
    Ok(accounts.into_iter().map(|account| account.0).collect())
}
