//! Every route there is. A new one: a file here, its line in `mod`, its line in the list.

use std::sync::Arc;

use poem_openapi::OpenApi;

use crate::{engine::Engine, stream::Streams};

mod analytics;
mod ask_together;
mod bulk;
mod cash_flow;
mod change_budget;
mod close_account;
mod compare;
mod drop_budget;
mod freeze_account;
mod get_account;
mod get_balance_sheet;
mod get_balances;
mod get_budget;
mod get_event;
mod get_general_ledger;
mod get_income_statement;
mod get_ledger;
mod get_statement;
mod get_transaction;
mod get_trial_balance;
mod income_expense;
mod list_accounts;
mod list_audit;
mod list_budgets;
mod list_events;
mod list_ledgers;
mod list_views;
mod net_worth;
mod open_account;
mod open_ledger;
mod page;
mod post_transaction;
mod record_rate;
mod register_asset;
mod rename_account;
mod reverse_transaction;
mod search_transactions;
mod set_budget;
mod set_limits;
mod stream;
mod unfreeze_account;

/// All routes that need the engine.
pub fn all(engine: &Arc<Engine>, streams: &Arc<Streams>) -> impl OpenApi + use<> {
    let of = || Arc::clone(engine);
    let ledgers = (open_ledger::Route(of()), list_ledgers::Route(of()), get_ledger::Route(of()));
    let accounts = (
        open_account::Route(of()),
        list_accounts::Route(of()),
        get_account::Route(of()),
        rename_account::Route(of()),
        freeze_account::Route(of()),
        unfreeze_account::Route(of()),
        close_account::Route(of()),
        set_limits::Route(of()),
        register_asset::Route(of()),
        record_rate::Route(of()),
    );
    let budgets = (set_budget::Route(of()), change_budget::Route(of()), drop_budget::Route(of()));
    let transactions = (post_transaction::Route(of()), reverse_transaction::Route(of()), bulk::Route(of()));
    let stream = stream::Route(of(), Arc::clone(streams));
    let events = (list_events::Route(of()), get_event::Route(of()), stream);
    let views =
        (askable(engine), ask_together::Route::new(engine), list_audit::Route(of()), list_views::Route(of()));
    (ledgers, accounts, budgets, transactions, events, views)
}

/// Those that take `known_at`: several can be asked at one position.
fn askable(engine: &Arc<Engine>) -> impl OpenApi + use<> {
    let of = || Arc::clone(engine);
    let budgets = (list_budgets::Route(of()), get_budget::Route(of()));
    let analytics =
        (income_expense::Route(of()), cash_flow::Route(of()), net_worth::Route(of()), compare::Route(of()));
    let transactions = (search_transactions::Route(of()), get_transaction::Route(of()));
    let reports = (
        get_trial_balance::Route(of()),
        get_balance_sheet::Route(of()),
        get_income_statement::Route(of()),
        get_general_ledger::Route(of()),
        get_statement::Route(of()),
    );
    (get_balances::Route(of()), transactions, budgets, analytics, reports)
}
