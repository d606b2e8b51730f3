//! Transactions and their entries, to be listed and searched, as known at any position.
//!
//! Rows are only ever added, so what was known at a position is the rows up to it. Six indexes bear all questions: by position, by
//! effect, by id, by term (words, categories, tags, references, metadata), and of entries by account and by amount.

mod filter;
mod fold;
mod parse;
mod plan;
mod read;
mod search;
mod terms;

use async_trait::async_trait;
use event_schemas::{
    Contract, Record,
    events::{AccountOpened, AccountRenamed, LedgerOpened, TransactionPosted, TransactionReversed},
};

use crate::{ViewError, view::View, views::names::Names};
pub use filter::{Comparison, Condition, Field, Filter, Kind, StartOfDay, When, field_said_twice};
use fold::{Tables, What};
pub use parse::{FILTER_CHARACTERS_MAX, InvalidFilter, parse};
pub use read::{Entry, Link, Transaction};
pub use search::{
    By, Cursor, FACET_VALUES_MAX, Facet, Found, Order, Page, Search, Total, Totals, Values, explain, find,
    search,
};
pub use terms::words;

/// The view.
#[derive(Default)]
pub struct Transactions {
    names: Names,
}

#[async_trait]
impl View for Transactions {
    fn name(&self) -> &'static str {
        "transactions"
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
            include_str!("transactions/tables.sql")
        )
    }

    fn indexes(&self) -> &'static str {
        include_str!("transactions/indexes.sql")
    }

    async fn apply(
        &mut self,
        transaction: &tokio_postgres::Transaction<'_>,
        records: &[Record],
    ) -> Result<(), ViewError> {
        self.names.load(transaction).await?;
        let mut rows = Tables::new();
        for record in records {
            let ledger = self.names.take(record)?;
            if let Some(what) = What::of(&record.event) {
                rows.put(ledger, record, &what)?;
            }
        }
        self.names.store(transaction).await?;
        rows.transactions.store(transaction).await?;
        rows.entries.store(transaction).await
    }

    fn forget(&mut self) {
        *self = Transactions::default();
    }
}
