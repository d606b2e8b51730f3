//! `POST /v1/ledgers/{ledger}/rates`

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
    keys::scope::AccountsWrite,
    tags::Tag,
    wire::{
        Wire,
        answer::{Answer, RateRecorded},
        rate::NewRate,
    },
};

pub struct Route(pub Arc<Engine>);

#[OpenApi]
impl Route {
    /// Record an exchange rate
    ///
    /// Balances are valued in another currency by the rates that were recorded. Of two rates for the same time the later
    /// recorded one counts.
    #[oai(
        path = "/v1/ledgers/:ledger/rates",
        method = "post",
        operation_id = "record_rate",
        tag = "Tag::Accounts"
    )]
    async fn record(
        &self,
        caller: Caller<AccountsWrite>,
        ledger: Path<Wire<LedgerId>>,
        /// Answer what would happen, and record nothing.
        #[oai(default)]
        dry_run: Query<bool>,
        /// Makes a repeat safe: the same key with the same body is answered the same.
        #[oai(name = "Idempotency-Key")]
        key: Header<Option<Wire<Key>>>,
        body: Fast<NewRate>,
    ) -> poem::Result<Answer<RateRecorded>> {
        let ledger = caller.granted(ledger.0.0)?;
        let request = Request { ledger, key: engine::key(key.0, None)?, dry_run: dry_run.0 };
        self.0.carry_out(&caller, request, body.0.into_command()).await
    }
}
