//! `GET /v1/ledgers/{ledger}/accounts`

use std::sync::Arc;

use event_schemas::{AccountNumber, LedgerId};
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};

use super::page::{After, Limit};
use crate::{
    caller::{Caller, ledger_not_found},
    engine::Engine,
    fast::Fast,
    keys::scope::Read,
    tags::Tag,
    views::account::{AccountView, AccountsPage},
    wire::Wire,
};

pub struct Route(pub Arc<Engine>);

#[OpenApi]
impl Route {
    /// List accounts with their balances
    ///
    /// From memory, and durable: what is read here is in the log.
    #[oai(
        path = "/v1/ledgers/:ledger/accounts",
        method = "get",
        operation_id = "list_accounts",
        tag = "Tag::Accounts"
    )]
    async fn list(
        &self,
        caller: Caller<Read>,
        ledger: Path<Wire<LedgerId>>,
        /// The `next` of the page before.
        after: Query<Option<Wire<After>>>,
        #[oai(default = "Limit::usual")] limit: Query<Limit>,
    ) -> poem::Result<Fast<AccountsPage>> {
        let ledger = caller.granted(ledger.0.0)?.into_id();
        let start = after.0.map_or(0, |after| after.0.0.saturating_add(1));
        let (id, limit) = (ledger.clone(), limit.0.0);
        let look = move |books: &ledger_core::Books, as_of| {
            let ledger = books.ledger(&id)?;
            let all = ledger.accounts().len();
            let accounts = ledger.accounts().iter().zip(0..).skip(start as usize).take(limit);
            let accounts: Vec<_> = accounts
                .map(|(account, number)| AccountView::of(ledger, AccountNumber(number), account))
                .collect();
            let next = accounts.last().filter(|last| (last.number as usize) + 1 < all);
            let next = next.map(|last| last.number.to_string());
            Some(AccountsPage { accounts, next, as_of: Wire(as_of) })
        };
        Ok(Fast(self.0.read(look).await?.ok_or_else(|| ledger_not_found(ledger.as_str()))?))
    }
}
