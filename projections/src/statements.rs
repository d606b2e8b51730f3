//! Statements: the entries of accounts in a period, each with the balance after it, between an opening and a closing balance.
//!
//! Asked of two views in one reading: the balances say what was there before a moment, the transactions what came after it. So a page
//! costs its own lines, wherever in the statement it begins.

mod general_ledger;
mod lines;
mod net;
mod periods;

use std::collections::HashMap;

use event_schemas::{AccountNumber, AccountPath, AssetCode, Direction, LedgerId, Quantity, Sequence, Ts};

pub use general_ledger::{AccountStatement, GeneralLedger, general_ledger};
pub use net::Net;
pub use periods::{Turnover, first_and_last, turnovers};

use crate::{
    ViewError,
    builds::to_i64,
    reader::Reader,
    views::balances::{self, Account, Balance, Of},
};
use lines::Scope;

/// Whose entries, of which period, as known when.
#[derive(Debug, Clone)]
pub struct Ask {
    pub ledger: LedgerId,
    pub of: Of,
    /// The first moment of the period. `None`: from the beginning.
    pub from: Option<Ts>,
    /// The last moment of the period. `None`: all that is known.
    pub to: Option<Ts>,
    /// Records up to this one; the reader has read it.
    pub known_at: Sequence,
}

/// The place of an entry in a statement: by time of effect, then by record, then by its place in its transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub effective: Ts,
    pub position: Sequence,
    pub leg: i16,
}

/// One page of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The account, when it is of one alone.
    pub account: Option<(AccountNumber, Account)>,
    /// The side on which balances are above zero: an account's normal side; debits for several.
    pub side: Direction,
    /// Before the period.
    pub opening: Net,
    /// Before the first line of this page.
    pub carried: Net,
    pub lines: Vec<Line>,
    /// After the last entry of the period, also if that is on a later page.
    pub closing: Net,
    /// Where the next page begins, if there is one: after this.
    pub next: Option<Place>,
}

/// An entry, and what it came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub place: Place,
    pub recorded_at: Ts,
    /// The transaction's id in its ledger.
    pub transaction: String,
    /// Whether the transaction reverses another.
    pub is_reversal: bool,
    pub account: AccountPath,
    pub direction: Direction,
    pub currency: AssetCode,
    pub amount: Quantity,
    /// In this currency, after the entry.
    pub balance: Quantity,
    pub description: Option<String>,
    pub reference: Option<String>,
    pub category: Option<String>,
    pub memo: Option<String>,
    pub tags: Vec<String>,
    /// The accounts on the other side of the transaction in this currency, in its order; at most [`COUNTER_ACCOUNTS_MAX`].
    pub counter_accounts: Vec<AccountPath>,
    /// How many more there are.
    pub counter_accounts_more: usize,
}

/// After every record: sequences have 48 bits.
const LAST: Sequence = Sequence((1 << 48) - 1);

/// So that the lines of a transaction with thousands of entries do not each tell thousands of accounts.
pub const COUNTER_ACCOUNTS_MAX: usize = 8;

/// What a question came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer<T> {
    /// The ledger was not there then.
    NoLedger,
    /// The first of the paths that was no account's then.
    NoAccount(AccountPath),
    Known(T),
}

/// A page of at most `limit` lines after a place, or the first. The reader has balances and transactions.
pub async fn statement(
    reader: &Reader,
    ask: &Ask,
    after: Option<Place>,
    limit: usize,
) -> Result<Answer<Statement>, ViewError> {
    let known = to_i64(ask.known_at);
    let Some(ledger) = balances::ledger(reader, &ask.ledger, known).await? else {
        return Ok(Answer::NoLedger);
    };
    let accounts = match balances::accounts(reader, ledger, known, &ask.of).await? {
        Ok(accounts) => accounts,
        Err(missing) => return Ok(Answer::NoAccount(missing)),
    };
    let is_single = matches!(&ask.of, Of::Accounts(paths) if paths.len() == 1);
    let account = accounts.into_iter().next().filter(|_| is_single);
    let side = account.as_ref().map_or(Direction::Debit, |(_, account)| account.account_type.normal_side());
    let start = ask.start();
    let before = ask.balances(reader, Some(start.effective)).await?;
    let by_end = ask.balances(reader, ask.to).await?;
    let (opening, closing) = (Net::of(side, &before)?, Net::of(side, &by_end)?);
    let scope = Scope::of(reader, ask, moved(&before, &by_end)).await?;
    let after = after.filter(|after| *after > start);
    let carried = match after {
        None => opening.clone(),
        Some(after) => {
            let before = ask.balances(reader, Some(just_before(after.effective))).await?;
            scope.carried(side, &before, after).await?
        }
    };
    let page = scope.page(after.unwrap_or(start), limit).await?;
    let lines = scope.lines(carried.clone().running(side, page.entries)?).await?;
    let account = account.map(|(number, account)| (account_number(number), account));
    Ok(Answer::Known(Statement { account, side, opening, carried, lines, closing, next: page.next }))
}

/// The accounts in which something was entered between two moments.
fn moved(before: &[Balance], by_end: &[Balance]) -> Vec<i64> {
    let before: HashMap<(AccountNumber, AssetCode), &Balance> =
        before.iter().map(|balance| ((balance.number, balance.currency), balance)).collect();
    let is_moved = |balance: &&Balance| match before.get(&(balance.number, balance.currency)) {
        // Amounts are more than zero: with every entry a sum grows.
        Some(before) => (before.debits, before.credits) != (balance.debits, balance.credits),
        None => true,
    };
    let mut moved: Vec<i64> =
        by_end.iter().filter(is_moved).map(|balance| i64::from(balance.number.0)).collect();
    moved.dedup();
    moved
}

impl Ask {
    /// Just before the first place of the period.
    fn start(&self) -> Place {
        let effective = self.from.map_or(Ts(i64::MIN), just_before);
        Place { effective, position: LAST, leg: i16::MAX }
    }

    /// The ledger and the accounts are there.
    async fn balances(&self, reader: &Reader, at: Option<Ts>) -> Result<Vec<Balance>, ViewError> {
        let ask = balances::Ask {
            ledger: self.ledger.clone(),
            of: self.of.clone(),
            at,
            known_at: Some(self.known_at),
        };
        match balances::ask(reader, &ask).await? {
            balances::Answer::Known(known) => Ok(known),
            missing => unreachable!("found in the same reading: {missing:?}"),
        }
    }
}

fn just_before(time: Ts) -> Ts {
    Ts(time.0.saturating_sub(1))
}

fn account_number(number: i64) -> AccountNumber {
    AccountNumber(u32::try_from(number).expect("written by a view"))
}
