//! `POST /v1/ledgers/{ledger}/accounts/{account}/rename`

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
        account::NewPath,
        answer::{AccountChanged, Answer},
    },
};

pub struct Route(pub Arc<Engine>);

#[OpenApi]
impl Route {
    /// Give an account another path
    ///
    /// The old path still finds it, and is never given to another.
    #[oai(
        path = "/v1/ledgers/:ledger/accounts/:account/rename",
        method = "post",
        operation_id = "rename_account",
        tag = "Tag::Accounts"
    )]
    async fn rename(
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
        body: Fast<NewPath>,
    ) -> poem::Result<Answer<AccountChanged>> {
        let ledger = caller.granted(ledger.0.0)?;
        let request = Request { ledger, key: engine::key(key.0, None)?, dry_run: dry_run.0 };
        let command = body.0.into_command(AccountRef::Path(account.0.0));
        self.0.carry_out(&caller, request, command).await
    }
}
