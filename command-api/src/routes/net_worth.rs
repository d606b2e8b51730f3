//! `GET /v1/ledgers/{ledger}/analytics/net-worth`

use std::sync::Arc;

use event_schemas::{Day, LedgerId, Position};
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};
use projections::{
    analytics::{self, Ask},
    views::balances::Balances,
};

use super::analytics::{ended, known, month};
use crate::{
    caller::Caller,
    engine::{Engine, view_failed},
    fast::Fast,
    keys::scope::Read,
    tags::Tag,
    views::{
        analytics::{NetWorth, Worth, WorthAt},
        calendar::{days, parts},
        question::Question,
    },
    wire::{Wire, budget::Period, moment::Moment},
};

pub struct Route(pub Arc<Engine>);

#[OpenApi]
impl Route {
    /// Read the net worth over time
    ///
    /// Assets less liabilities at the end of each period and of the last day, in each currency.
    #[oai(
        path = "/v1/ledgers/:ledger/analytics/net-worth",
        method = "get",
        operation_id = "net_worth",
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
        /// At the ends of these periods of the calendar.
        #[oai(default = "month")]
        every: Query<Period>,
        /// What was recorded by then: a position, an instant, or a date (the whole day).
        known_at: Query<Option<Wire<Moment>>>,
        /// Wait until the views have read this record.
        min_position: Query<Option<Wire<Position>>>,
    ) -> poem::Result<Fast<NetWorth>> {
        let question = Question::of(&self.0, &caller, ledger.0).await?;
        let days = days(&question, from.0.map(|day| day.0), to.0.map(|day| day.0))?;
        let parts = parts(days, every.0.into())?;
        let times: Vec<_> = parts.iter().map(|part| part.interval(&question).1).collect();
        let asked = question.ask(&[&Balances::default()], known_at.0, min_position.0).await?;
        let ask = Ask { ledger: &question.ledger, known_at: asked.known_at };
        let answer = analytics::net_worth(&asked.reader, &ask, &times).await;
        let answer = answer.map_err(view_failed)?;
        let (known_at, as_of) = ended(&question, asked).await?;
        let worths = known(answer, &question)?;
        let points = parts.iter().zip(&worths).map(|(part, worths)| WorthAt {
            day: Wire(part.to),
            worth: worths.iter().map(Worth::of).collect(),
        });
        Ok(Fast(NetWorth { known_at, as_of, every: every.0, points: points.collect() }))
    }
}
