//! Folds entries into chains: running totals that are only ever added to, so that any past can be read back.

use std::collections::{BTreeMap, HashMap};

use event_schemas::{AssetCode, Direction, Quantity, Sequence, Ts, events::entries::Entry};
use tokio_postgres::Transaction;

use super::slots::{LEVELS, Slot};
use super::sums::{Spot, Sums};
use crate::{ViewError, error::Doing, rows::Rows, view::Poison};

/// Beyond so many, what is kept in memory of the tables is dropped and read again as needed. Nearly all are sums.
const KEPT_MAX: usize = 6_000_000;

/// The money in one currency of an account, or of whatever else is numbered in a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Holding {
    pub ledger: i32,
    pub account: u32,
    pub currency: AssetCode,
}

/// Sums of both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    pub debits: Quantity,
    pub credits: Quantity,
}

/// What a record moved in one holding.
pub struct Movement {
    pub holding: Holding,
    pub sequence: Sequence,
    pub position: i64,
    pub effective: Ts,
    pub moved: Totals,
}

/// The end of a main chain.
#[derive(Debug, Clone, Copy)]
struct End {
    effective: Ts,
    totals: Totals,
}

/// What the fold keeps in memory of its tables.
#[derive(Debug, Default)]
pub struct Chains {
    /// All that the tables hold is kept: what is not here is nowhere, and need not be looked for. `None`: not known yet.
    is_whole: Option<bool>,
    ends: HashMap<Holding, Option<End>>,
    /// Short for a holding, of those that have late entries.
    numbers: HashMap<Holding, u32>,
    /// Over the buckets of the tree.
    nodes: Sums,
    /// Over all late entries of one effective time.
    moments: Sums,
}

impl Totals {
    pub fn zero(scale: u8) -> Totals {
        Totals { debits: Quantity::new(0, scale), credits: Quantity::new(0, scale) }
    }

    /// `None`: the scales differ, or the sum has more than 127 bits.
    #[must_use]
    pub fn plus(self, other: Totals) -> Option<Totals> {
        let sum = |a: Quantity, b: Quantity| {
            (a.scale == b.scale)
                .then(|| a.minor.checked_add(b.minor))?
                .map(|minor| Quantity::new(minor, a.scale))
        };
        Some(Totals { debits: sum(self.debits, other.debits)?, credits: sum(self.credits, other.credits)? })
    }

    fn of(entry: &Entry) -> Totals {
        let zero = Quantity::new(0, entry.amount.scale);
        match entry.direction {
            Direction::Debit => Totals { debits: entry.amount, credits: zero },
            Direction::Credit => Totals { debits: zero, credits: entry.amount },
        }
    }
}

/// The entries of one record, each with the number of what it moves, summed by holding, in the order of the holdings.
pub fn movements<'a>(
    ledger: i32,
    (sequence, position): (Sequence, i64),
    effective: Ts,
    entries: impl IntoIterator<Item = (u32, &'a Entry)>,
) -> Result<Vec<Movement>, ViewError> {
    let mut moved: BTreeMap<Holding, Totals> = BTreeMap::new();
    for (account, entry) in entries {
        let holding = Holding { ledger, account, currency: entry.currency };
        let one = Totals::of(entry);
        let sum = match moved.get(&holding) {
            None => Some(one),
            Some(sum) => sum.plus(one),
        };
        moved.insert(holding, sum.ok_or_else(|| not_summable(sequence))?);
    }
    let movements = moved.into_iter();
    Ok(movements.map(|(holding, moved)| Movement { holding, sequence, position, effective, moved }).collect())
}

fn not_summable(sequence: Sequence) -> ViewError {
    Poison {
        sequence,
        reason: "its amounts cannot be added to the account's: other decimals, or too large".to_owned(),
    }
    .into()
}

impl Chains {
    pub fn forget(&mut self) {
        *self = Chains::default();
    }

    /// What is kept is about to be dropped: from then on it is looked up.
    pub fn needs_indexes(&self) -> bool {
        self.is_whole == Some(false) || self.kept() > KEPT_MAX / 4 * 3
    }

    fn kept(&self) -> usize {
        self.ends.len() + self.nodes.len() + self.moments.len()
    }

    fn number(&mut self, holding: &Holding) -> u32 {
        let next = u32::try_from(self.numbers.len()).expect("fewer than are kept");
        *self.numbers.entry(*holding).or_insert(next)
    }

