//! `POST /v1/ledgers`

use std::sync::Arc;

use event_schemas::Key;
use poem_openapi::{
    OpenApi,
    param::{Header, Query},
};

use crate::{
    caller::Caller,
    engine::{self, Engine, Request},
    fast::Fast,
    keys::scope::LedgersWrite,
    tags::Tag,
    wire::{
        Wire,
        answer::{Answer, LedgerOpened},
        ledger::NewLedger,
    },
};

pub struct Route(pub Arc<Engine>);

#[OpenApi]
impl Route {
    /// Open a ledger
    #[oai(path = "/v1/ledgers", method = "post", operation_id = "open_ledger", tag = "Tag::Ledgers")]
    async fn open(
        &self,
        caller: Caller<LedgersWrite>,
        /// Answer what would happen, and record nothing.
        #[oai(default)]
        dry_run: Query<bool>,
        /// Makes a repeat safe: the same key with the same body is answered the same.
        #[oai(name = "Idempotency-Key")]
        key: Header<Option<Wire<Key>>>,
        body: Fast<NewLedger>,
    ) -> poem::Result<Answer<LedgerOpened>> {
        let (ledger, command) = body.0.into_command();
        let key = engine::key(key.0, None)?;
        let request = Request { ledger: caller.granted(ledger)?, key, dry_run: dry_run.0 };
        self.0.carry_out(&caller, request, command).await
    }
}
