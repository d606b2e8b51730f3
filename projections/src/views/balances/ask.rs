//! The questions that the balances answer.

use std::collections::HashMap;

use event_schemas::{AccountNumber, AccountPath, AccountType, AssetCode, LedgerId, Quantity, Sequence, Ts};

use super::{fold::totals, slots::Slot};
use crate::{ViewError, reader::Reader};

/// Balances of what, when, and as known when.
#[derive(Debug, Clone)]
pub struct Ask {
    pub ledger: LedgerId,
    pub of: Of,
    /// Entries in effect by then, it included. `None`: all that are known, of the future too.
    pub at: Option<Ts>,
    /// Records up to this one. `None`: all that the view has read.
    pub known_at: Option<Sequence>,
}

/// Whose balances.
#[derive(Debug, Clone)]
pub enum Of {
    All,
    /// One account and all below it.
    Subtree(AccountPath),
    /// These accounts, by the paths that they had then; a path that an account had earlier is understood too.
    Accounts(Vec<AccountPath>),
    /// All that is in one of the two, once.
    Both(Vec<AccountPath>, AccountPath),
}

/// An account's balance in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    pub number: AccountNumber,
    pub account: AccountPath,
    pub account_type: AccountType,
    pub currency: AssetCode,
    pub debits: Quantity,
    pub credits: Quantity,
}

/// What a question came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Balances {
    /// The ledger was not there then.
    NoLedger,
    /// The first of the paths that was no account's then.
    NoAccount(AccountPath),
    /// By path, then by currency. Accounts in which nothing was in effect are not among them.
    Known(Vec<Balance>),
}

/// Accounts as they were named at `$known`: `$paths` exactly (or of former times), or `$subtree` and below, or all.
const ACCOUNTS: &str = "
    SELECT a.account, p.path, a.account_type
    FROM {balances}.paths p JOIN {balances}.accounts a USING (ledger, account)
    WHERE p.ledger = $1 AND p.since <= $2 AND p.until > $2";

/// `$1` ledger, `$2` known, `$3` accounts, `$4` at, `$5` begin of at's slot, `$6`/`$7` levels and buckets before it.
/// The order in `has` keeps Postgres to the index: where it takes most entries for late ones, it would look for one of the account's
/// from the table's beginning.
const BALANCES: &str = "
    SELECT h.account, h.currency,
           (coalesce(c.debits, 0) + coalesce(b.debits, 0) + coalesce(l.debits, 0))::text,
           (coalesce(c.credits, 0) + coalesce(b.credits, 0) + coalesce(l.credits, 0))::text
    FROM {balances}.holdings h
    LEFT JOIN LATERAL (
        SELECT CASE WHEN k.position <= e.position THEN k.debits ELSE e.debits END AS debits,
               CASE WHEN k.position <= e.position THEN k.credits ELSE e.credits END AS credits
        FROM (SELECT position, debits, credits FROM {balances}.chain
              WHERE ledger = $1 AND account = h.account AND currency = h.currency AND position <= $2
              ORDER BY position DESC LIMIT 1) k,
             (SELECT position, debits, credits FROM {balances}.chain
              WHERE ledger = $1 AND account = h.account AND currency = h.currency AND effective <= $4
              ORDER BY effective DESC, position DESC LIMIT 1) e
    ) c ON true
    LEFT JOIN LATERAL (
        SELECT 1 AS any FROM {balances}.late
        WHERE ledger = $1 AND account = h.account AND currency = h.currency
        ORDER BY effective LIMIT 1
    ) has ON true
    LEFT JOIN LATERAL (
        SELECT sum(n.debits) AS debits, sum(n.credits) AS credits
        FROM unnest($6::int2[], $7::bigint[]) AS before (level, bucket)
        CROSS JOIN LATERAL (
            SELECT debits, credits FROM {balances}.late_buckets
            WHERE ledger = $1 AND account = h.account AND currency = h.currency
              AND level = before.level AND bucket = before.bucket AND position <= $2
            ORDER BY position DESC LIMIT 1) n
        WHERE has.any = 1
    ) b ON true
    LEFT JOIN LATERAL (
        SELECT sum(n.debits) AS debits, sum(n.credits) AS credits
        FROM (SELECT DISTINCT ON (effective) debits, credits FROM {balances}.late
              WHERE has.any = 1 AND ledger = $1 AND account = h.account AND currency = h.currency
                AND effective BETWEEN $5 AND $4 AND position <= $2
              ORDER BY effective, position DESC) n
    ) l ON true
    WHERE h.ledger = $1 AND h.account = ANY ($3) AND h.since <= $2
      AND (c.debits IS NOT NULL OR b.debits IS NOT NULL OR l.debits IS NOT NULL)";

