//! `GET /v1/ledgers/{ledger}/reports/income-statement`

use std::sync::Arc;

use event_schemas::{AssetCode, EffectiveAt, LedgerId, Position, Ts};
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};
use projections::{
    reports::{Shape, income_statement},
    views::balances::Of,
};

use super::page::Depth;
use crate::{
    caller::Caller,
    engine::Engine,
    keys::scope::Read,
    tags::Tag,
    views::{
        ground::{Ground, Terms, check_period, just_before},
        question::Question,
        reports::{IncomeStatementView, Said},
        tagged::Tagged,
        too_large::too_large,
    },
    wire::{Wire, moment::Moment},
};

pub struct Route(pub Arc<Engine>);

#[OpenApi]
impl Route {
    /// Read the income statement
    ///
    /// Income and expenses of a period, also known as profit and loss: the balances at its end less those at its begin, both as
    /// known at the same position. Values are by the rates at its end.
    #[oai(
        path = "/v1/ledgers/:ledger/reports/income-statement",
        method = "get",
        operation_id = "get_income_statement",
        tag = "Tag::Reports"
    )]
    #[allow(clippy::too_many_arguments, reason = "each is a parameter of the route")]
    async fn get(
        &self,
        caller: Caller<Read>,
        ledger: Path<Wire<LedgerId>>,
        /// From then on: an instant, or a date, from whose first instant on. Absent: from the beginning.
        from: Query<Option<Wire<EffectiveAt>>>,
        /// Up to then: an instant, or a date, of which the whole day counts. Absent: all that is known.
        to: Query<Option<Wire<EffectiveAt>>>,
        /// What was recorded by then: a position, an instant, or a date (the whole day).
        known_at: Query<Option<Wire<Moment>>>,
        /// Wait until the view has read this record.
        min_position: Query<Option<Wire<Position>>>,
        /// Show accounts no deeper than so many names; what is below is in the sums.
        depth: Query<Option<Depth>>,
        /// Also value everything in this currency, by the newest rates in effect at the end and known by then.
        valued_in: Query<Option<Wire<AssetCode>>>,
    ) -> poem::Result<Tagged<IncomeStatementView>> {
        let question = Question::of(&self.0, &caller, ledger.0).await?;
        let from = from.0.map(|from| question.start_of(from.0));
        let to = to.0.map(|to| question.end_of(to.0));
        check_period(from, to)?;
        let terms = Terms { known_at: known_at.0, min_position: min_position.0, valued_in: valued_in.0 };
        let before = just_before(from.unwrap_or(Ts(i64::MIN)));
        let ground = Ground::of(&self.0, &question, terms, &Of::All, [Some(before), to]).await?;
        let shape = Shape { depth: depth.0.map(|depth| depth.0), valuation: ground.valuation.as_ref() };
        let [before, by_end] = &ground.balances;
        let report = income_statement(before, by_end, shape).map_err(too_large)?;
        let (said, period) = (Said::of(&ground), [from, to].map(|time| time.map(|time| time.to_string())));
        Ok(Tagged(ground.tag, IncomeStatementView::new(period, said, &report)))
    }
}
