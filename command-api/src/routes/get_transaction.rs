//! `GET /v1/ledgers/{ledger}/transactions/{transaction}`

use std::sync::Arc;

use event_schemas::{Key, LedgerId, Position};
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};
use projections::views::transactions::{Transactions, find};

use crate::{
    caller::Caller,
    codes,
    engine::{Engine, view_failed},
    keys::scope::Read,
    problem::Problem,
    tags::Tag,
    views::{
        question::Question,
        tagged::Tagged,
        transaction::{TransactionAsOf, TransactionView},
    },
    wire::{Wire, moment::Moment},
};

pub struct Route(pub Arc<Engine>);

#[OpenApi]
impl Route {
    /// Read a transaction
    ///
    /// With its entries, what it reverses, and what has reversed it. Answered by a view, which is a moment behind the log: `as_of`
    /// says where it is.
    #[oai(
        path = "/v1/ledgers/:ledger/transactions/:transaction",
        method = "get",
        operation_id = "get_transaction",
        tag = "Tag::Views"
    )]
    async fn get(
        &self,
        caller: Caller<Read>,
        ledger: Path<Wire<LedgerId>>,
        /// The transaction's id: the key with which it was posted.
        transaction: Path<Wire<Key>>,
        /// What was recorded by then: a position, an instant, or a date (the whole day).
        known_at: Query<Option<Wire<Moment>>>,
        /// Wait until the view has read this record.
        min_position: Query<Option<Wire<Position>>>,
    ) -> poem::Result<Tagged<TransactionAsOf>> {
        let question = Question::of(&self.0, &caller, ledger.0).await?;
        let asked = question.ask(&[&Transactions::default()], known_at.0, min_position.0).await?;
        let (known_at, as_of, tag) = (asked.known_at, asked.as_of, asked.tag.clone());
        let id = transaction.0.0;
        let found = find(&asked.reader, &question.ledger, id.as_str(), known_at).await;
        let found = found.map_err(view_failed)?;
        asked.end().await?;
        let missing = || {
            let detail = format!("the ledger had no transaction {:?} then", id.as_str());
            Problem::new(&codes::TRANSACTION_NOT_FOUND).detail(detail)
        };
        let answer = TransactionAsOf {
            transaction: TransactionView::of(found.ok_or_else(missing)?, as_of.shard),
            known_at: Wire(question.position(known_at)),
            as_of: Wire(as_of),
        };
        Ok(Tagged(tag, answer))
    }
}
