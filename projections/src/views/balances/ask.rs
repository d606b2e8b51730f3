//! The questions that the balances answer.

use std::{collections::HashMap, sync::LazyLock};

use event_schemas::{AccountNumber, AccountPath, AccountType, AssetCode, LedgerId, Quantity, Sequence, Ts};

use super::{
    fold::totals,
    held::{self, CREDITS, DEBITS, IS_ANY, Moment},
    slots::Slot,
};
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
pub(super) const ACCOUNTS: &str = "
    SELECT a.account, p.path, a.account_type
    FROM {balances}.paths p JOIN {balances}.accounts a USING (ledger, account)
    WHERE p.ledger = $1 AND p.since <= $2 AND p.until > $2";

/// `$1` ledger, `$2` known, `$3` accounts, `$4` at, `$5` begin of at's slot, `$6`/`$7` levels and buckets before it.
static BALANCES: LazyLock<String> = LazyLock::new(|| {
    let joins = held::joins(&Moment {
        of: "{balances}",
        at: "$4",
        start: "$5",
        before: "unnest($6::int2[], $7::bigint[])",
    });
    format!(
        "SELECT h.account, h.currency, ({DEBITS})::text, ({CREDITS})::text
         FROM {{balances}}.holdings h {joins}
         WHERE h.ledger = $1 AND h.account = ANY ($3) AND h.since <= $2 AND {IS_ANY}"
    )
});

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
    let rows = reader
        .query(&BALANCES, &[&ledger, &known, &numbers, &at.0, &slot.start(), &levels, &buckets])
        .await?;
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
