//! `GET /v1/ledgers`

use std::sync::Arc;

use poem_openapi::{OpenApi, param::Query};

use super::page::{After, Limit};
use crate::{
    caller::Caller,
    engine::Engine,
    fast::Fast,
    keys::scope::Read,
    tags::Tag,
    views::ledger::{LedgerView, LedgersPage},
    wire::Wire,
};

pub struct Route(pub Arc<Engine>);

#[OpenApi]
impl Route {
    /// List the ledgers that the key was granted
    #[oai(path = "/v1/ledgers", method = "get", operation_id = "list_ledgers", tag = "Tag::Ledgers")]
    async fn list(
        &self,
        caller: Caller<Read>,
        /// The `next` of the page before.
        after: Query<Option<Wire<After>>>,
        #[oai(default = "Limit::usual")] limit: Query<Limit>,
    ) -> poem::Result<Fast<LedgersPage>> {
        let (start, limit) = (after.0.map_or(0, |after| after.0.0 as usize + 1), limit.0.0);
        let key = Arc::clone(&caller.key);
        let look = move |books: &ledger_core::Books, as_of| {
            let granted = books.ledgers().iter().enumerate().skip(start);
            let mut granted = granted.filter(|(_, ledger)| key.ledgers.covers(ledger.id.as_str()));
            let page: Vec<_> = granted.by_ref().take(limit).collect();
            let next = page.last().filter(|_| granted.next().is_some()).map(|(place, _)| place.to_string());
            let ledgers = page.into_iter().map(|(_, ledger)| LedgerView::of(ledger)).collect();
            LedgersPage { ledgers, next, as_of: Wire(as_of) }
        };
        Ok(Fast(self.0.read(look).await?))
    }
}
