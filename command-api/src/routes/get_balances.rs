//! `GET /v1/ledgers/{ledger}/balances`

use std::sync::Arc;

use event_schemas::{AccountPath, AssetCode, EffectiveAt, LedgerId, Position};
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};

use crate::{
    caller::Caller,
    engine::Engine,
    keys::scope::Read,
    tags::Tag,
    views::{
        balances::{BalanceAt, BalancesAt, totals, value},
        ground::{Ground, Terms, whose},
        question::Question,
        tagged::Tagged,
        too_large::too_large,
    },
    wire::{Wire, moment::Moment},
};

pub struct Route(pub Arc<Engine>);

#[OpenApi]
impl Route {
    /// Read balances at any time, as known at any time
    ///
    /// Of the whole ledger, of accounts, or of one account and all below it. Answered by a view, which is a moment behind the
    /// log: `as_of` says where it is, and `min_position` (of a command's answer) waits for it, two seconds at most.
    #[oai(
        path = "/v1/ledgers/:ledger/balances",
        method = "get",
        operation_id = "get_balances",
        tag = "Tag::Views"
    )]
    #[allow(clippy::too_many_arguments, reason = "each is a parameter of the route")]
    async fn get(
        &self,
        caller: Caller<Read>,
        ledger: Path<Wire<LedgerId>>,
        /// These accounts: may be said up to 100 times. A path of before a renaming is understood.
        #[oai(default)]
        account: Query<Vec<Wire<AccountPath>>>,
        /// This account and all below it.
        below: Query<Option<Wire<AccountPath>>>,
        /// Entries in effect by then: an instant, or a date, of which the whole day counts in the ledger's time zone.
        at: Query<Option<Wire<EffectiveAt>>>,
        /// What was recorded by then: a position, an instant, or a date (the whole day).
        known_at: Query<Option<Wire<Moment>>>,
        /// Wait until the view has read this record.
        min_position: Query<Option<Wire<Position>>>,
        /// Also value them in this currency, by the newest rates in effect by `at` and known by `known_at`. What has none is told.
        valued_in: Query<Option<Wire<AssetCode>>>,
    ) -> poem::Result<Tagged<BalancesAt>> {
        let of = whose(account.0, below.0)?;
        let question = Question::of(&self.0, &caller, ledger.0).await?;
        let at = at.0.map(|at| question.end_of(at.0));
        let terms = Terms { known_at: known_at.0, min_position: min_position.0, valued_in: valued_in.0 };
        let ground = Ground::of(&self.0, &question, terms, &of, [at]).await?;
        let (balances, valuation) = (&ground.balances[0], ground.valuation.as_ref());
        let told: Result<Vec<BalanceAt>, _> =
            balances.iter().map(|balance| BalanceAt::of(balance, valuation)).collect();
        let value = valuation.map(|valuation| value(balances, valuation));
        let answer = BalancesAt {
            at: at.map(|at| at.to_string()),
            known_at: Wire(ground.known_at),
            as_of: Wire(ground.as_of),
            totals: totals(balances).map_err(too_large)?,
            balances: told.map_err(too_large)?,
            value: value.transpose().map_err(too_large)?,
        };
        Ok(Tagged(ground.tag, answer))
    }
}
