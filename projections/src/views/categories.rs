//! Balances by category on two time axes: what the entries of a category come to in an account and a currency.
//!
//! An account and a category that meet in an entry make a *pot*, with a dense number in its ledger. Pots have chains just as
//! accounts have in [`balances`](super::balances), so that what a category came to in any period, as known at any position, is
//! the difference of two look-ups. Entries without a category are passed over: they cost nothing here.

use std::collections::HashMap;

use async_trait::async_trait;
use event_schemas::{
    AccountType, Contract, Event, Record,
    events::{LedgerOpened, TransactionPosted, TransactionReversed, entries::Entry},
};
use tokio_postgres::Transaction;

use super::balances::fold::{Chains, movements};
use crate::{ViewError, builds::to_i64, error::Doing, rows::Rows, view::View, views::names::Ledgers};

/// Beyond so many, the pots that are kept in memory are dropped and read again as needed.
const KEPT_MAX: usize = 200_000;

/// The view.
#[derive(Default)]
pub struct Categories {
    ledgers: Ledgers,
    pots: Pots,
    chains: Chains,
}

#[async_trait]
impl View for Categories {
    fn name(&self) -> &'static str {
        "categories"
    }

    fn version(&self) -> u16 {
        1
    }

    fn consumes(&self) -> &'static [&'static str] {
        &[LedgerOpened::NAME, TransactionPosted::NAME, TransactionReversed::NAME]
    }

    fn tables(&self) -> &'static str {
        concat!(
            include_str!("names/ledgers.sql"),
            include_str!("categories/tables.sql"),
            include_str!("balances/chains.sql")
        )
    }

    fn indexes(&self) -> &'static str {
        include_str!("balances/indexes.sql")
    }

    fn needs_indexes(&self) -> bool {
        self.chains.needs_indexes()
    }

    async fn apply(&mut self, transaction: &Transaction<'_>, records: &[Record]) -> Result<(), ViewError> {
        self.ledgers.load(transaction).await?;
        let mut moved = Vec::new();
        for record in records {
            let ledger = self.ledgers.take(record)?;
            let entries = match &record.event {
                Event::TransactionPosted(posted) => &posted.entries,
                Event::TransactionReversed(reversed) => &reversed.entries,
                _ => continue,
            };
            let with_category: Vec<(Meeting, &Entry)> =
                entries.iter().filter_map(|entry| Some((meeting(entry)?, entry))).collect();
            if with_category.is_empty() {
                continue;
            }
            moved.push((ledger, &record.envelope, with_category));
        }
        self.ledgers.store(transaction).await?;
        let meetings = moved
            .iter()
            .flat_map(|(ledger, _, entries)| entries.iter().map(|(meeting, _)| (*ledger, meeting.clone())));
        self.pots.load(transaction, meetings.collect()).await?;
        let mut new = Rows::new("pots");
        let mut movements_of_all = Vec::new();
        for (ledger, envelope, entries) in moved {
            // The sequence alone: one build is of one shard.
            let at = (envelope.sequence, to_i64(envelope.sequence));
            let entries = entries.into_iter().map(|(meeting, entry)| {
                (self.pots.number(ledger, meeting, entry.account_type, at.1, &mut new), entry)
            });
            let entries: Vec<(u32, &Entry)> = entries.collect();
            movements_of_all.extend(movements(ledger, at, envelope.effective_at, entries)?);
        }
        new.store(transaction).await?;
        self.chains.append(transaction, &movements_of_all).await
    }

    fn forget(&mut self) {
        *self = Categories::default();
    }
}

/// An account and a category.
type Meeting = (u32, Box<str>);

fn meeting(entry: &Entry) -> Option<Meeting> {
    entry.category.as_ref().map(|category| (entry.account.0, category.clone()))
}

/// The pots' numbers, and how many a ledger has.
#[derive(Default)]
struct Pots {
    numbers: HashMap<(i32, Meeting), u32>,
    counts: HashMap<i32, u32>,
}

impl Pots {
    /// Reads those that are not in memory, and are there.
    async fn load(
        &mut self,
        transaction: &Transaction<'_>,
        mut wanted: Vec<(i32, Meeting)>,
    ) -> Result<(), ViewError> {
        let doing = "read pots";
        if self.numbers.len() > KEPT_MAX {
            *self = Pots::default();
        }
        wanted.retain(|pot| !self.numbers.contains_key(pot));
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() {
            return Ok(());
        }
        let ledgers: Vec<i32> = wanted.iter().map(|(ledger, _)| *ledger).collect();
        let accounts: Vec<i64> = wanted.iter().map(|(_, (account, _))| i64::from(*account)).collect();
        let categories: Vec<&str> = wanted.iter().map(|(_, (_, category))| &**category).collect();
        let sql = "SELECT k.n, p.pot
            FROM unnest($1::int[], $2::bigint[], $3::text[]) WITH ORDINALITY AS k (ledger, account, category, n)
            JOIN pots p ON (p.ledger, p.category, p.account) = (k.ledger, k.category, k.account)";
        let number = |pot: i64| u32::try_from(pot).expect("written by this view");
        let found = transaction.query(sql, &[&ledgers, &accounts, &categories]).await.doing(doing)?;
        for row in found {
            let at = usize::try_from(row.get::<_, i64>(0) - 1).expect("ordinals count from 1");
            self.numbers.insert(wanted[at].clone(), number(row.get(1)));
        }
        let sql = "SELECT l.ledger, coalesce((SELECT max(pot) FROM pots p WHERE p.ledger = l.ledger), 0)
            FROM (SELECT DISTINCT unnest($1::int[]) AS ledger) l";
        for row in transaction.query(sql, &[&ledgers]).await.doing(doing)? {
            self.counts.entry(row.get(0)).or_insert(number(row.get(1)));
        }
        Ok(())
    }

    /// The number of a pot that was looked for; a new one is given the next.
    fn number(
        &mut self,
        ledger: i32,
        meeting: Meeting,
        account_type: AccountType,
        position: i64,
        new: &mut Rows,
    ) -> u32 {
        if let Some(number) = self.numbers.get(&(ledger, meeting.clone())) {
            return *number;
        }
        let count = self.counts.get_mut(&ledger).expect("loaded");
        *count += 1;
        new.number(i64::from(ledger)).number(i64::from(*count)).number(i64::from(meeting.0));
        new.text(&meeting.1).text(account_type.as_str()).number(position).end();
        self.numbers.insert((ledger, meeting), *count);
        *count
    }
}