    /// Appends the movements, which are in the order of their positions.
    pub async fn append(
        &mut self,
        transaction: &Transaction<'_>,
        movements: &[Movement],
    ) -> Result<(), ViewError> {
        if self.kept() > KEPT_MAX {
            self.forget();
        }
        if self.is_whole.is_none() {
            let sql = "SELECT NOT EXISTS (SELECT FROM holdings)";
            let is_empty = transaction.query_one(sql, &[]).await.doing("look for chains")?;
            self.is_whole = Some(is_empty.get(0));
        }
        self.load_ends(transaction, movements).await?;
        let (mut chain, mut holdings) = (Rows::new("chain"), Rows::new("holdings"));
        let mut late = Vec::new();
        for movement in movements {
            let Movement { holding, position, effective, .. } = movement;
            let known = self.ends.get(holding).copied().expect("loaded");
            if known.is_none() {
                put_holding(&mut holdings, holding).number(*position).end();
            }
            if known.is_some_and(|end| *effective < end.effective) {
                late.push(movement);
                continue;
            }
            let before = known.map_or_else(|| Totals::zero(movement.moved.debits.scale), |end| end.totals);
            let totals = before.plus(movement.moved).ok_or_else(|| not_summable(movement.sequence))?;
            self.ends.insert(*holding, Some(End { effective: *effective, totals }));
            put_holding(&mut chain, holding).number(*position).number(effective.0);
            put_totals(&mut chain, &totals).end();
        }
        holdings.store(transaction).await?;
        chain.store(transaction).await?;
        self.append_late(transaction, &late).await
    }

    async fn append_late(
        &mut self,
        transaction: &Transaction<'_>,
        movements: &[&Movement],
    ) -> Result<(), ViewError> {
        if movements.is_empty() {
            return Ok(());
        }
        if self.is_whole != Some(true) {
            self.load_nodes(transaction, movements).await?;
            self.load_moments(transaction, movements).await?;
        }
        let (mut late, mut buckets) = (Rows::new("late"), Rows::new("late_buckets"));
        for movement in movements {
            let Movement { holding, sequence, position, effective, moved } = movement;
            let fail = || not_summable(*sequence);
            let number = self.number(holding);
            let sum = self.moments.add((number, effective.0), *moved).ok_or_else(fail)?;
            put_holding(&mut late, holding).number(effective.0).number(*position);
            put_totals(&mut late, &sum).end();
            let slot = Slot::of(*effective);
            for level in 0..LEVELS {
                let bucket = slot.bucket(level);
                let sum = self.nodes.add(node(number, level, bucket), *moved).ok_or_else(fail)?;
                put_holding(&mut buckets, holding).number(level.into()).number(bucket).number(*position);
                put_totals(&mut buckets, &sum).end();
            }
        }
        late.store(transaction).await?;
        buckets.store(transaction).await
    }

    async fn load_ends(
        &mut self,
        transaction: &Transaction<'_>,
        movements: &[Movement],
    ) -> Result<(), ViewError> {
        let mut missing: Vec<Holding> = movements.iter().map(|movement| movement.holding).collect();
        missing.retain(|holding| !self.ends.contains_key(holding));
        missing.sort_unstable();
        missing.dedup();
        if missing.is_empty() {
            return Ok(());
        }
        if self.is_whole == Some(true) {
            self.ends.extend(missing.iter().map(|holding| (*holding, None)));
            return Ok(());
        }
        let sql = "SELECT k.n, c.effective, c.debits::text, c.credits::text
            FROM unnest($1::int[], $2::bigint[], $3::text[]) WITH ORDINALITY AS k (ledger, account, currency, n)
            CROSS JOIN LATERAL (
                SELECT * FROM chain c
                WHERE (c.ledger, c.account, c.currency) = (k.ledger, k.account, k.currency)
                ORDER BY c.position DESC LIMIT 1) c";
        let keys = Keys::of(missing.iter());
        let rows = transaction.query(sql, &[&keys.ledgers, &keys.accounts, &keys.currencies]).await;
        self.ends.extend(missing.iter().map(|holding| (*holding, None)));
        for row in rows.doing("read the ends of chains")? {
            let at = usize::try_from(row.get::<_, i64>(0) - 1).expect("ordinals count from 1");
            let end = End { effective: Ts(row.get(1)), totals: totals(&row, 2) };
            self.ends.insert(missing[at], Some(end));
        }
        Ok(())
    }

