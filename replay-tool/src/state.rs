//! The books as they were at a position, or as they were known at a time.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use event_schemas::{EffectiveAt, LedgerId, Position, Record, Sequence, Shard, Ts, Unreadable};
use event_store::{Log, LogError, StoredRow};
use futures_util::StreamExt;
use ledger_core::{Books, NoUndo, evolve};
use sequencer::snapshot::{self, SnapshotError};
use sequencer::{Fold, FoldError};
use serde::Serialize;

use crate::progress::Progress;

/// Which moment of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// After this record, or before the atomic batch that it stands in the middle of.
    Position(Position),
    /// After all that was recorded up to this time.
    Time(Ts),
    Head,
}

#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("the log cannot be folded")]
    Snapshot(#[from] SnapshotError),
    #[error("the log cannot be folded: `nexus replay verify` tells more")]
    Fold(#[from] FoldError),
    #[error("the record at {sequence} cannot be read: `nexus replay verify` tells more")]
    Unreadable {
        sequence: Sequence,
        #[source]
        source: Unreadable,
    },
    #[error("{position} is past the log's head, {head}")]
    PastHead { position: Position, head: Position },
    #[error("{position} is not in shard {shard}")]
    OtherShard { position: Position, shard: Shard },
    #[error("there is no ledger {0} at that moment")]
    NoSuchLedger(LedgerId),
}

/// All balances, and the position that they are as of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct State {
    pub as_of: Position,
    /// When the last of these records was recorded.
    pub recorded_at: String,
    pub accounts: Vec<AccountState>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountState {
    pub ledger: LedgerId,
    pub account: String,
    #[serde(rename = "type")]
    pub account_type: &'static str,
    pub status: &'static str,
    pub entries: u64,
    pub balances: Vec<BalanceState>,
}

/// In the account's own sense: positive on its normal side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BalanceState {
    pub currency: String,
    pub debits: String,
    pub credits: String,
    pub posted: String,
    pub pending: String,
    pub available: String,
}

/// Folds the log up to `at`, from the newest snapshot before it, and lists the accounts of one ledger or of all.
pub async fn state_at(
    log: &Arc<dyn Log>,
    at: At,
    ledger: Option<&LedgerId>,
    progress: &Progress,
) -> Result<State, StateError> {
    let head = Position::new(log.shard(), log.head().await?.last);
    let until = match at {
        At::Position(position) if position.shard != head.shard => {
            return Err(StateError::OtherShard { position, shard: head.shard });
        }
        At::Position(position) if position > head => return Err(StateError::PastHead { position, head }),
        At::Position(position) => position.sequence,
        At::Time(_) | At::Head => head.sequence,
    };
    let time = if let At::Time(time) = at { Some(time) } else { None };
    let mut fold = start(&**log, until, time).await?;
    progress.expect(until.0);
    let mut rows = log.rows(fold.last, Some(until));
    while let Some(row) = rows.next().await {
        let row = row?;
        let whole = row.last <= until && time.is_none_or(|time| row.recorded_at <= time);
        if whole {
            fold.row(&row, |_, _, _| {})?;
        } else {
            fold_part(&mut fold, &row, until, time)?;
            break;
        }
        progress.set(fold.last.0);
    }
    let as_of = Position::new(log.shard(), fold.last);
    let accounts = accounts(&fold.books, ledger)?;
    Ok(State { as_of, recorded_at: fold.recorded_at.to_string(), accounts })
}

/// The newest snapshot that holds nothing of what comes later.
async fn start(log: &dyn Log, until: Sequence, time: Option<Ts>) -> Result<Fold, StateError> {
    let mut before = until;
    loop {
        let fold = snapshot::newest(log, Some(before)).await?;
        let too_new = time.is_some_and(|time| fold.recorded_at > time);
        match fold.last.0.checked_sub(1) {
            Some(last) if too_new => before = Sequence(last),
            _ => return Ok(fold),
        }
    }
}

