//! Sums at several times at once, over groups of accounts (or of pots: see [`categories`](super::super::categories)).
//!
//! What moved in a period is the difference of the sums at its ends, so a year by month is thirteen times, in one query.

use std::sync::LazyLock;

use event_schemas::{AccountPath, AccountType, AssetCode, LedgerId, Quantity, Sequence, Ts};

use super::{
    ask::{self, ACCOUNTS, account_type},
    fold::Totals,
    held::{self, CREDITS, DEBITS, IS_ANY, Moment},
    slots::Slot,
};
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
fn sums_in(of: &'static str) -> String {
    let joins = held::joins(&Moment {
        of,
        at: "t.at",
        start: "t.start",
        before: "(
            SELECT level::int2, bucket FROM generate_series(0, 7) AS level
            CROSS JOIN LATERAL generate_series(
                (t.slot >> (4 * level + 4)) << 4, (t.slot >> (4 * level)) - 1) AS bucket)",
    });
    format!(
        "SELECT t.n, who.grp, h.currency, sum({DEBITS})::text, sum({CREDITS})::text
         FROM unnest($3::bigint[], $4::int[]) AS who (number, grp)
         JOIN {of}.holdings h ON h.ledger = $1 AND h.account = who.number AND h.since <= $2
         CROSS JOIN unnest($5::bigint[], $6::bigint[], $7::bigint[]) WITH ORDINALITY AS t (at, slot, start, n)
         {joins}
         WHERE {IS_ANY}
         GROUP BY t.n, who.grp, h.currency
         ORDER BY t.n, who.grp, h.currency"
    )
}

static OF_ACCOUNTS: LazyLock<String> = LazyLock::new(|| sums_in("{balances}"));
static OF_POTS: LazyLock<String> = LazyLock::new(|| sums_in("{categories}"));

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
        let found = ask::ledger(reader, ledger, known).await?;
        Ok(found.map(|ledger| Series { reader, ledger, known }))
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
        let rows = self.reader.query(ACCOUNTS, &[&self.ledger, &self.known]).await?;
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
             SELECT DISTINCT n.* FROM tops t JOIN ({ACCOUNTS}) n
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
        let sql = match chain {
            Chain::Account => &OF_ACCOUNTS,
            Chain::Pot => &OF_POTS,
        };
        let (numbers, groups): (Vec<i64>, Vec<i32>) = who.iter().copied().unzip();
        let ats: Vec<i64> = times.iter().map(|time| time.0).collect();
        let slots: Vec<Slot> = times.iter().map(|time| Slot::of(*time)).collect();
        let starts: Vec<i64> = slots.iter().map(|slot| slot.start()).collect();
        let slots: Vec<i64> = slots.iter().map(|slot| slot.bucket(0)).collect();
        let rows = self
            .reader
            .query(sql, &[&self.ledger, &self.known, &numbers, &groups, &ats, &slots, &starts])
            .await?;
        Ok(rows.iter().map(sum).collect::<Result<_, _>>()?)
    }
}

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
