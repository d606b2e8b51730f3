//! What a record does to the books. The only way in which they change.

use event_schemas::{Event, Record};

use crate::commands::{
    change_budget, close_account, drop_budget, freeze_account, open_account, open_ledger, post_transaction,
    register_asset, rename_account, reverse_transaction, set_budget, set_limits, unfreeze_account,
};
use crate::state::Books;
use crate::undo::{Journal, Undo};

/// Applies a record. Panics on one that the rules would not have let through (a damaged log, a bug): better to stop than to go on wrong.
pub fn evolve(books: &mut Books, record: &Record, journal: &mut impl Journal) {
    let envelope = &record.envelope;
    match &record.event {
        Event::LedgerOpened(event) => return open_ledger::evolve(books, envelope, event, journal),
        // It changes nothing, and its ledger need not be there: its very opening may be what was refused.
        Event::CommandRefused(_) => return,
        _ => {}
    }
    let place = books.place(&envelope.ledger).expect("a record's ledger is open");
    let ledger = books.at_mut(place);
    match &record.event {
        Event::LedgerOpened(_) | Event::CommandRefused(_) => unreachable!("handled above"),
        Event::AccountOpened(event) => open_account::evolve(ledger, place, event, journal),
        Event::AccountRenamed(event) => rename_account::evolve(ledger, place, event, journal),
        Event::AccountFrozen(event) => freeze_account::evolve(ledger, place, event, journal),
        Event::AccountUnfrozen(event) => unfreeze_account::evolve(ledger, place, event, journal),
        Event::AccountClosed(event) => close_account::evolve(ledger, place, event, journal),
        Event::LimitsSet(event) => set_limits::evolve(ledger, place, event, journal),
        Event::AssetRegistered(event) => register_asset::evolve(ledger, place, event, journal),
        // The books hold no rates: see `record_rate`.
        Event::RateRecorded(_) => {}
        Event::BudgetSet(event) => set_budget::evolve(ledger, place, event, journal),
        Event::BudgetChanged(event) => change_budget::evolve(ledger, place, event, journal),
        Event::BudgetDropped(event) => drop_budget::evolve(ledger, place, event, journal),
        Event::TransactionPosted(event) => post_transaction::evolve(ledger, place, event, journal),
        Event::TransactionReversed(event) => {
            reverse_transaction::evolve(ledger, place, envelope, event, journal)
        }
    }
    journal.note(Undo::ChangedAt(place, ledger.changed_at));
    ledger.changed_at = envelope.sequence;
}
