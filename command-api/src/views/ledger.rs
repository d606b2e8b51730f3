//! A ledger, as its readers see it.

use event_schemas::{LedgerId, Position};
use ledger_core::Ledger;
use poem_openapi::Object;
use serde::Serialize;

use crate::wire::{
    Wire,
    ledger::{Accounts, Paths},
};

/// A set of books.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(rename = "Ledger")]
pub struct LedgerView {
    pub id: Wire<LedgerId>,
    pub time_zone: String,
    pub accounts: Accounts,
    pub paths: Paths,
    /// How many accounts it has.
    pub accounts_count: u32,
}

/// The ledgers that the key was granted, in the order in which they were opened.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct LedgersPage {
    pub ledgers: Vec<LedgerView>,
    /// To be sent as `after`, for the next page. Absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// What was read is the state after this record.
    pub as_of: Wire<Position>,
}

impl LedgerView {
    pub fn of(ledger: &Ledger) -> Self {
        Self {
            id: Wire(ledger.id.clone()),
            time_zone: ledger.time_zone.name().to_owned(),
            accounts: ledger.accounts_policy.into(),
            paths: ledger.paths_policy.into(),
            accounts_count: u32::try_from(ledger.accounts().len()).expect("numbers are u32"),
        }
    }
}
