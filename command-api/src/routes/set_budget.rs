//! `POST /v1/ledgers/{ledger}/budgets`

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
        answer::Answer,
        budget::{BudgetChanged, NewBudget},
    },
};

pub struct Route(pub Arc<Engine>);

#[OpenApi]
impl Route {
    /// Set a budget
    ///
    /// So much is planned for each period of the calendar. A budget moves no money and forbids nothing.
    #[oai(
        path = "/v1/ledgers/:ledger/budgets",
        method = "post",
        operation_id = "set_budget",
        tag = "Tag::Budgets"
    )]
    async fn set(
        &self,
        caller: Caller<AccountsWrite>,
        ledger: Path<Wire<LedgerId>>,
        /// Answer what would happen, and record nothing.
        #[oai(default)]
        dry_run: Query<bool>,
        /// Makes a repeat safe: the same key with the same body is answered the same.
        #[oai(name = "Idempotency-Key")]
        key: Header<Option<Wire<Key>>>,
        body: Fast<NewBudget>,
    ) -> poem::Result<Answer<BudgetChanged>> {
        let ledger = caller.granted(ledger.0.0)?;
        let request = Request { ledger, key: engine::key(key.0, None)?, dry_run: dry_run.0 };
        self.0.carry_out(&caller, request, body.0.into_command()).await
    }
}
