//! `GET /v1/ledgers/{ledger}`

use std::sync::Arc;

use event_schemas::LedgerId;
use poem_openapi::{OpenApi, param::Path};

use crate::{
    caller::{Caller, ledger_not_found},
    engine::Engine,
    fast::Fast,
    keys::scope::Read,
    tags::Tag,
    views::ledger::LedgerView,
    wire::Wire,
};

pub struct Route(pub Arc<Engine>);

#[OpenApi]
impl Route {
    /// Read a ledger's policies
    #[oai(path = "/v1/ledgers/:ledger", method = "get", operation_id = "get_ledger", tag = "Tag::Ledgers")]
    async fn get(
        &self,
        caller: Caller<Read>,
        ledger: Path<Wire<LedgerId>>,
    ) -> poem::Result<Fast<LedgerView>> {
        let ledger = caller.granted(ledger.0.0)?.into_id();
        let id = ledger.clone();
        let view = self.0.read(move |books, _| books.ledger(&id).map(LedgerView::of)).await?;
        Ok(Fast(view.ok_or_else(|| ledger_not_found(ledger.as_str()))?))
    }
}
