//! Who did or tried what, when, and what came of it: every record, refusals too, found by actor, account, kind and outcome.
//!
//! It needs no more than envelopes: records of a newer program are noted, not halted at.

mod ask;

use std::collections::BTreeSet;

use async_trait::async_trait;
use event_schemas::{
    AccountPath, Envelope, Event, Record,
    events::{command_refused::CommandRefused, entries::Entry},
};
use tokio_postgres::Transaction;

pub use ask::{Account, Answer, Ask, Line, Outcome, Page, Refused, ask};

use crate::{
    ViewError,
    builds::to_i64,
    error::Doing,
    rows::Rows,
    view::{Stranger, Unknown, View},
    views::names::Names,
};

/// The view.
#[derive(Default)]
pub struct Audit {
    names: Names,
}

#[async_trait]
impl View for Audit {
    fn name(&self) -> &'static str {
        "audit"
    }

    /// Also when the contract gets a new event or a new version of one: what was noted as unknown before becomes known.
    fn version(&self) -> u16 {
        1
    }

    fn consumes(&self) -> &'static [&'static str] {
        Event::NAMES
    }

    fn tables(&self) -> &'static str {
        concat!(
            include_str!("names/ledgers.sql"),
            include_str!("names/tables.sql"),
            include_str!("audit/tables.sql")
        )
    }

    fn indexes(&self) -> &'static str {
        include_str!("audit/indexes.sql")
    }

    fn unknown(&self) -> Unknown {
        Unknown::Noted
    }

    async fn apply(&mut self, transaction: &Transaction<'_>, records: &[Record]) -> Result<(), ViewError> {
        self.names.load(transaction).await?;
        let mut touches = Vec::with_capacity(records.len());
        for record in records {
            // A refusal to open a ledger is the first word of it, or the last.
            self.names.ledgers.meet(&record.envelope.ledger, record.envelope.sequence);
            touches.push(Touch::of(self.names.take(record)?, &record.event));
        }
        // Names first: paths in refusals are looked up among them.
        self.names.store(transaction).await?;
        find(transaction, records, &mut touches).await?;
        let mut tables = Tables::default();
        for (record, touch) in records.iter().zip(&touches) {
            tables.put(&record.envelope, record.event.version(), touch);
        }
        tables.store(transaction).await
    }

    async fn apply_strangers(
        &mut self,
        transaction: &Transaction<'_>,
        strangers: &[Stranger],
    ) -> Result<(), ViewError> {
        self.names.load(transaction).await?;
        let mut tables = Tables::default();
        for stranger in strangers {
            let ledger = self.names.ledgers.meet(&stranger.envelope.ledger, stranger.envelope.sequence);
            let touch = Touch { ledger, kind: &stranger.name, outcome: Outcome::Unknown, ..Touch::default() };
            tables.put(&stranger.envelope, stranger.version, &touch);
        }
        self.names.store(transaction).await?;
        tables.store(transaction).await
    }

    fn forget(&mut self) {
        *self = Audit::default();
    }
}

/// What a record says beside its envelope.
#[derive(Default)]
struct Touch<'a> {
    ledger: i32,
    kind: &'a str,
    outcome: Outcome,
    refused: Option<&'a CommandRefused>,
    accounts: BTreeSet<u32>,
    /// Paths that a refused command named: of accounts, or of none.
    named: BTreeSet<AccountPath>,
}

