//! Taking changes back: `evolve` notes what stood there before, `undo` puts it back, newest first.
//!
//! A batch that Postgres did not store, an atomic batch with a refused item and a dry run all end this way.

use event_schemas::{AccountNumber, AccountPath, BudgetId, Period, Sequence};

use crate::limits::Limits;
use crate::state::{Balance, Books, Status, index};

/// Where `evolve` notes what it overwrites.
pub trait Journal {
    fn note(&mut self, undo: Undo);
}

/// For replays, which are never taken back.
#[derive(Debug)]
pub struct NoUndo;

/// One former value. The first field is the ledger's place in the shard.
#[derive(Debug)]
pub enum Undo {
    LedgerOpened,
    AccountOpened(u32),
    AssetRegistered(u32),
    ChangedAt(u32, Sequence),
    /// The account's count of entries, and one balance: its slot and what it held (`None`: nothing yet).
    Posted(u32, AccountNumber, u64, usize, Option<Balance>),
    StatusSet(u32, AccountNumber, Status),
    Renamed(u32, AccountNumber, AccountPath, FormerPath),
    LimitsSet(u32, AccountNumber, Option<Box<Vec<Limits>>>),
    Reversed(u32, Sequence),
    /// `None`: there was no such budget.
    Budget(u32, BudgetId, Option<Period>),
}

/// What a rename did to the list of former paths.
#[derive(Debug)]
pub enum FormerPath {
    /// The account took back a path that it once had.
    TakenBack(AccountPath),
    Fresh,
}

impl Journal for NoUndo {
    #[inline]
    fn note(&mut self, _: Undo) {}
}

impl Journal for Vec<Undo> {
    #[inline]
    fn note(&mut self, undo: Undo) {
        self.push(undo);
    }
}

/// Puts back everything noted after the first `mark` notes.
pub fn undo(books: &mut Books, notes: &mut Vec<Undo>, mark: usize) {
    assert!(mark <= notes.len());
    while notes.len() > mark {
        put_back(books, notes.pop().expect("longer than the mark"));
    }
}

fn put_back(books: &mut Books, note: Undo) {
    match note {
        Undo::LedgerOpened => books.pop(),
        Undo::AccountOpened(ledger) => books.at_mut(ledger).pop_account(),
        Undo::AssetRegistered(ledger) => books.at_mut(ledger).assets.pop(),
        Undo::ChangedAt(ledger, before) => books.at_mut(ledger).changed_at = before,
        Undo::Posted(ledger, number, entries, slot, before) => {
            let account = &mut books.at_mut(ledger).accounts[index(number)];
            account.entries = entries;
            match before {
                Some(balance) => account.balances[slot] = balance,
                None => {
                    account.balances.pop();
                    assert_eq!(account.balances.len(), slot);
                }
            }
        }
        Undo::StatusSet(ledger, number, before) => {
            books.at_mut(ledger).accounts[index(number)].status = before
        }
        Undo::Renamed(ledger, number, before, former) => {
            let ledger = books.at_mut(ledger);
            ledger.former_paths.remove(&before);
            ledger.replace_path(number, before);
            if let FormerPath::TakenBack(path) = former {
                ledger.former_paths.insert(path, number);
            }
        }
        Undo::LimitsSet(ledger, number, before) => {
            books.at_mut(ledger).accounts[index(number)].limits = before
        }
        Undo::Reversed(ledger, original) => {
            books.at_mut(ledger).reversed.remove(&original);
        }
        Undo::Budget(ledger, budget, before) => {
            let budgets = &mut books.at_mut(ledger).budgets;
            match before {
                Some(period) => budgets.insert(budget, period),
                None => budgets.remove(&budget),
            };
        }
    }
}
