//! `POST /v1/ledgers/{ledger}/budgets/{budget}/drop`

use std::sync::Arc;

use event_schemas::{BudgetId, Key, LedgerId};
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
        budget::{BudgetChanged, BudgetEnd},
    },
};

pub struct Route(pub Arc<Engine>);

#[OpenApi]
impl Route {
    /// Drop a budget
    ///
    /// From a day on: what was planned for the time before it stays. Its id may be given again.
    #[oai(
        path = "/v1/ledgers/:ledger/budgets/:budget/drop",
        method = "post",
        operation_id = "drop_budget",
        tag = "Tag::Budgets"
    )]
    async fn end(
        &self,
        caller: Caller<AccountsWrite>,
        ledger: Path<Wire<LedgerId>>,
        budget: Path<Wire<BudgetId>>,
        /// Answer what would happen, and record nothing.
        #[oai(default)]
        dry_run: Query<bool>,
        /// Makes a repeat safe: the same key with the same body is answered the same.
        #[oai(name = "Idempotency-Key")]
        key: Header<Option<Wire<Key>>>,
        body: Fast<BudgetEnd>,
    ) -> poem::Result<Answer<BudgetChanged>> {
        let ledger = caller.granted(ledger.0.0)?;
        let request = Request { ledger, key: engine::key(key.0, None)?, dry_run: dry_run.0 };
        self.0.carry_out(&caller, request, body.0.into_command(budget.0.0)).await
    }
}
