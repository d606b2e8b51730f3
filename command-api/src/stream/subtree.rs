//! A part of the chart of accounts, kept as the accounts' numbers: entries may not show paths, and accounts are renamed.

use std::collections::HashSet;

use event_schemas::{AccountNumber, AccountPath, Event, Record, events::entries::Entry};
use ledger_core::Ledger;

/// The accounts at a path and below it: those that are there when the stream begins, and those that get there meanwhile.
#[derive(Debug)]
pub struct Subtree {
    root: AccountPath,
    numbers: HashSet<AccountNumber>,
}

impl Subtree {
    pub fn of(ledger: &Ledger, root: AccountPath) -> Self {
        let accounts = ledger.accounts().iter().zip(0..);
        let within = accounts.filter(|(account, _)| is_within(&account.path, &root));
        let numbers = within.map(|(_, number)| AccountNumber(number)).collect();
        Self { root, numbers }
    }

    pub fn holds(&self, entry: &Entry) -> bool {
        self.numbers.contains(&entry.account)
    }

    /// Whether a record is about one of these accounts. To be asked of each record in turn: it may bring one in, or take one away.
    pub fn touched_by(&mut self, record: &Record) -> bool {
        match &record.event {
            Event::TransactionPosted(posted) => {
                for opened in &posted.opened {
                    self.note(opened.account, opened.path.plain());
                }
                posted.entries.iter().any(|entry| self.holds(entry))
            }
            Event::TransactionReversed(reversed) => reversed.entries.iter().any(|entry| self.holds(entry)),
            Event::AccountOpened(opened) => self.note(opened.account, opened.path.plain()),
            Event::AccountRenamed(renamed) => {
                let was_within = self.numbers.remove(&renamed.account);
                self.note(renamed.account, renamed.path.plain()) || was_within
            }
            Event::AccountFrozen(event) => self.numbers.contains(&event.account),
            Event::AccountUnfrozen(event) => self.numbers.contains(&event.account),
            Event::AccountClosed(event) => self.numbers.contains(&event.account),
            Event::LimitsSet(event) => self.numbers.contains(&event.account),
            Event::LedgerOpened(_)
            | Event::AssetRegistered(_)
            | Event::RateRecorded(_)
            | Event::BudgetSet(_)
            | Event::BudgetChanged(_)
            | Event::BudgetDropped(_)
            | Event::CommandRefused(_) => false,
        }
    }

    fn note(&mut self, account: AccountNumber, path: Option<&AccountPath>) -> bool {
        if path.is_some_and(|path| is_within(path, &self.root)) {
            self.numbers.insert(account);
        }
        self.numbers.contains(&account)
    }
}

fn is_within(path: &AccountPath, root: &AccountPath) -> bool {
    let rest = path.as_str().strip_prefix(root.as_str());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_within_itself_and_what_it_begins_with() {
        let path = |text| AccountPath::parse(text).unwrap();
        for (inner, root, expected) in [
            ("assets:bank", "assets:bank", true),
            ("assets:bank:savings", "assets:bank", true),
            ("assets:bank:savings", "assets", true),
            ("assets:banker", "assets:bank", false),
            ("assets", "assets:bank", false),
        ] {
            assert_eq!(is_within(&path(inner), &path(root)), expected, "{inner} in {root}");
        }
    }
}