/// The beginning of a row, as far as whole batches reach.
fn fold_part(fold: &mut Fold, row: &StoredRow, until: Sequence, time: Option<Ts>) -> Result<(), StateError> {
    let folded = fold.last;
    for (sequence, line) in row.lines().filter(|(sequence, _)| *sequence > folded) {
        let record = Record::read(line).map_err(|source| StateError::Unreadable { sequence, source })?;
        let envelope = &record.envelope;
        let batch_ends = sequence.0 + u64::from(envelope.batch.count) - 1 - u64::from(envelope.batch.index);
        if batch_ends > until.0 || time.is_some_and(|time| envelope.recorded_at > time) {
            break;
        }
        evolve(&mut fold.books, &record, &mut NoUndo);
        fold.last = sequence;
        fold.recorded_at = fold.recorded_at.max(envelope.recorded_at);
    }
    Ok(())
}

fn accounts(books: &Books, only: Option<&LedgerId>) -> Result<Vec<AccountState>, StateError> {
    if let Some(id) = only.filter(|id| books.ledger(id).is_none()) {
        return Err(StateError::NoSuchLedger(id.clone()));
    }
    let mut accounts = Vec::new();
    for ledger in books.ledgers().iter().filter(|ledger| only.is_none_or(|id| ledger.id == *id)) {
        for account in ledger.accounts() {
            let balances = ledger.balances(account).into_iter().map(|balance| BalanceState {
                currency: balance.currency.to_string(),
                debits: balance.debits.to_string(),
                credits: balance.credits.to_string(),
                posted: balance.posted.to_string(),
                pending: balance.pending.to_string(),
                available: balance.available.to_string(),
            });
            accounts.push(AccountState {
                ledger: ledger.id.clone(),
                account: account.path.to_string(),
                account_type: account.account_type.as_str(),
                status: match account.status {
                    ledger_core::Status::Open => "open",
                    ledger_core::Status::Frozen => "frozen",
                    ledger_core::Status::Closed => "closed",
                },
                entries: account.entries,
                balances: balances.collect(),
            });
        }
    }
    Ok(accounts)
}

impl FromStr for At {
    type Err = String;

    /// A position, an instant, or a day: its first moment in UTC.
    fn from_str(text: &str) -> Result<At, String> {
        if let Ok(position) = text.parse() {
            return Ok(At::Position(position));
        }
        match text.parse() {
            Ok(EffectiveAt::Instant(time)) => Ok(At::Time(time)),
            Ok(EffectiveAt::Date(date)) => {
                Ok(At::Time(Ts(date.and_time(Default::default()).and_utc().timestamp_micros())))
            }
            Err(_) => {
                Err("a position reads like 1:17, a time like 2026-11-23T10:00:00Z or 2026-11-23".to_owned())
            }
        }
    }
}

impl fmt::Display for State {
    /// A line per balance; accounts without one have a line too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = vec![
            ["LEDGER", "ACCOUNT", "STATUS", "CURRENCY", "DEBITS", "CREDITS", "BALANCE"].map(str::to_owned),
        ];
        for account in &self.accounts {
            let line = |currency: &str, debits: &str, credits: &str, posted: &str| {
                let [ledger, path] = [account.ledger.as_str(), &account.account];
                [ledger, path, account.status, currency, debits, credits, posted].map(str::to_owned)
            };
            let balances =
                account.balances.iter().map(|b| line(&b.currency, &b.debits, &b.credits, &b.posted));
            lines.extend(balances);
            if account.balances.is_empty() {
                lines.push(line("", "", "", ""));
            }
        }
        let mut widths = [0; 7];
        for line in &lines {
            for (width, cell) in widths.iter_mut().zip(line) {
                *width = (*width).max(cell.chars().count());
            }
        }
        for [ledger, path, status, currency, debits, credits, balance] in &lines {
            let [l, p, s, c, d, k, b] = widths;
            let text = format!(
                "{ledger:l$}  {path:p$}  {status:s$}  {currency:c$}  {debits:>d$}  {credits:>k$}  {balance:>b$}"
            );
            writeln!(f, "{}", text.trim_end())?;
        }
        write!(f, "\nas of {}, recorded at {}", self.as_of, self.recorded_at)
    }
}
