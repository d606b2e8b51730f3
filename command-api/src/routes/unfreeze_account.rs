//! `POST /v1/ledgers/{ledger}/accounts/{account}/unfreeze`

use std::sync::Arc;

use event_schemas::{AccountPath, Key, LedgerId};
use ledger_core::AccountRef;
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
        account::Reason,
        answer::{AccountChanged, Answer},
    },
};

pub struct Route(pub Arc<Engine>);

#[OpenApi]
impl Route {
    /// Unfreeze an account
    #[oai(
        path = "/v1/ledgers/:ledger/accounts/:account/unfreeze",
        method = "post",
        operation_id = "unfreeze_account",
        tag = "Tag::Accounts"
    )]
    async fn unfreeze(
        &self,
        caller: Caller<AccountsWrite>,
        ledger: Path<Wire<LedgerId>>,
        /// The account's path, or one that it had before it was renamed.
        account: Path<Wire<AccountPath>>,
        /// Answer what would happen, and record nothing.
        #[oai(default)]
        dry_run: Query<bool>,
        /// Makes a repeat safe: the same key with the same body is answered the same.
        #[oai(name = "Idempotency-Key")]
        key: Header<Option<Wire<Key>>>,
        body: Fast<Reason>,
    ) -> poem::Result<Answer<AccountChanged>> {
        let ledger = caller.granted(ledger.0.0)?;
        let request = Request { ledger, key: engine::key(key.0, None)?, dry_run: dry_run.0 };
        let command = body.0.into_unfreeze(AccountRef::Path(account.0.0));
        self.0.carry_out(&caller, request, command).await
    }
}
