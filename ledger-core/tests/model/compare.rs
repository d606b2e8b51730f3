//! The core's books and records beside the model's, as text.

use std::collections::BTreeMap;

use event_schemas::events::entries::Entry;
use event_schemas::{AccountType, Direction, Event, LedgerId, Record};
use ledger_core::{Books, Status};

use super::asked::Asked;
use super::money;
use super::naive::{Account, Done, Ledger, Naive};

/// Posted balances by ledger, account and currency, in minor units.
pub type Posted = BTreeMap<(String, usize, String), i128>;

fn same<T: PartialEq + std::fmt::Debug>(what: &str, core: &T, model: &T) -> Result<(), String> {
    if core == model { Ok(()) } else { Err(format!("{what}: the core has {core:?}, the model {model:?}")) }
}

pub fn everything(books: &Books, naive: &Naive) -> Result<(), String> {
    same("ledgers", &books.ledgers().len(), &naive.ledgers.len())?;
    naive.ledgers.iter().try_for_each(|theirs| ledger(books, naive, &theirs.id))
}

pub fn ledger(books: &Books, naive: &Naive, id: &str) -> Result<(), String> {
    if !naive.has_ledger(id) {
        let id = LedgerId::parse(id).expect("a valid id");
        return same("an unopened ledger", &books.ledger(&id).is_some(), &false);
    }
    let theirs = naive.ledger(id);
    let ours =
        books.ledger(&LedgerId::parse(id).expect("a valid id")).ok_or("the core has no such ledger")?;
    same("accounts", &ours.accounts().len(), &theirs.accounts.len())?;
    for (at, (account, model)) in ours.accounts().iter().zip(&theirs.accounts).enumerate() {
        same("a path", &account.path.as_str(), &model.path.as_str())?;
        same("a type", &kind(account.account_type), &model.kind)?;
        same("a status", &status(account.status), &model.state)?;
        same("a count of entries", &account.entries, &(model.entries.len() as u64))?;
        let views = ours.balances(account).into_iter().map(|view| {
            let text =
                [view.debits, view.credits, view.posted, view.pending, view.available].map(|q| q.to_string());
            (view.currency.to_string(), text)
        });
        same(&format!("balances of {id} {at}"), &views.collect(), &balances(theirs, model))?;
    }
    Ok(())
}

fn balances(ledger: &Ledger, account: &Account) -> BTreeMap<String, [String; 5]> {
    let currencies = account.entries.iter().map(|entry| entry.0.clone());
    let view = |currency: String| {
        let scale = ledger.scale(&currency).expect("known");
        let text = |minor| money::text(minor, scale);
        let posted = account.posted(&currency);
        let lowest = account.limits_in(&currency).0.unwrap_or(0);
        let (debits, credits) = (account.total(&currency, true), account.total(&currency, false));
        let view = [text(debits), text(credits), text(posted), text(0), text(posted - lowest)];
        (currency, view)
    };
    currencies.map(view).collect()
}

fn kind(kind: AccountType) -> &'static str {
    match kind {
        AccountType::Asset => "asset",
        AccountType::Liability => "liability",
        AccountType::Equity => "equity",
        AccountType::Income => "income",
        AccountType::Expense => "expense",
    }
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Open => "open",
        Status::Frozen => "frozen",
        Status::Closed => "closed",
    }
}

