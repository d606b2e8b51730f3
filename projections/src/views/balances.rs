//! Balances on two time axes: of an account, a list or a subtree, as of any effective time, as known at any position.
//!
//! An entry that is no earlier in effect than all before it joins its account's *chain*, which carries a running total; then
//! "in effect by `at` and known at `p`" is the earlier of two rows found by index. An entry that comes late goes into a radix tree
//! over effective time instead, whose buckets carry running totals too: at most 120 look-ups. So a late entry costs the
//! logarithm of the past, and nothing is ever rewritten.

mod ask;
pub(crate) mod fold;
pub mod series;
pub(crate) mod slots;

use std::collections::HashMap;

use async_trait::async_trait;
use event_schemas::{
    AccountNumber, AccountPath, AccountType, Contract, Event, LedgerId, Record, Sealed, Sequence,
    events::{AccountOpened, AccountRenamed, LedgerOpened, TransactionPosted, TransactionReversed},
};
use tokio_postgres::Transaction;

pub use ask::{Account, Ask, Balance, Balances as Answer, Of, ask};
pub(crate) use ask::{accounts, ledger};
pub use fold::Totals;
use fold::{Chains, movements};

use crate::{
    ViewError,
    builds::to_i64,
    error::Doing,
    rows::Rows,
    view::{Poison, View},
};

/// Until for ever.
const OPEN: i64 = i64::MAX;

/// The view.
#[derive(Default)]
pub struct Balances {
    ledgers: Option<HashMap<LedgerId, i32>>,
    chains: Chains,
}

#[async_trait]
impl View for Balances {
    fn name(&self) -> &'static str {
        "balances"
    }

    fn version(&self) -> u16 {
        1
    }

    fn consumes(&self) -> &'static [&'static str] {
        &[
            LedgerOpened::NAME,
            AccountOpened::NAME,
            AccountRenamed::NAME,
            TransactionPosted::NAME,
            TransactionReversed::NAME,
        ]
    }

    fn tables(&self) -> &'static str {
        concat!(include_str!("balances/tables.sql"), include_str!("balances/chains.sql"))
    }

    fn indexes(&self) -> &'static str {
        include_str!("balances/indexes.sql")
    }

    fn needs_indexes(&self) -> bool {
        self.chains.needs_indexes()
    }

    async fn apply(&mut self, transaction: &Transaction<'_>, records: &[Record]) -> Result<(), ViewError> {
        let mut ledgers = match self.ledgers.take() {
            Some(ledgers) => ledgers,
            None => load_ledgers(transaction).await?,
        };
        let mut books = Books::default();
        let mut moved = Vec::new();
        for record in records {
            let envelope = &record.envelope;
            // The sequence alone: one build is of one shard.
            let (sequence, position) = (envelope.sequence, to_i64(envelope.sequence));
            if let Event::LedgerOpened(_) = &record.event {
                let number = i32::try_from(ledgers.len() + 1).expect("less than 2^31 ledgers");
                ledgers.insert(envelope.ledger.clone(), number);
                books.ledgers.number(i64::from(number)).text(envelope.ledger.as_str()).number(position).end();
                continue;
            }
            let ledger = *ledgers
                .get(&envelope.ledger)
                .ok_or_else(|| poison(sequence, "its ledger was never opened"))?;
            let at = At { ledger, sequence, position };
            let entries = match &record.event {
                Event::AccountOpened(opened) => {
                    books.open(at, opened.account, &opened.path, opened.account_type)?;
                    continue;
                }
                Event::AccountRenamed(renamed) => {
                    books.rename(at, renamed.account, &renamed.path)?;
                    continue;
                }
                Event::TransactionPosted(posted) => {
                    for opened in &posted.opened {
                        books.open(at, opened.account, &opened.path, opened.account_type)?;
                    }
                    &posted.entries
                }
                Event::TransactionReversed(reversed) => &reversed.entries,
                other => unreachable!("{} is not consumed", other.name()),
            };
            let entries = entries.iter().map(|entry| (entry.account.0, entry));
            moved.extend(movements(ledger, (sequence, position), envelope.effective_at, entries)?);
        }
        books.store(transaction).await?;
        self.chains.append(transaction, &moved).await?;
        self.ledgers = Some(ledgers);
        Ok(())
    }

    fn forget(&mut self) {
        *self = Balances::default();
    }
}

/// Where a record stands.
#[derive(Clone, Copy)]
struct At {
    ledger: i32,
    sequence: Sequence,
    position: i64,
}

/// What a batch says of ledgers and accounts.
struct Books {
    ledgers: Rows,
    accounts: Rows,
    /// Paths that the batch gave, by account: the last one may be taken again by the same batch.
    paths: Vec<(i32, AccountNumber, i64, i64, String)>,
    newest: HashMap<(i32, AccountNumber), usize>,
    /// Paths of before that the batch took: ledger, account, position.
    taken: Vec<(i32, AccountNumber, i64)>,
}

impl Default for Books {
    fn default() -> Books {
        Books {
            ledgers: Rows::new("ledgers"),
            accounts: Rows::new("accounts"),
            paths: Vec::new(),
            newest: HashMap::new(),
            taken: Vec::new(),
        }
    }
}

impl Books {
    fn open(
        &mut self,
        at: At,
        account: AccountNumber,
        path: &Sealed<AccountPath>,
        account_type: AccountType,
    ) -> Result<(), ViewError> {
        self.accounts
            .number(i64::from(at.ledger))
            .number(i64::from(account.0))
            .text(account_type.as_str())
            .end();
        self.give(at, account, path)
    }

    fn rename(
        &mut self,
        at: At,
        account: AccountNumber,
        path: &Sealed<AccountPath>,
    ) -> Result<(), ViewError> {
        match self.newest.get(&(at.ledger, account)) {
            Some(newest) => self.paths[*newest].3 = at.position,
            None => self.taken.push((at.ledger, account, at.position)),
        }
        self.give(at, account, path)
    }

    fn give(&mut self, at: At, account: AccountNumber, path: &Sealed<AccountPath>) -> Result<(), ViewError> {
        let path =
            path.plain().ok_or_else(|| poison(at.sequence, "its path is sealed, and there is no key"))?;
        self.newest.insert((at.ledger, account), self.paths.len());
        self.paths.push((at.ledger, account, at.position, OPEN, path.as_str().to_owned()));
        Ok(())
    }

    async fn store(self, transaction: &Transaction<'_>) -> Result<(), ViewError> {
        self.ledgers.store(transaction).await?;
        self.accounts.store(transaction).await?;
        for (ledger, account, position) in self.taken {
            let sql = "UPDATE paths SET until = $3 WHERE ledger = $1 AND account = $2 AND until = $4";
            transaction
                .execute(sql, &[&ledger, &i64::from(account.0), &position, &OPEN])
                .await
                .doing("end a path")?;
        }
        let mut paths = Rows::new("paths");
        for (ledger, account, since, until, path) in &self.paths {
            paths.number(i64::from(*ledger)).number(i64::from(account.0)).number(*since).number(*until);
            paths.text(path).end();
        }
        paths.store(transaction).await
    }
}

async fn load_ledgers(transaction: &Transaction<'_>) -> Result<HashMap<LedgerId, i32>, ViewError> {
    let rows = transaction.query("SELECT id, number FROM ledgers", &[]).await.doing("read the ledgers")?;
    Ok(rows
        .iter()
        .map(|row| (LedgerId::parse(row.get(0)).expect("written by this view"), row.get(1)))
        .collect())
}

fn poison(sequence: Sequence, reason: &str) -> ViewError {
    Poison { sequence, reason: reason.to_owned() }.into()
}