    async fn load_nodes(
        &mut self,
        transaction: &Transaction<'_>,
        movements: &[&Movement],
    ) -> Result<(), ViewError> {
        let mut missing: Vec<(Holding, i16, i64)> = Vec::new();
        for Movement { holding, effective, .. } in movements {
            let (number, slot) = (self.number(holding), Slot::of(*effective));
            let nodes = (0..LEVELS).map(|level| (level, slot.bucket(level)));
            let nodes = nodes.filter(|(level, bucket)| !self.nodes.has(node(number, *level, *bucket)));
            let level_of = |level| i16::try_from(level).expect("there are eight");
            missing.extend(nodes.map(|(level, bucket)| (*holding, level_of(level), bucket)));
        }
        missing.sort_unstable();
        missing.dedup();
        let sql = "SELECT k.n, b.debits::text, b.credits::text
            FROM unnest($1::int[], $2::bigint[], $3::text[], $4::int2[], $5::bigint[]) WITH ORDINALITY
                AS k (ledger, account, currency, level, bucket, n)
            CROSS JOIN LATERAL (
                SELECT * FROM late_buckets b
                WHERE (b.ledger, b.account, b.currency) = (k.ledger, k.account, k.currency)
                  AND b.level = k.level AND b.bucket = k.bucket
                ORDER BY b.position DESC LIMIT 1) b";
        let keys = Keys::of(missing.iter().map(|(holding, ..)| holding));
        let levels: Vec<i16> = missing.iter().map(|(_, level, _)| *level).collect();
        let buckets: Vec<i64> = missing.iter().map(|(.., bucket)| *bucket).collect();
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
            [&keys.ledgers, &keys.accounts, &keys.currencies, &levels, &buckets];
        for row in transaction.query(sql, &parameters).await.doing("read buckets")? {
            let at = usize::try_from(row.get::<_, i64>(0) - 1).expect("ordinals count from 1");
            let (holding, level, bucket) = &missing[at];
            let node = node(self.number(holding), *level, *bucket);
            self.nodes.put(node, totals(&row, 1));
        }
        Ok(())
    }

    async fn load_moments(
        &mut self,
        transaction: &Transaction<'_>,
        movements: &[&Movement],
    ) -> Result<(), ViewError> {
        let mut missing: Vec<(Holding, i64)> = Vec::new();
        for Movement { holding, effective, .. } in movements {
            let number = self.number(holding);
            if !self.moments.has((number, effective.0)) {
                missing.push((*holding, effective.0));
            }
        }
        missing.sort_unstable();
        missing.dedup();
        let sql = "SELECT k.n, l.debits::text, l.credits::text
            FROM unnest($1::int[], $2::bigint[], $3::text[], $4::bigint[]) WITH ORDINALITY
                AS k (ledger, account, currency, effective, n)
            CROSS JOIN LATERAL (
                SELECT * FROM late l
                WHERE (l.ledger, l.account, l.currency) = (k.ledger, k.account, k.currency)
                  AND l.effective = k.effective
                ORDER BY l.position DESC LIMIT 1) l";
        let keys = Keys::of(missing.iter().map(|(holding, _)| holding));
        let effective: Vec<i64> = missing.iter().map(|(_, effective)| *effective).collect();
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
            [&keys.ledgers, &keys.accounts, &keys.currencies, &effective];
        for row in transaction.query(sql, &parameters).await.doing("read late entries")? {
            let at = usize::try_from(row.get::<_, i64>(0) - 1).expect("ordinals count from 1");
            let (holding, effective) = &missing[at];
            let number = self.number(holding);
            self.moments.put((number, *effective), totals(&row, 1));
        }
        Ok(())
    }
}

/// A bucket of the tree in one number: of 32 bits, and its level.
fn node(number: u32, level: impl Into<i64>, bucket: i64) -> Spot {
    (number, bucket << 4 | level.into())
}

/// Holdings as the columns of an `unnest`.
struct Keys<'a> {
    ledgers: Vec<i32>,
    accounts: Vec<i64>,
    currencies: Vec<&'a str>,
}

impl<'a> Keys<'a> {
    fn of(holdings: impl Iterator<Item = &'a Holding> + Clone) -> Keys<'a> {
        Keys {
            ledgers: holdings.clone().map(|holding| holding.ledger).collect(),
            accounts: holdings.clone().map(|holding| i64::from(holding.account)).collect(),
            currencies: holdings.map(|holding| holding.currency.as_str()).collect(),
        }
    }
}

fn put_holding<'a>(rows: &'a mut Rows, holding: &Holding) -> &'a mut Rows {
    rows.number(i64::from(holding.ledger)).number(i64::from(holding.account)).text(holding.currency.as_str())
}

fn put_totals<'a>(rows: &'a mut Rows, totals: &Totals) -> &'a mut Rows {
    rows.quantity(totals.debits).quantity(totals.credits)
}

/// Two sums in decimal text, as they were put.
pub fn totals(row: &tokio_postgres::Row, first: usize) -> Totals {
    let quantity = |at: usize| Quantity::parse(row.get(at)).expect("written by this view");
    Totals { debits: quantity(first), credits: quantity(first + 1) }
}
