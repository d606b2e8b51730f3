//! What posting and reversing share: the totals after every leg, the limits, and the change to the books.

use event_schemas::events::entries::{After, Entry};
use event_schemas::{AccountNumber, AccountPath, AccountType, Direction, Quantity};

use crate::amount::AMOUNT_MINOR_MAX;
use crate::assets::AssetRef;
use crate::limits::Broken;
use crate::refusal::{Refusal, RefusalKind};
use crate::state::{Account, Balance, Ledger, Pending, Status, index};
use crate::undo::{Journal, Undo};

/// One leg, with its account and asset found. The account may be one that this very transaction opens.
#[derive(Debug, Clone)]
pub(super) struct Leg {
    pub account: AccountNumber,
    pub path: AccountPath,
    pub account_type: AccountType,
    pub direction: Direction,
    pub minor: i128,
    pub asset: AssetRef,
    pub scale: u8,
}

/// The account's count of entries and its totals, after a leg.
#[derive(Debug, Clone)]
pub(super) struct Totals {
    pub number: u64,
    pub balance: Balance,
}

/// An entry may name this account now.
pub(super) fn usable(account: &Account, leg: usize) -> Result<(), Refusal> {
    let kind = match account.status {
        Status::Open => return Ok(()),
        Status::Frozen => RefusalKind::AccountIsFrozen,
        Status::Closed => RefusalKind::AccountIsClosed,
    };
    Err(Refusal::at(kind, format!("/entries/{leg}/account")).with("account", &account.path))
}

/// The totals after each leg, in order, all within the accounts' limits.
pub(super) fn totals(ledger: &Ledger, legs: &[Leg]) -> Result<Vec<Totals>, Refusal> {
    let mut totals: Vec<Totals> = Vec::with_capacity(legs.len());
    for (at, leg) in legs.iter().enumerate() {
        // Few legs, so looking back over them is quicker than any map.
        let earlier = || legs[..at].iter().zip(&totals).rev();
        let on_account = earlier().find(|(other, _)| other.account == leg.account);
        let in_asset = earlier().find(|(other, _)| other.account == leg.account && other.asset == leg.asset);
        let account = ledger.accounts().get(index(leg.account));
        let entries = on_account.map_or_else(|| account.map_or(0, |a| a.entries), |(_, t)| t.number);
        let mut balance = in_asset.map_or_else(
            || account.map_or(Balance::zero(leg.asset), |a| a.balance(leg.asset)),
            |(_, t)| t.balance.clone(),
        );
        let side = match leg.direction {
            Direction::Debit => &mut balance.debits,
            Direction::Credit => &mut balance.credits,
        };
        *side = side.checked_add(leg.minor).ok_or_else(|| {
            Refusal::at(RefusalKind::BalanceOverflows, format!("/entries/{at}/amount"))
                .with("account", &leg.path)
        })?;
        let number = entries.checked_add(1).expect("an account has fewer than 2^64 entries");
        totals.push(Totals { number, balance });
    }
    check_limits(ledger, legs, &totals)?;
    Ok(totals)
}

/// LGR-2: nothing moves a balance past, or further past, its limit. What counts is the whole transaction, not its legs one by one:
/// each balance is checked once, at its last leg.
fn check_limits(ledger: &Ledger, legs: &[Leg], totals: &[Totals]) -> Result<(), Refusal> {
    for (at, (leg, after)) in legs.iter().zip(totals).enumerate() {
        let Some(account) = ledger.accounts().get(index(leg.account)) else { continue };
        let Some(limits) = account.limits_in(leg.asset) else { continue };
        let same = |other: &Leg| other.account == leg.account && other.asset == leg.asset;
        if legs[at..].iter().skip(1).any(same) {
            continue;
        }
        let kind = account.account_type;
        let (before, after) = (account.balance(leg.asset), &after.balance);
        let (low, high) = reach(&before, kind);
        let Some(broken) = limits.broken((low, high), reach(after, kind)) else { continue };
        let at_fault = |side: Direction| {
            let leg = legs
                .iter()
                .position(|other| same(other) && other.direction == side)
                .expect("some leg moved the balance");
            format!("/entries/{leg}/amount")
        };
        let figures = |refusal, pointer: String, limit: i128, available: i128| {
            Refusal::at(refusal, pointer)
                .with("account", &leg.path)
                .with("currency", ledger.code(leg.asset))
                .with("balance", ledger.quantity(leg.asset, before.posted(kind)))
                .with("limit", ledger.quantity(leg.asset, limit))
                .with("available", ledger.quantity(leg.asset, available.max(0)))
        };
        return Err(match broken {
            Broken::Floor(lowest) => {
                let pointer = at_fault(kind.normal_side().opposite());
                figures(RefusalKind::BalanceBelowFloor, pointer, lowest, low.saturating_sub(lowest))
            }
            Broken::Ceiling(ceiling) => {
                let pointer = at_fault(kind.normal_side());
                figures(RefusalKind::BalanceAboveCeiling, pointer, ceiling, ceiling.saturating_sub(high))
            }
        });
    }
    Ok(())
}

