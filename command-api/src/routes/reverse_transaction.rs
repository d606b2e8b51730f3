//! `POST /v1/ledgers/{ledger}/transactions/{transaction}/reverse`

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
        reversal::Reversal,
    },
};

pub struct Route(pub Arc<Engine>);

#[OpenApi]
impl Route {
    /// Reverse a transaction, whole and once
    #[oai(
        path = "/v1/ledgers/:ledger/transactions/:transaction/reverse",
        method = "post",
        operation_id = "reverse_transaction",
        tag = "Tag::Transactions"
    )]
    async fn reverse(
        &self,
        caller: Caller<TransactionsWrite>,
        ledger: Path<Wire<LedgerId>>,
        /// The transaction's id: the key with which it was posted.
        transaction: Path<Wire<Key>>,
        /// Answer what would happen, and record nothing.
        #[oai(default)]
        dry_run: Query<bool>,
        /// Makes a repeat safe: the same key with the same body is answered the same. Also the reversal's id.
        #[oai(name = "Idempotency-Key")]
        key: Header<Option<Wire<Key>>>,
        body: Fast<Reversal>,
    ) -> poem::Result<Answer<Posted>> {
        let ledger = caller.granted(ledger.0.0)?;
        let (id, command) = body.0.into_command(transaction.0.0);
        let request = Request { ledger, key: engine::key(key.0, id)?, dry_run: dry_run.0 };
        self.0.carry_out(&caller, request, command).await
    }
}
