//! The general ledger: the statements of all accounts, one after the other.

use std::collections::HashMap;

use event_schemas::{AccountNumber, AccountType};

use super::{
    Account, Answer, Ask, Line, Net, Place, account_number, just_before,
    lines::{Entry, Scope},
    moved,
};
use crate::{
    ViewError,
    builds::to_i64,
    reader::Reader,
    views::balances::{self, Balance, Of},
};

/// One page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneralLedger {
    pub accounts: Vec<AccountStatement>,
    /// With which account the next page begins, and after which of its lines. `None`: at its first.
    pub next: Option<(AccountNumber, Option<Place>)>,
}

/// An account's part of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountStatement {
    pub number: AccountNumber,
    pub account: Account,
    /// Before the period.
    pub opening: Net,
    /// Before the first of these lines.
    pub carried: Net,
    pub lines: Vec<Line>,
    /// After the last entry of the period, also if that is on a later page.
    pub closing: Net,
}

/// By account, in the order of types, then of names. Accounts that held nothing and in which nothing was entered are left out; one
/// without lines takes the room of a line. `ask.of` is not looked at: all accounts are in it.
pub async fn general_ledger(
    reader: &Reader,
    ask: &Ask,
    after: Option<(AccountNumber, Option<Place>)>,
    limit: usize,
) -> Result<Answer<GeneralLedger>, ViewError> {
    let ask = Ask { of: Of::All, ..ask.clone() };
    let known = to_i64(ask.known_at);
    let Some(ledger) = balances::ledger(reader, &ask.ledger, known).await? else {
        return Ok(Answer::NoLedger);
    };
    let accounts = match balances::accounts(reader, ledger, known, &ask.of).await? {
        Ok(accounts) => in_order(accounts),
        Err(missing) => return Ok(Answer::NoAccount(missing)),
    };
    let start = ask.start();
    let before = ask.balances(reader, Some(start.effective)).await?;
    let by_end = ask.balances(reader, ask.to).await?;
    let moved = moved(&before, &by_end);
    let (before, by_end) = (by_account(&before), by_account(&by_end));
    let all = Scope::of(reader, &ask, moved.clone()).await?;
    let first = after.map(|(account, _)| i64::from(account.0));
    let begins = |(number, _): &(i64, Account)| first.is_none_or(|first| *number == first);
    let mut room = limit;
    let (mut parts, mut running, mut next) = (Vec::new(), Vec::new(), None);
    for (number, account) in accounts.into_iter().skip_while(|account| !begins(account)) {
        let side = account.account_type.normal_side();
        let of = |balances: &HashMap<i64, Vec<Balance>>| {
            Net::of(side, balances.get(&number).map(Vec::as_slice).unwrap_or_default())
        };
        let (opening, closing) = (of(&before)?, of(&by_end)?);
        let is_moved = moved.contains(&number);
        if !is_moved && closing.is_zero() {
            continue;
        }
        if room == 0 {
            next = Some((account_number(number), None));
            break;
        }
        let resumed =
            after.filter(|(account, _)| i64::from(account.0) == number).and_then(|(_, place)| place);
        let resumed = resumed.filter(|place| *place > start);
        let scope = all.only(number);
        let carried = match resumed {
            None => opening.clone(),
            Some(place) => {
                let then = ask.balances(reader, Some(just_before(place.effective))).await?;
                let own = by_account(&then).remove(&number).unwrap_or_default();
                scope.carried(side, &own, place).await?
            }
        };
        let mut count = 0;
        if is_moved {
            let page = scope.page(resumed.unwrap_or(start), room).await?;
            count = page.entries.len();
            next = page.next.map(|place| (account_number(number), Some(place)));
            running.extend(carried.clone().running(side, page.entries)?);
        }
        room = room.saturating_sub(count.max(1));
        let number = account_number(number);
        parts.push((
            count,
            AccountStatement { number, account, opening, carried, lines: Vec::new(), closing },
        ));
        if next.is_some() {
            break;
        }
    }
    let accounts = told(&all, running, parts).await?;
    Ok(Answer::Known(GeneralLedger { accounts, next }))
}

/// Tells of all entries at once, and gives each account its own.
async fn told(
    all: &Scope<'_>,
    running: Vec<(Entry, event_schemas::Quantity)>,
    parts: Vec<(usize, AccountStatement)>,
) -> Result<Vec<AccountStatement>, ViewError> {
    let mut lines = all.lines(running).await?.into_iter();
    let parts = parts
        .into_iter()
        .map(|(count, part)| AccountStatement { lines: lines.by_ref().take(count).collect(), ..part });
    Ok(parts.collect())
}

fn in_order(accounts: HashMap<i64, Account>) -> Vec<(i64, Account)> {
    let mut accounts: Vec<(i64, Account)> = accounts.into_iter().collect();
    let place = |of: AccountType| AccountType::ALL.iter().position(|other| *other == of);
    accounts.sort_by(|(_, a), (_, b)| {
        let names =
            |account: &Account| account.path.as_str().split(':').map(str::to_owned).collect::<Vec<_>>();
        place(a.account_type).cmp(&place(b.account_type)).then_with(|| names(a).cmp(&names(b)))
    });
    accounts
}

fn by_account(balances: &[Balance]) -> HashMap<i64, Vec<Balance>> {
    let mut by_account: HashMap<i64, Vec<Balance>> = HashMap::new();
    for balance in balances {
        by_account.entry(i64::from(balance.number.0)).or_default().push(balance.clone());
    }
    by_account
}
