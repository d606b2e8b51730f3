//! `POST /v1/ledgers/{ledger}/transactions`

use std::sync::Arc;

use event_schemas::{Key, LedgerId};
use poem_openapi::{
    OpenApi,
    param::{Header, Path, Query},
};

use crate::{
    caller::Caller,
    engine::{self, Engine, Request},
    fast::Fast,
    keys::scope::TransactionsWrite,
    tags::Tag,
    wire::{
        Wire,
        answer::{Answer, Posted},
        transaction::Transaction,
    },
};

pub struct Route(pub Arc<Engine>);

#[OpenApi]
impl Route {
    /// Post a transaction
    ///
    /// Answered when it is durable, with the balances after it of every account touched.
    #[oai(
        path = "/v1/ledgers/:ledger/transactions",
        method = "post",
        operation_id = "post_transaction",
        tag = "Tag::Transactions"
    )]
    async fn post(
        &self,
        caller: Caller<TransactionsWrite>,
        ledger: Path<Wire<LedgerId>>,
        /// Answer what would happen, and record nothing.
        #[oai(default)]
        dry_run: Query<bool>,
        /// Makes a repeat safe: the same key with the same body is answered the same. Also the transaction's id.
        #[oai(name = "Idempotency-Key")]
        key: Header<Option<Wire<Key>>>,
        body: Fast<Transaction>,
    ) -> poem::Result<Answer<Posted>> {
        let ledger = caller.granted(ledger.0.0)?;
        let (id, command) = body.0.into_command();
        let request = Request { ledger, key: engine::key(key.0, id)?, dry_run: dry_run.0 };
        self.0.carry_out(&caller, request, command).await
    }
}
