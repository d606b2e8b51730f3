//! Balances on two time axes: of an account, a list or a subtree, as of any effective time, as known at any position.
//!
//! An entry that is no earlier in effect than all before it joins its account's *chain*, which carries a running total; then
//! "in effect by `at` and known at `p`" is the earlier of two rows found by index. An entry that comes late goes into a radix tree
//! over effective time instead, whose buckets carry running totals too: at most 120 look-ups. So a late entry costs the
//! logarithm of the past, and nothing is ever rewritten.

mod ask;
pub(crate) mod fold;
mod held;
pub mod series;
pub(crate) mod slots;
mod sums;

use async_trait::async_trait;
use event_schemas::{
    Contract, Event, Record,
    events::{AccountOpened, AccountRenamed, LedgerOpened, TransactionPosted, TransactionReversed},
};
use tokio_postgres::Transaction;

pub use ask::{Account, Ask, Balance, Balances as Answer, Of, ask};
pub(crate) use ask::{accounts, ledger};
pub use fold::Totals;
use fold::{Chains, movements};

use crate::{ViewError, builds::to_i64, view::View, views::names::Names};

/// The view.
#[derive(Default)]
pub struct Balances {
    names: Names,
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
        concat!(
            include_str!("names/ledgers.sql"),
            include_str!("names/tables.sql"),
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
        self.names.load(transaction).await?;
        let mut moved = Vec::new();
        for record in records {
            let ledger = self.names.take(record)?;
            let entries = match &record.event {
                Event::TransactionPosted(posted) => &posted.entries,
                Event::TransactionReversed(reversed) => &reversed.entries,
                _ => continue,
            };
            let envelope = &record.envelope;
            // The sequence alone: one build is of one shard.
            let at = (envelope.sequence, to_i64(envelope.sequence));
            let entries = entries.iter().map(|entry| (entry.account.0, entry));
            moved.extend(movements(ledger, at, envelope.effective_at, entries)?);
        }
        self.names.store(transaction).await?;
        self.chains.append(transaction, &moved).await
    }

    fn forget(&mut self) {
        *self = Balances::default();
    }
}
