//! Entries in the order of a statement, and all that is told of each: three queries a page, whatever its length.

use std::collections::HashMap;

use event_schemas::{AccountPath, AssetCode, Direction, Quantity, Sequence, Ts};
use tokio_postgres::Row;

use super::{Ask, COUNTER_ACCOUNTS_MAX, Line, Net, Place};
use crate::{ViewError, builds::to_i64, reader::Reader, views::balances::Balance};

/// An entry as it stands in its table.
#[derive(Debug)]
pub struct Entry {
    pub place: Place,
    pub account: i64,
    pub direction: Direction,
    pub currency: AssetCode,
    pub amount: Quantity,
    category: Option<String>,
    memo: Option<String>,
    tags: Vec<String>,
}

/// Whose entries, up to when.
pub struct Scope<'a> {
    reader: &'a Reader,
    ledger: i32,
    accounts: Vec<i64>,
    known: i64,
    to: i64,
}

pub struct Page {
    pub entries: Vec<Entry>,
    /// The last place, if there are entries after it.
    pub next: Option<Place>,
}

/// `$1` ledger, `$2` accounts, `$3` known, `$4`–`$6` after this place, `$7` last time of effect, `$8` how many. Of each account one
/// range of an index is read, and no more of it than the page may hold.
const ENTRIES: &str = "
    SELECT e.effective, e.position, e.leg, e.account, e.is_debit, e.currency, e.amount::text, e.category, e.memo, e.tags
    FROM unnest($2::bigint[]) AS of (account)
    CROSS JOIN LATERAL (
        SELECT * FROM {transactions}.entries
        WHERE ledger = $1 AND account = of.account AND position <= $3
          AND (effective, position, leg) > ($4, $5, $6) AND effective <= $7
        ORDER BY effective, position, leg LIMIT $8
    ) e
    ORDER BY e.effective, e.position, e.leg LIMIT $8";

/// Of the same time of effect as a place, up to it: `$1` ledger, `$2` accounts, `$3` known, `$4`–`$6` the place.
const SAME_TIME: &str = "
    SELECT e.currency, e.is_debit, sum(e.amount)::text
    FROM unnest($2::bigint[]) AS of (account)
    CROSS JOIN LATERAL (
        SELECT currency, is_debit, amount FROM {transactions}.entries
        WHERE ledger = $1 AND account = of.account AND position <= $3
          AND effective = $4 AND (position, leg) <= ($5, $6)
    ) e
    GROUP BY e.currency, e.is_debit";

const TRANSACTIONS: &str = "
    SELECT t.position, t.recorded, t.id, t.kind = 'reversal', t.description, t.reference
    FROM unnest($2::bigint[]) AS of (position)
    CROSS JOIN LATERAL (
        SELECT * FROM {transactions}.transactions WHERE ledger = $1 AND position = of.position LIMIT 1
    ) t";

/// The positions are sorted. One by one: of ten thousand at once Postgres thinks that reading the whole table is cheaper.
const LEGS: &str = "
    SELECT of.position, e.account, e.is_debit, e.currency
    FROM unnest($1::bigint[]) WITH ORDINALITY AS of (position, n)
    CROSS JOIN LATERAL (
        SELECT leg, account, is_debit, currency FROM {transactions}.entries
        WHERE position = of.position ORDER BY leg
    ) e
    ORDER BY of.n, e.leg";

const PATHS: &str = "
    SELECT account, path FROM {transactions}.paths
    WHERE ledger = $1 AND account = ANY ($2::bigint[]) AND since <= $3 AND until > $3";

impl<'a> Scope<'a> {
    /// The ledger is there.
    pub async fn of(reader: &'a Reader, ask: &Ask, accounts: Vec<i64>) -> Result<Scope<'a>, ViewError> {
        let ledger = "SELECT number FROM {transactions}.ledgers WHERE id = $1";
        let ledger = reader.query(ledger, &[&ask.ledger.as_str()]).await?;
        let ledger = ledger.first().expect("both views have read the record that opened it").get(0);
        let to = ask.to.map_or(i64::MAX, |to| to.0);
        Ok(Scope { reader, ledger, accounts, known: to_i64(ask.known_at), to })
    }

    /// The same of one account alone.
    pub fn only(&self, account: i64) -> Scope<'a> {
        Scope { accounts: vec![account], ..*self }
    }

    pub async fn page(&self, after: Place, limit: usize) -> Result<Page, ViewError> {
        if self.accounts.is_empty() {
            return Ok(Page { entries: Vec::new(), next: None });
        }
        let one_more = i64::try_from(limit).expect("a page is short") + 1;
        let (effective, position, leg) = (after.effective.0, to_i64(after.position), after.leg);
        let rows = self
            .reader
            .query(
                ENTRIES,
                &[
                    &self.ledger,
                    &self.accounts,
                    &self.known,
                    &effective,
                    &position,
                    &leg,
                    &self.to,
                    &one_more,
                ],
            )
            .await?;
        let mut entries: Vec<Entry> = rows.iter().map(entry).collect();
        let more = entries.len() > limit;
        entries.truncate(limit);
        let next = entries.last().filter(|_| more).map(|last| last.place);
        Ok(Page { entries, next })
    }