impl<'a> Touch<'a> {
    fn of(ledger: i32, event: &'a Event) -> Touch<'a> {
        let of_entries = |entries: &[Entry]| entries.iter().map(|entry| entry.account.0).collect();
        let one = |account: event_schemas::AccountNumber| BTreeSet::from([account.0]);
        let accounts = match event {
            Event::CommandRefused(refused) => return Touch::of_refused(ledger, refused),
            Event::TransactionPosted(posted) => of_entries(&posted.entries),
            Event::TransactionReversed(reversed) => of_entries(&reversed.entries),
            Event::AccountOpened(opened) => one(opened.account),
            Event::AccountRenamed(renamed) => one(renamed.account),
            Event::AccountFrozen(frozen) => one(frozen.account),
            Event::AccountUnfrozen(unfrozen) => one(unfrozen.account),
            Event::AccountClosed(closed) => one(closed.account),
            Event::LimitsSet(set) => one(set.account),
            // A budget's account need not be there.
            Event::BudgetSet(_) | Event::BudgetChanged(_) | Event::BudgetDropped(_) => BTreeSet::new(),
            Event::LedgerOpened(_) | Event::AssetRegistered(_) | Event::RateRecorded(_) => BTreeSet::new(),
        };
        Touch { ledger, kind: event.name(), accounts, ..Touch::default() }
    }

    fn of_refused(ledger: i32, refused: &'a CommandRefused) -> Touch<'a> {
        let text = refused.command.get();
        // `{"<kind>":{…}}`, as the sequencer writes it.
        let kind = text.strip_prefix("{\"").and_then(|rest| rest.split('"').next()).unwrap_or("?");
        let mut touch =
            Touch { ledger, kind, outcome: Outcome::Refused, refused: Some(refused), ..Touch::default() };
        if let Ok(command) = serde_json::from_str::<serde_json::Value>(text) {
            touch.look_into(&command);
        }
        touch
    }

    /// Commands name accounts by path or number, under these names, wherever.
    fn look_into(&mut self, value: &serde_json::Value) {
        use serde_json::Value;
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.look_into(item)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    match (name.as_str(), value) {
                        ("account" | "path", Value::String(path)) => {
                            self.named.extend(AccountPath::parse(path).ok());
                        }
                        ("account", Value::Number(number)) => {
                            let number = number.as_u64().and_then(|number| u32::try_from(number).ok());
                            self.accounts.extend(number);
                        }
                        _ => self.look_into(value),
                    }
                }
            }
            _ => {}
        }
    }
}

/// Finds the accounts that refused commands named, as of then, by paths of any time before.
async fn find(
    transaction: &Transaction<'_>,
    records: &[Record],
    touches: &mut [Touch<'_>],
) -> Result<(), ViewError> {
    let (mut ledgers, mut paths, mut known, mut of) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (at, (record, touch)) in records.iter().zip(&*touches).enumerate() {
        for path in &touch.named {
            ledgers.push(touch.ledger);
            paths.push(path.as_str().to_owned());
            known.push(to_i64(record.envelope.sequence));
            of.push((at, path.clone()));
        }
    }
    if of.is_empty() {
        return Ok(());
    }
    let sql = "SELECT k.n, p.account
        FROM unnest($1::int[], $2::text[], $3::bigint[]) WITH ORDINALITY AS k (ledger, path, known, n)
        CROSS JOIN LATERAL (
            SELECT account FROM paths p
            WHERE p.ledger = k.ledger AND p.path = k.path AND p.since <= k.known
            ORDER BY p.since DESC LIMIT 1) p";
    for row in transaction.query(sql, &[&ledgers, &paths, &known]).await.doing("find accounts by path")? {
        let n = usize::try_from(row.get::<_, i64>(0) - 1).expect("ordinals count from 1");
        let (at, path) = &of[n];
        touches[*at].named.remove(path);
        let account = u32::try_from(row.get::<_, i64>(1)).expect("written by this view");
        touches[*at].accounts.insert(account);
    }
    Ok(())
}

struct Tables {
    records: Rows,
    touched: Rows,
}

impl Default for Tables {
    fn default() -> Tables {
        Tables { records: Rows::new("records"), touched: Rows::new("touched") }
    }
}

impl Tables {
    fn put(&mut self, envelope: &Envelope, version: u16, touch: &Touch<'_>) {
        let position = to_i64(envelope.sequence);
        let ledger = i64::from(touch.ledger);
        let rows = &mut self.records;
        rows.number(position).number(ledger).number(envelope.recorded_at.0).number(envelope.effective_at.0);
        rows.text(envelope.actor.as_str()).text(touch.kind).number(i64::from(version));
        rows.text(envelope.key.as_str()).text(touch.outcome.as_str());
        let refusal = touch.refused.map(|refused| &refused.refusal);
        rows.maybe(refusal, |rows, refusal| rows.number(i64::from(refusal.number)));
        rows.maybe(refusal, |rows, refusal| rows.text(&refusal.code));
        rows.maybe(refusal.and_then(|refusal| refusal.pointer.as_deref()), Rows::text);
        let figures = refusal.map(|refusal| &refusal.figures).filter(|figures| !figures.is_empty());
        let figures = figures.map(|figures| serde_json::to_string(figures).expect("strings can be written"));
        rows.maybe(figures.as_deref(), Rows::text);
        rows.numbers(touch.accounts.iter().map(|account| i64::from(*account)));
        rows.texts(touch.named.iter().map(AccountPath::as_str)).end();
        for account in &touch.accounts {
            self.touched.number(ledger).number(i64::from(*account)).number(position).end();
        }
    }

    async fn store(self, transaction: &Transaction<'_>) -> Result<(), ViewError> {
        self.records.store(transaction).await?;
        self.touched.store(transaction).await
    }
}
