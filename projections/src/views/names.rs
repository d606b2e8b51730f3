//! Ledgers by number and accounts by path, as a view may keep them beside its own tables.

use std::collections::HashMap;

use event_schemas::{AccountNumber, AccountPath, AccountType, Event, LedgerId, Record, Sealed, Sequence};
use tokio_postgres::Transaction;

use crate::{ViewError, builds::to_i64, error::Doing, rows::Rows, view::Poison};

/// Until for ever.
const OPEN: i64 = i64::MAX;

/// The ledgers' numbers (names/ledgers.sql).
#[derive(Default)]
pub struct Ledgers {
    /// `None`: not read yet.
    numbers: Option<HashMap<LedgerId, i32>>,
    opened: Vec<(i32, LedgerId, i64)>,
}

impl Ledgers {
    /// To be called before a batch.
    pub async fn load(&mut self, transaction: &Transaction<'_>) -> Result<(), ViewError> {
        if self.numbers.is_none() {
            let sql = "SELECT id, number FROM ledgers";
            let rows = transaction.query(sql, &[]).await.doing("read the ledgers")?;
            let ledger = |row: &tokio_postgres::Row| {
                (LedgerId::parse(row.get(0)).expect("written by this view"), row.get(1))
            };
            self.numbers = Some(rows.iter().map(ledger).collect());
        }
        Ok(())
    }

    /// The number of a record's ledger, which it may be the one to open.
    pub fn take(&mut self, record: &Record) -> Result<i32, ViewError> {
        let (id, sequence) = (&record.envelope.ledger, record.envelope.sequence);
        if let Event::LedgerOpened(_) = &record.event {
            return Ok(self.meet(id, sequence));
        }
        let number = self.numbers.as_ref().expect("loaded").get(id).copied();
        number.ok_or_else(|| poison(sequence, "its ledger was never opened"))
    }

    /// Gives a ledger its number: that of before, if it was met before.
    pub fn meet(&mut self, id: &LedgerId, sequence: Sequence) -> i32 {
        let numbers = self.numbers.as_mut().expect("loaded");
        if let Some(number) = numbers.get(id) {
            return *number;
        }
        let number = i32::try_from(numbers.len() + 1).expect("less than 2^31 ledgers");
        numbers.insert(id.clone(), number);
        self.opened.push((number, id.clone(), to_i64(sequence)));
        number
    }

    /// Writes those that were opened. To be called after a batch.
    pub async fn store(&mut self, transaction: &Transaction<'_>) -> Result<(), ViewError> {
        let mut rows = Rows::new("ledgers");
        for (number, id, since) in self.opened.drain(..) {
            rows.number(i64::from(number)).text(id.as_str()).number(since).end();
        }
        rows.store(transaction).await
    }
}

/// The ledgers, and what the batch at hand says of accounts' names (names/tables.sql beside names/ledgers.sql).
#[derive(Default)]
pub struct Names {
    pub ledgers: Ledgers,
    opened: Vec<(i32, AccountNumber, AccountType)>,
    /// Paths that the batch gave, with their beginning and end: the last one may be taken again by the same batch.
    paths: Vec<(i32, AccountNumber, i64, i64, AccountPath)>,
    newest: HashMap<(i32, AccountNumber), usize>,
    /// Paths of before that the batch took: ledger, account, position.
    taken: Vec<(i32, AccountNumber, i64)>,
}

impl Names {
    /// To be called before a batch.
    pub async fn load(&mut self, transaction: &Transaction<'_>) -> Result<(), ViewError> {
        self.ledgers.load(transaction).await
    }

    /// Takes in what a record says of names, and gives its ledger's number.
    pub fn take(&mut self, record: &Record) -> Result<i32, ViewError> {
        let sequence = record.envelope.sequence;
        let ledger = self.ledgers.take(record)?;
        match &record.event {
            Event::AccountOpened(opened) => {
                self.open(ledger, sequence, opened.account, &opened.path, opened.account_type)?;
            }
            Event::AccountRenamed(renamed) => {
                self.rename(ledger, sequence, renamed.account, &renamed.path)?
            }
            Event::TransactionPosted(posted) => {
                for opened in &posted.opened {
                    self.open(ledger, sequence, opened.account, &opened.path, opened.account_type)?;
                }
            }
            _ => {}
        }
        Ok(ledger)
    }

    fn open(
        &mut self,
        ledger: i32,
        sequence: Sequence,
        account: AccountNumber,
        path: &Sealed<AccountPath>,
        account_type: AccountType,
    ) -> Result<(), ViewError> {
        self.opened.push((ledger, account, account_type));
        self.give(ledger, sequence, account, path)
    }

    fn rename(
        &mut self,
        ledger: i32,
        sequence: Sequence,
        account: AccountNumber,
        path: &Sealed<AccountPath>,
    ) -> Result<(), ViewError> {
        match self.newest.get(&(ledger, account)) {
            Some(newest) => self.paths[*newest].3 = to_i64(sequence),
            None => self.taken.push((ledger, account, to_i64(sequence))),
        }
        self.give(ledger, sequence, account, path)
    }

    fn give(
        &mut self,
        ledger: i32,
        sequence: Sequence,
        account: AccountNumber,
        path: &Sealed<AccountPath>,
    ) -> Result<(), ViewError> {
        let path = path.plain().ok_or_else(|| poison(sequence, "its path is sealed, and there is no key"))?;
        self.newest.insert((ledger, account), self.paths.len());
        self.paths.push((ledger, account, to_i64(sequence), OPEN, path.clone()));
        Ok(())
    }

    /// Writes what the batch said. To be called after it.
    pub async fn store(&mut self, transaction: &Transaction<'_>) -> Result<(), ViewError> {
        let mut accounts = Rows::new("accounts");
        for (ledger, account, account_type) in self.opened.drain(..) {
            let account_type = account_type.as_str();
            accounts.number(i64::from(ledger)).number(i64::from(account.0)).text(account_type).end();
        }
        self.ledgers.store(transaction).await?;
        accounts.store(transaction).await?;
        for (ledger, account, position) in self.taken.drain(..) {
            let sql = "UPDATE paths SET until = $3 WHERE ledger = $1 AND account = $2 AND until = $4";
            transaction
                .execute(sql, &[&ledger, &i64::from(account.0), &position, &OPEN])
                .await
                .doing("end a path")?;
        }
        let mut paths = Rows::new("paths");
        for (ledger, account, since, until, path) in self.paths.drain(..) {
            paths.number(i64::from(ledger)).number(i64::from(account.0)).number(since).number(until);
            paths.text(path.as_str()).end();
        }
        self.newest.clear();
        paths.store(transaction).await
    }
}

fn poison(sequence: Sequence, reason: &str) -> ViewError {
    Poison { sequence, reason: reason.to_owned() }.into()
}