    /// What is there after a place: what was there before its time, and the entries of that time up to it.
    pub async fn carried(&self, side: Direction, before: &[Balance], place: Place) -> Result<Net, ViewError> {
        let (effective, position, leg) = (place.effective.0, to_i64(place.position), place.leg);
        let rows = self
            .reader
            .query(SAME_TIME, &[&self.ledger, &self.accounts, &self.known, &effective, &position, &leg])
            .await?;
        let mut net = Net::of(side, before)?;
        for row in &rows {
            net.enter(side, direction(row.get(1)), code(row.get(0)), quantity(row.get(2)))?;
        }
        Ok(net)
    }

    /// What there is to be told of entries, each with the balance after it.
    pub async fn lines(&self, entries: Vec<(Entry, Quantity)>) -> Result<Vec<Line>, ViewError> {
        let mut positions: Vec<i64> = entries.iter().map(|(entry, _)| to_i64(entry.place.position)).collect();
        positions.sort_unstable();
        positions.dedup();
        let rows = self.reader.query(TRANSACTIONS, &[&self.ledger, &positions]).await?;
        let transactions: HashMap<i64, &Row> = rows.iter().map(|row| (row.get(0), row)).collect();
        let legs = self.reader.query(LEGS, &[&positions]).await?;
        let legs: Vec<Leg> = legs.iter().map(Leg::of).collect();
        let mut accounts: Vec<i64> = legs.iter().map(|leg| leg.account).collect();
        accounts.sort_unstable();
        accounts.dedup();
        let paths = self.reader.query(PATHS, &[&self.ledger, &accounts, &self.known]).await?;
        let paths: HashMap<i64, AccountPath> = paths
            .iter()
            .map(|row| (row.get(0), AccountPath::parse(row.get(1)).expect("written by the view")))
            .collect();
        let mut of_position: HashMap<i64, &[Leg]> = HashMap::with_capacity(positions.len());
        for legs in legs.chunk_by(|a, b| a.position == b.position) {
            of_position.insert(legs[0].position, legs);
        }
        let line = |(entry, balance): (Entry, Quantity)| {
            let position = to_i64(entry.place.position);
            let transaction = transactions[&position];
            let counter = counter_accounts(&entry, of_position[&position]);
            Line {
                place: entry.place,
                recorded_at: Ts(transaction.get(1)),
                transaction: transaction.get(2),
                is_reversal: transaction.get(3),
                account: paths[&entry.account].clone(),
                direction: entry.direction,
                currency: entry.currency,
                amount: entry.amount,
                balance,
                description: transaction.get(4),
                reference: transaction.get(5),
                category: entry.category,
                memo: entry.memo,
                tags: entry.tags,
                counter_accounts_more: counter.len().saturating_sub(COUNTER_ACCOUNTS_MAX),
                counter_accounts: counter
                    .iter()
                    .take(COUNTER_ACCOUNTS_MAX)
                    .map(|account| paths[account].clone())
                    .collect(),
            }
        };
        Ok(entries.into_iter().map(line).collect())
    }
}

/// What counter-accounts are found by.
struct Leg {
    position: i64,
    account: i64,
    direction: Direction,
    currency: AssetCode,
}

impl Leg {
    fn of(row: &Row) -> Leg {
        Leg {
            position: row.get(0),
            account: row.get(1),
            direction: direction(row.get(2)),
            currency: code(row.get(3)),
        }
    }
}

/// Those that stand on the other side of its transaction in its currency, each once.
fn counter_accounts(entry: &Entry, legs: &[Leg]) -> Vec<i64> {
    let mut counter: Vec<i64> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for leg in legs {
        let is_counter = leg.direction != entry.direction && leg.currency == entry.currency;
        if is_counter && seen.insert(leg.account) {
            counter.push(leg.account);
        }
    }
    counter
}

fn entry(row: &Row) -> Entry {
    let position = u64::try_from(row.get::<_, i64>(1)).expect("written by the view");
    Entry {
        place: Place { effective: Ts(row.get(0)), position: Sequence(position), leg: row.get(2) },
        account: row.get(3),
        direction: direction(row.get(4)),
        currency: code(row.get(5)),
        amount: quantity(row.get(6)),
        category: row.get(7),
        memo: row.get(8),
        tags: row.get::<_, Option<Vec<String>>>(9).unwrap_or_default(),
    }
}

fn direction(is_debit: bool) -> Direction {
    if is_debit { Direction::Debit } else { Direction::Credit }
}

fn code(text: &str) -> AssetCode {
    AssetCode::parse(text).expect("written by the view")
}

fn quantity(text: &str) -> Quantity {
    Quantity::parse(text).expect("written by the view")
}
