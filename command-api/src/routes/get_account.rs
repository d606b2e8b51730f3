//! `GET /v1/ledgers/{ledger}/accounts/{account}`

use std::sync::Arc;

use event_schemas::{AccountPath, LedgerId};
use ledger_core::AccountRef;
use poem_openapi::{OpenApi, param::Path};

use crate::{
    caller::{Caller, ledger_not_found},
    codes,
    engine::Engine,
    fast::Fast,
    keys::scope::Read,
    problem::Problem,
    tags::Tag,
    views::account::{AccountAsOf, AccountView},
    wire::Wire,
};

pub struct Route(pub Arc<Engine>);

enum Seen {
    NoLedger,
    NoAccount,
    Account(Box<AccountAsOf>),
}

#[OpenApi]
impl Route {
    /// Read an account and its balances
    ///
    /// From memory, and durable: what is read here is in the log.
    #[oai(
        path = "/v1/ledgers/:ledger/accounts/:account",
        method = "get",
        operation_id = "get_account",
        tag = "Tag::Accounts"
    )]
    async fn get(
        &self,
        caller: Caller<Read>,
        ledger: Path<Wire<LedgerId>>,
        /// The account's path, or one that it had before it was renamed.
        account: Path<Wire<AccountPath>>,
    ) -> poem::Result<Fast<AccountAsOf>> {
        let ledger = caller.granted(ledger.0.0)?.into_id();
        let path = account.0.0;
        let (id, account) = (ledger.clone(), AccountRef::Path(path.clone()));
        let look = move |books: &ledger_core::Books, as_of| {
            let Some(ledger) = books.ledger(&id) else { return Seen::NoLedger };
            let Some((number, account)) = ledger.account(&account) else { return Seen::NoAccount };
            let account = AccountView::of(ledger, number, account);
            Seen::Account(Box::new(AccountAsOf { account, as_of: Wire(as_of) }))
        };
        match self.0.read(look).await? {
            Seen::Account(account) => Ok(Fast(*account)),
            Seen::NoLedger => Err(ledger_not_found(ledger.as_str()).into()),
            Seen::NoAccount => {
                let detail = format!("the ledger has no account {:?}", path.as_str());
                Err(Problem::new(&codes::ACCOUNT_NOT_FOUND).detail(detail).into())
            }
        }
    }
}
