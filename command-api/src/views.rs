//! What callers read: ledgers, accounts and balances, from the books in memory or from the views.

pub mod account;
pub mod analytics;
pub mod audit;
pub mod balances;
pub mod budgets;
pub mod calendar;
pub mod every;
pub mod ground;
pub mod ledger;
pub mod question;
pub mod reports;
pub mod statement_cursor;
pub mod statements;
pub mod tagged;
pub mod too_large;
pub mod transaction;
pub mod valued;