/// Answers as of the reader's position, or as known before it.
pub async fn ask(reader: &Reader, ask: &Ask) -> Result<Balances, ViewError> {
    let known = ask.known_at.map_or(reader.position.sequence, |known| known.min(reader.position.sequence));
    let known = i64::try_from(known.0).expect("sequences have 48 bits");
    let Some(ledger) = ledger(reader, &ask.ledger, known).await? else { return Ok(Balances::NoLedger) };
    let accounts = match accounts(reader, ledger, known, &ask.of).await? {
        Ok(accounts) => accounts,
        Err(missing) => return Ok(Balances::NoAccount(missing)),
    };
    let numbers: Vec<i64> = accounts.keys().copied().collect();
    let at = ask.at.unwrap_or(Ts(i64::MAX));
    let slot = Slot::of(at);
    let (levels, buckets): (Vec<i16>, Vec<i64>) = slot.before().into_iter().unzip();
    let rows =
        reader.query(BALANCES, &[&ledger, &known, &numbers, &at.0, &slot.start(), &levels, &buckets]).await?;
    let mut balances: Vec<Balance> = rows
        .iter()
        .map(|row| {
            let number: i64 = row.get(0);
            let account = &accounts[&number];
            let totals = totals(row, 2);
            Balance {
                number: AccountNumber(u32::try_from(number).expect("written by this view")),
                account: account.path.clone(),
                account_type: account.account_type,
                currency: AssetCode::parse(row.get(1)).expect("written by this view"),
                debits: totals.debits,
                credits: totals.credits,
            }
        })
        .collect();
    balances.sort_by(|a, b| (a.account.as_str(), a.currency).cmp(&(b.account.as_str(), b.currency)));
    Ok(Balances::Known(balances))
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub path: AccountPath,
    pub account_type: AccountType,
}

pub(super) fn account_type(text: &str) -> AccountType {
    let types = [
        AccountType::Asset,
        AccountType::Liability,
        AccountType::Equity,
        AccountType::Income,
        AccountType::Expense,
    ];
    types.into_iter().find(|of| of.as_str() == text).expect("written by this view")
}

/// Its number, if it was there then.
pub(crate) async fn ledger(reader: &Reader, ledger: &LedgerId, known: i64) -> Result<Option<i32>, ViewError> {
    let sql = "SELECT number FROM {balances}.ledgers WHERE id = $1 AND since <= $2";
    let rows = reader.query(sql, &[&ledger.as_str(), &known]).await?;
    Ok(rows.first().map(|row| row.get(0)))
}

/// By number. `Err`: the first of the paths that was no account's then.
pub(crate) async fn accounts(
    reader: &Reader,
    ledger: i32,
    known: i64,
    of: &Of,
) -> Result<Result<HashMap<i64, Account>, AccountPath>, ViewError> {
    let (paths, top): (&[AccountPath], Option<&AccountPath>) = match of {
        Of::All => {
            let rows = reader.query(ACCOUNTS, &[&ledger, &known]).await?;
            return Ok(Ok(rows.iter().map(account).collect()));
        }
        Of::Subtree(top) => (&[], Some(top)),
        Of::Accounts(paths) => (paths, None),
        Of::Both(paths, top) => (paths, Some(top)),
    };
    let named = format!(
        "{ACCOUNTS} AND a.account = (
            SELECT q.account FROM {{balances}}.paths q
            WHERE q.ledger = $1 AND q.path = $3 AND q.since <= $2 ORDER BY q.since DESC LIMIT 1)"
    );
    // `;` is the character after `:`, so that this is a range of the index.
    let below = format!("{ACCOUNTS} AND (p.path = $3 OR (p.path >= $3 || ':' AND p.path < $3 || ';'))");
    let questions = paths.iter().map(|path| (&named, path)).chain(top.map(|top| (&below, top)));
    let mut accounts = HashMap::new();
    for (sql, path) in questions {
        let rows = reader.query(sql, &[&ledger, &known, &path.as_str()]).await?;
        if rows.is_empty() {
            return Ok(Err(path.clone()));
        }
        accounts.extend(rows.iter().map(account));
    }
    Ok(Ok(accounts))
}

fn account(row: &tokio_postgres::Row) -> (i64, Account) {
    let path = AccountPath::parse(row.get(1)).expect("written by this view");
    (row.get(0), Account { path, account_type: account_type(row.get(2)) })
}
