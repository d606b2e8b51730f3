//! `GET /v1/ledgers/{ledger}/analytics/compare`

use std::sync::Arc;

use chrono::Utc;
use event_schemas::{LedgerId, Period, Position, Ts};
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};
use projections::{
    analytics::{self, Ask},
    views::{balances::Balances, categories::Categories},
};

use super::analytics::{Depth, account, ended, group_of, known};
use crate::{
    caller::Caller,
    engine::{Engine, view_failed},
    fast::Fast,
    keys::scope::Read,
    tags::Tag,
    views::{
        analytics::{Comparison, Group, compared},
        calendar::Part,
        question::Question,
        too_large::too_large,
    },
    wire::{Wire, moment::Moment, month::Month},
};

pub struct Route(pub Arc<Engine>);

#[OpenApi]
impl Route {
    /// Compare two months
    ///
    /// What was earned and spent in both, by account or by category, the change, and the change in percent.
    #[oai(
        path = "/v1/ledgers/:ledger/analytics/compare",
        method = "get",
        operation_id = "compare",
        tag = "Tag::Analytics"
    )]
    #[allow(clippy::too_many_arguments, reason = "each is a parameter of the route")]
    async fn get(
        &self,
        caller: Caller<Read>,
        ledger: Path<Wire<LedgerId>>,
        /// The month, such as 2026-11. Left out: the present one in the ledger's time zone.
        month: Query<Option<Wire<Month>>>,
        /// The month with which it is compared. Left out: the one before it.
        with: Query<Option<Wire<Month>>>,
        /// By account or by category.
        #[oai(default = "account")]
        group: Query<Group>,
        /// By the first so many names of the accounts' paths. Left out: by account.
        depth: Query<Option<Depth>>,
        /// What was recorded by then: a position, an instant, or a date (the whole day).
        known_at: Query<Option<Wire<Moment>>>,
        /// Wait until the views have read this record.
        min_position: Query<Option<Wire<Position>>>,
    ) -> poem::Result<Fast<Comparison>> {
        let question = Question::of(&self.0, &caller, ledger.0).await?;
        let today = || Period::Month.first_day(question.day_of(Ts::from_utc(Utc::now())));
        let month = month.0.map_or_else(today, |month| month.0.0);
        // The first month of all is compared with itself.
        let with = with.0.map_or_else(|| Month::before(month), |with| with.0.0);
        let intervals =
            [month, with].map(|first| Part { from: first, to: Month::last(first) }.interval(&question));
        let views: [&dyn projections::View; 2] = [&Balances::default(), &Categories::default()];
        let asked = question.ask(&views, known_at.0, min_position.0).await?;
        let ask = Ask { ledger: &question.ledger, known_at: asked.known_at };
        let group_by = group_of(group.0, depth.0);
        let answer = analytics::result(&asked.reader, &ask, group_by, &intervals).await;
        let answer = answer.map_err(view_failed)?;
        let (known_at, as_of) = ended(&question, asked).await?;
        let mut lines = known(answer, &question)?.into_iter();
        let (of_month, of_with) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        let lines = compared(group.0, of_month, of_with).map_err(too_large)?;
        let (month, with) = (Wire(month), Wire(with));
        Ok(Fast(Comparison { known_at, as_of, month, with, group: group.0, lines }))
    }
}