/// The lowest and the highest that the balance can become, whatever becomes of what is pending.
fn reach(balance: &Balance, account_type: AccountType) -> (i128, i128) {
    let posted = balance.posted(account_type);
    let (added, taken) = balance.pending(account_type);
    (posted.saturating_sub(taken), posted.saturating_add(added))
}

/// The totals as an entry records them.
pub(super) fn after(totals: &Totals, scale: u8) -> After {
    let quantity = |minor| Quantity::new(minor, scale);
    let pending = |side: fn(&Pending) -> i128| {
        totals.balance.pending.as_deref().map(side).filter(|minor| *minor != 0).map(quantity)
    };
    After {
        debits: quantity(totals.balance.debits),
        credits: quantity(totals.balance.credits),
        pending_debits: pending(|pending| pending.debits),
        pending_credits: pending(|pending| pending.credits),
    }
}

/// Applies entries to the books, and holds the books against what the entries say.
pub(super) fn apply(ledger: &mut Ledger, place: u32, entries: &[Entry], journal: &mut impl Journal) {
    assert_balanced(entries);
    let mut limited = false;
    for entry in entries {
        let (asset, scale) = ledger.asset(entry.currency).expect("decide refuses unknown assets");
        assert_eq!(entry.amount.scale, scale, "an entry's amount has its currency's decimals");
        let minor = entry.amount.minor;
        assert!(0 < minor && minor <= AMOUNT_MINOR_MAX, "LGR-1: an amount is positive, its side a direction");
        let account =
            ledger.accounts.get_mut(index(entry.account)).expect("LGR-3: an entry names an account");
        assert_eq!(account.account_type, entry.account_type, "LGR-6: the account's type, replayed");
        assert_eq!(account.status, Status::Open, "LGR-3: an entry names an open account");
        let slot = account.balances.iter().position(|balance| balance.asset == asset);
        journal.note(Undo::Posted(
            place,
            entry.account,
            account.entries,
            slot.unwrap_or(account.balances.len()),
            slot.map(|slot| account.balances[slot].clone()),
        ));
        let slot = slot.unwrap_or_else(|| {
            account.balances.push(Balance::zero(asset));
            account.balances.len().saturating_sub(1)
        });
        let balance = &mut account.balances[slot];
        let side = match entry.direction {
            Direction::Debit => &mut balance.debits,
            Direction::Credit => &mut balance.credits,
        };
        *side = side.checked_add(minor).expect("decide refuses what overflows");
        account.entries = account.entries.checked_add(1).expect("an account has fewer than 2^64 entries");
        assert_eq!(account.entries, entry.number, "LGR-6: the entry's number, replayed");
        assert_eq!(balance.debits, entry.after.debits.minor, "LGR-6: the debits after, replayed");
        assert_eq!(balance.credits, entry.after.credits.minor, "LGR-6: the credits after, replayed");
        limited |= account.limits.is_some();
    }
    if limited {
        assert_limits(ledger, entries);
    }
}

/// LGR-2, once more where a record enters the books, which already hold its entries.
fn assert_limits(ledger: &Ledger, entries: &[Entry]) {
    for entry in entries {
        let account = &ledger.accounts[index(entry.account)];
        let (asset, _) = ledger.asset(entry.currency).expect("its entry was applied");
        let Some(limits) = account.limits_in(asset) else { continue };
        let after = account.balance(asset);
        let mut before = after.clone();
        for same in entries.iter().filter(|e| e.account == entry.account && e.currency == entry.currency) {
            let side = match same.direction {
                Direction::Debit => &mut before.debits,
                Direction::Credit => &mut before.credits,
            };
            *side = side.checked_sub(same.amount.minor).expect("it was added");
        }
        let kind = account.account_type;
        let broken = limits.broken(reach(&before, kind), reach(&after, kind));
        assert_eq!(broken, None, "LGR-2: a limit of account {} holds", entry.account.0);
    }
}

/// LGR-1, once more where a record enters the books: debits = credits in every currency.
fn assert_balanced(entries: &[Entry]) {
    for (at, entry) in entries.iter().enumerate() {
        if entries[..at].iter().any(|earlier| earlier.currency == entry.currency) {
            continue;
        }
        let same = entries.iter().filter(|other| other.currency == entry.currency);
        let net = same.fold(0_i128, |net, other| match other.direction {
            Direction::Debit => net.checked_add(other.amount.minor).expect("500 amounts of 96 bits fit"),
            Direction::Credit => net.checked_sub(other.amount.minor).expect("500 amounts of 96 bits fit"),
        });
        assert_eq!(net, 0, "LGR-1: debits equal credits in {}", entry.currency);
    }
}