pub fn record(record: &Record, done: &Done) -> Result<(), String> {
    same("effective_at", &record.envelope.effective_at.0, &done.effective)?;
    let entries = entries_of(record).iter().map(|entry| {
        (
            entry.account.0,
            entry.path.as_ref().map(ToString::to_string),
            entry.direction == Direction::Debit,
            entry.amount.to_string(),
            entry.currency.to_string(),
            entry.number,
            entry.after.debits.to_string(),
            entry.after.credits.to_string(),
        )
    });
    same("entries", &entries.collect(), &done.entries)?;
    let rate = match &record.event {
        Event::RateRecorded(rate) => {
            Some((rate.base.to_string(), rate.quote.to_string(), rate.rate.to_string()))
        }
        _ => None,
    };
    same("a rate", &rate, &done.rate)?;
    let planned = match &record.event {
        Event::BudgetSet(plan) => Some((plan.direction, plan.amount, plan.starts)),
        Event::BudgetChanged(plan) => Some((plan.direction, plan.amount, plan.starts)),
        _ => None,
    };
    let planned = planned.map(|(direction, amount, starts)| {
        (direction == Direction::Debit, amount.to_string(), starts.to_string())
    });
    same("a plan", &planned, &done.planned)?;
    let dropped = match &record.event {
        Event::BudgetDropped(dropped) => Some(dropped.from.to_string()),
        _ => None,
    };
    same("a dropped plan", &dropped, &done.dropped)?;
    if let Event::TransactionPosted(posted) = &record.event {
        let opened = posted.opened.iter().map(|opened| {
            let path = opened.path.plain().expect("not sealed").to_string();
            (opened.account.0, path, kind(opened.account_type).to_owned())
        });
        same("opened accounts", &opened.collect(), &done.opened)?;
    }
    Ok(())
}

fn entries_of(record: &Record) -> &[Entry] {
    match &record.event {
        Event::TransactionPosted(posted) => &posted.entries,
        Event::TransactionReversed(reversed) => &reversed.entries,
        _ => &[],
    }
}

pub fn posted(books: &Books) -> Posted {
    let mut all = Posted::new();
    for ledger in books.ledgers() {
        for (at, account) in ledger.accounts().iter().enumerate() {
            for view in ledger.balances(account) {
                all.insert((ledger.id.to_string(), at, view.currency.to_string()), view.posted.minor);
            }
        }
    }
    all
}

/// LGR-1 to LGR-3, from the core's record and books, whatever the model made of the command.
pub fn invariants(
    books: &Books,
    record: &Record,
    naive: &Naive,
    asked: &Asked,
    before: &Posted,
) -> Result<(), String> {
    let mut nets: BTreeMap<String, i128> = BTreeMap::new();
    let id = record.envelope.ledger.as_str();
    for entry in entries_of(record) {
        let scale = naive.ledger(id).scale(entry.currency.as_str()).expect("known");
        let minor = money::minor(&entry.amount.to_string(), scale).map_err(str::to_owned)?;
        let net = nets.entry(entry.currency.to_string()).or_default();
        *net += if entry.direction == Direction::Debit { minor } else { -minor };
        let state = naive.ledger(id).accounts[entry.account.0 as usize].state;
        same("LGR-3: the state of an entry's account", &state, &"open")?;
    }
    same("LGR-1: net", &nets.values().any(|net| *net != 0), &false)?;

    let after = posted(books);
    let (mut debit_side, mut credit_side) = (BTreeMap::new(), BTreeMap::new());
    for ((id, at, currency), after) in &after {
        let account = &naive.ledger(id).accounts[*at];
        let side =
            if matches!(account.kind, "asset" | "expense") { &mut debit_side } else { &mut credit_side };
        *side.entry((id, currency)).or_insert(0) += after;
        if matches!(asked, Asked::SetLimits { .. }) {
            continue;
        }
        let before = before.get(&(id.clone(), *at, currency.clone())).copied().unwrap_or(0);
        let (lowest, highest) = account.limits_in(currency);
        let worse = lowest.is_some_and(|lowest| *after < lowest && *after < before)
            || highest.is_some_and(|highest| *after > highest && *after > before);
        same(&format!("LGR-2: account {at} from {before} to {after}"), &worse, &false)?;
    }
    debit_side.retain(|_, sum| *sum != 0);
    credit_side.retain(|_, sum| *sum != 0);
    same("LGR-1: assets and expenses beside the rest", &debit_side, &credit_side)
}
