//! Sums at several times at once, over groups of accounts (or of pots: see [`categories`](super::super::categories)).
//!
//! What moved in a period is the difference of the sums at its ends, so a year by month is thirteen times, in one query.

use event_schemas::{AccountPath, AccountType, AssetCode, LedgerId, Quantity, Sequence, Ts};

use super::{ask::account_type, fold::Totals, slots::Slot};
use crate::{TooLarge, ViewError, reader::Reader};

/// Whose chains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Chain {
    /// Of accounts, in the view `balances`.
    Account,
    /// Of pots, in the view `categories`.
    Pot,
}

/// What a group came to at a time, in one currency. Groups in which nothing was in effect are not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sum {
    /// Which of the times.
    pub time: usize,
    pub group: i32,
    pub currency: AssetCode,
    pub totals: Totals,
}

/// An account as it was called then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub number: i64,
    pub path: AccountPath,
    pub account_type: AccountType,
}

/// What a category is in an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pot {
    pub number: i64,
    pub account: i64,
    pub category: String,
    pub account_type: AccountType,
}

/// `$1` ledger, `$2` known, `$3`/`$4` numbers and their groups, `$5`/`$6`/`$7` times, their slots and when these begin.
/// The order in `has` keeps Postgres to the index: where it takes most entries for late ones, it would look for one of the account's
/// from the table's beginning.
const SUMS: &str = "
    SELECT t.n, who.grp, h.currency,
           sum(coalesce(c.debits, 0) + coalesce(b.debits, 0) + coalesce(l.debits, 0))::text,
           sum(coalesce(c.credits, 0) + coalesce(b.credits, 0) + coalesce(l.credits, 0))::text
    FROM unnest($3::bigint[], $4::int[]) AS who (number, grp)
    JOIN {of}.holdings h ON h.ledger = $1 AND h.account = who.number AND h.since <= $2
    CROSS JOIN unnest($5::bigint[], $6::bigint[], $7::bigint[]) WITH ORDINALITY AS t (at, slot, start, n)
    LEFT JOIN LATERAL (
        SELECT CASE WHEN k.position <= e.position THEN k.debits ELSE e.debits END AS debits,
               CASE WHEN k.position <= e.position THEN k.credits ELSE e.credits END AS credits
        FROM (SELECT position, debits, credits FROM {of}.chain
              WHERE ledger = $1 AND account = h.account AND currency = h.currency AND position <= $2
              ORDER BY position DESC LIMIT 1) k,
             (SELECT position, debits, credits FROM {of}.chain
              WHERE ledger = $1 AND account = h.account AND currency = h.currency AND effective <= t.at
              ORDER BY effective DESC, position DESC LIMIT 1) e
    ) c ON true
    LEFT JOIN LATERAL (
        SELECT 1 AS any FROM {of}.late
        WHERE ledger = $1 AND account = h.account AND currency = h.currency
        ORDER BY effective LIMIT 1
    ) has ON true
    LEFT JOIN LATERAL (
        SELECT sum(n.debits) AS debits, sum(n.credits) AS credits
        FROM generate_series(0, 7) AS level
        CROSS JOIN LATERAL generate_series(
            (t.slot >> (4 * level + 4)) << 4, (t.slot >> (4 * level)) - 1) AS before (bucket)
        CROSS JOIN LATERAL (
            SELECT debits, credits FROM {of}.late_buckets
            WHERE ledger = $1 AND account = h.account AND currency = h.currency
              AND late_buckets.level = level.level::int2 AND late_buckets.bucket = before.bucket
              AND position <= $2
            ORDER BY position DESC LIMIT 1) n
        WHERE has.any = 1
    ) b ON true
    LEFT JOIN LATERAL (
        SELECT sum(n.debits) AS debits, sum(n.credits) AS credits
        FROM (SELECT DISTINCT ON (effective) debits, credits FROM {of}.late
              WHERE has.any = 1 AND ledger = $1 AND account = h.account AND currency = h.currency
                AND effective BETWEEN t.start AND t.at AND position <= $2
              ORDER BY effective, position DESC) n
    ) l ON true
    WHERE c.debits IS NOT NULL OR b.debits IS NOT NULL OR l.debits IS NOT NULL
    GROUP BY t.n, who.grp, h.currency
    ORDER BY t.n, who.grp, h.currency";

/// A ledger that was there by `known`, to be asked through the views that its reader holds.
#[derive(Clone, Copy)]
pub struct Series<'a> {
    reader: &'a Reader,
    ledger: i32,
    known: i64,
}

