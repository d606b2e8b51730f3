//! What callers read: ledgers, accounts and balances, from the books in memory.

pub mod account;
pub mod ledger;
