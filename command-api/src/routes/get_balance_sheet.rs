//! `GET /v1/ledgers/{ledger}/reports/balance-sheet`

use std::sync::Arc;

use event_schemas::{AssetCode, EffectiveAt, LedgerId, Position};
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};
use projections::{
    reports::{Shape, balance_sheet},
    views::balances::Of,
};

use super::page::Depth;
use crate::{
    caller::Caller,
    engine::Engine,
    keys::scope::Read,
    tags::Tag,
    views::{
        ground::{Ground, Terms},
        question::Question,
        reports::{BalanceSheetView, Said},
        tagged::Tagged,
        too_large::too_large,
    },
    wire::{Wire, moment::Moment},
};

pub struct Route(pub Arc<Engine>);

#[OpenApi]
impl Route {
    /// Read the balance sheet
    ///
    /// Assets, liabilities and equity at one moment. Income and expenses that were not closed into an equity account are shown as
    /// `earnings`, a part of equity, so that in each currency assets equal liabilities and equity.
    #[oai(
        path = "/v1/ledgers/:ledger/reports/balance-sheet",
        method = "get",
        operation_id = "get_balance_sheet",
        tag = "Tag::Reports"
    )]
    #[allow(clippy::too_many_arguments, reason = "each is a parameter of the route")]
    async fn get(
        &self,
        caller: Caller<Read>,
        ledger: Path<Wire<LedgerId>>,
        /// Entries in effect by then: an instant, or a date, of which the whole day counts in the ledger's time zone.
        at: Query<Option<Wire<EffectiveAt>>>,
        /// What was recorded by then: a position, an instant, or a date (the whole day).
        known_at: Query<Option<Wire<Moment>>>,
        /// Wait until the view has read this record.
        min_position: Query<Option<Wire<Position>>>,
        /// Show accounts no deeper than so many names; what is below is in the sums.
        depth: Query<Option<Depth>>,
        /// Also value everything in this currency, by the newest rates in effect at the end and known by then.
        valued_in: Query<Option<Wire<AssetCode>>>,
    ) -> poem::Result<Tagged<BalanceSheetView>> {
        let question = Question::of(&self.0, &caller, ledger.0).await?;
        let at = at.0.map(|at| question.end_of(at.0));
        let terms = Terms { known_at: known_at.0, min_position: min_position.0, valued_in: valued_in.0 };
        let ground = Ground::of(&self.0, &question, terms, &Of::All, [at]).await?;
        let shape = Shape { depth: depth.0.map(|depth| depth.0), valuation: ground.valuation.as_ref() };
        let report = balance_sheet(&ground.balances[0], shape).map_err(too_large)?;
        let said = Said::of(&ground);
        Ok(Tagged(ground.tag, BalanceSheetView::new(at.map(|at| at.to_string()), said, &report)))
    }
}