impl<'a> Series<'a> {
    /// `None`: the ledger was not there then. The reader holds the balances, at least.
    pub async fn of(
        reader: &'a Reader,
        ledger: &LedgerId,
        known_at: Sequence,
    ) -> Result<Option<Series<'a>>, ViewError> {
        let known = known_at.min(reader.position.sequence);
        let known = i64::try_from(known.0).expect("sequences have 48 bits");
        // Every view that counts ledgers gives them the same numbers.
        let sql = "SELECT number FROM {balances}.ledgers WHERE id = $1 AND since <= $2";
        let found = reader.query(sql, &[&ledger.as_str(), &known]).await?;
        Ok(found.first().map(|row| Series { reader, ledger: row.get(0), known }))
    }

    #[must_use]
    pub fn ledger(self) -> i32 {
        self.ledger
    }

    #[must_use]
    pub fn known(self) -> i64 {
        self.known
    }

    /// All accounts, by the paths that they had then.
    pub async fn accounts(self) -> Result<Vec<Named>, ViewError> {
        let rows = self.reader.query(NAMES, &[&self.ledger, &self.known]).await?;
        Ok(rows.iter().map(named).collect())
    }

    /// The account of that path and all below it; where the path is a former one, its account under its present path and all below
    /// that too.
    pub async fn below(self, top: &AccountPath) -> Result<Vec<Named>, ViewError> {
        let sql = format!(
            "WITH tops AS (
                SELECT $3::text AS path
                UNION
                SELECT p.path FROM {{balances}}.paths p
                WHERE p.ledger = $1 AND p.since <= $2 AND p.until > $2 AND p.account = (
                    SELECT q.account FROM {{balances}}.paths q
                    WHERE q.ledger = $1 AND q.path = $3 AND q.since <= $2 ORDER BY q.since DESC LIMIT 1))
             SELECT DISTINCT n.* FROM tops t JOIN ({NAMES}) n
             ON n.path = t.path OR (n.path >= t.path || ':' AND n.path < t.path || ';')"
        );
        let rows = self.reader.query(&sql, &[&self.ledger, &self.known, &top.as_str()]).await?;
        Ok(rows.iter().map(named).collect())
    }

    /// The pots of one category, or of all. The reader holds the categories too.
    pub async fn pots(self, category: Option<&str>) -> Result<Vec<Pot>, ViewError> {
        let sql = "SELECT pot, account, category, account_type FROM {categories}.pots
            WHERE ledger = $1 AND since <= $2 AND ($3::text IS NULL OR category = $3)";
        let rows = self.reader.query(sql, &[&self.ledger, &self.known, &category]).await?;
        let pot = |row: &tokio_postgres::Row| Pot {
            number: row.get(0),
            account: row.get(1),
            category: row.get(2),
            account_type: account_type(row.get(3)),
        };
        Ok(rows.iter().map(pot).collect())
    }

    /// What each group came to at each time, that time included: by time, group and currency. `who`: numbers and their groups; one
    /// may be in several.
    pub async fn sums(self, chain: Chain, who: &[(i64, i32)], times: &[Ts]) -> Result<Vec<Sum>, ViewError> {
        if who.is_empty() || times.is_empty() {
            return Ok(Vec::new());
        }
        let sql = SUMS.replace(
            "{of}",
            match chain {
                Chain::Account => "{balances}",
                Chain::Pot => "{categories}",
            },
        );
        let (numbers, groups): (Vec<i64>, Vec<i32>) = who.iter().copied().unzip();
        let ats: Vec<i64> = times.iter().map(|time| time.0).collect();
        let slots: Vec<Slot> = times.iter().map(|time| Slot::of(*time)).collect();
        let starts: Vec<i64> = slots.iter().map(|slot| slot.start()).collect();
        let slots: Vec<i64> = slots.iter().map(|slot| slot.bucket(0)).collect();
        let rows = self
            .reader
            .query(&sql, &[&self.ledger, &self.known, &numbers, &groups, &ats, &slots, &starts])
            .await?;
        Ok(rows.iter().map(sum).collect::<Result<_, _>>()?)
    }
}

/// Accounts as they were named at `$2`.
const NAMES: &str = "
    SELECT a.account, p.path, a.account_type
    FROM {balances}.paths p JOIN {balances}.accounts a USING (ledger, account)
    WHERE p.ledger = $1 AND p.since <= $2 AND p.until > $2";

fn named(row: &tokio_postgres::Row) -> Named {
    let path = AccountPath::parse(row.get(1)).expect("written by this view");
    Named { number: row.get(0), path, account_type: account_type(row.get(2)) }
}

fn sum(row: &tokio_postgres::Row) -> Result<Sum, TooLarge> {
    let currency = AssetCode::parse(row.get(2)).expect("written by this view");
    let quantity = |at: usize| Quantity::parse(row.get(at)).map_err(|_| TooLarge::total(currency));
    Ok(Sum {
        time: usize::try_from(row.get::<_, i64>(0) - 1).expect("ordinals count from 1"),
        group: row.get(1),
        currency,
        totals: Totals { debits: quantity(3)?, credits: quantity(4)? },
    })
}
