//! The chapters of the API's documentation.

use poem_openapi::Tags;

#[derive(Tags)]
pub enum Tag {
    /// Sets of books.
    Ledgers,
    /// Where money is, and how it may move there; assets of a ledger's own.
    Accounts,
    /// Money that moves.
    Transactions,
    /// What is planned for each period, and what came of it.
    Budgets,
    /// What the books say, at any time and as known at any time.
    Views,
    /// Where money comes from and goes, and what there is.
    Analytics,
    /// The reports of bookkeeping, made from the views.
    Reports,
    /// The log: what happened, as it was recorded.
    Events,
    /// Health, metrics.
    Operations,
}
