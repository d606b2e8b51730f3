//! Budgets, as the documentation says: which plans are made up, and what becomes of them.

use proptest::prelude::*;
use proptest::sample::select;

use super::asked::{Name, Plan};
use super::generate::{CURRENCIES, PATHS, amount};
use super::naive::{Code, Done, Ledger, kind_of};
use super::{calendar, money};

pub const BUDGETS: &[&str] = &["food", "food", "rent", "fun"];
/// Days on which periods begin or end, and others.
pub const DAYS: &[&str] = &[
    "2026-11-01",
    "2026-11-23",
    "2026-11-24",
    "2026-11-29",
    "2026-11-30",
    "2026-10-01",
    "2026-01-01",
    "2026-12-31",
    "2027-01-01",
    "2027-03-31",
    "1969-12-01",
    "1969-12-31",
    "1970-01-05",
    "9999-12-27",
    "9999-12-31",
    "0001-01-01",
    "2024-02-29",
];
pub fn plan() -> impl Strategy<Value = Plan> {
    let of = (proptest::option::of(select(PATHS)), proptest::option::of(select(&["food", "fun"][..])));
    let direction = proptest::option::weighted(0.3, select(&["debit", "credit"][..]));
    let money = (select(CURRENCIES), prop_oneof![4 => amount(), 1 => Just("0".to_owned())]);
    let days = (proptest::option::of(select(DAYS)), proptest::option::weighted(0.3, select(DAYS)));
    let period = select(&["week", "month", "month", "quarter", "year"][..]);
    (of, direction, money, period, days, select(&["none", "remaining", "all"][..])).prop_map(
        |((account, category), direction, (currency, amount), period, (starts, ends), carry_over)| Plan {
            account: account.map(str::to_owned),
            category: category.map(str::to_owned),
            direction: direction.map(str::to_owned),
            currency: currency.to_owned(),
            amount,
            period: period.to_owned(),
            starts: starts.map(str::to_owned),
            ends: ends.map(str::to_owned),
            carry_over: carry_over.to_owned(),
        },
    )
}

pub fn set(ledger: &mut Ledger, change: bool, budget: &str, plan: &Plan, now: i64) -> Result<Done, Code> {
    let there = ledger.budgets.iter().any(|(id, _)| id == budget);
    if there != change {
        return Err(if there { "budget_already_exists" } else { "budget_not_found" });
    }
    let planned = Some(check_plan(ledger, plan, now)?);
    ledger.budgets.retain(|(id, _)| id != budget);
    ledger.budgets.push((budget.to_owned(), plan.period.clone()));
    Ok(Done { effective: now, planned, ..Done::default() })
}

pub fn drop(ledger: &mut Ledger, budget: &str, from: Option<&str>, now: i64) -> Result<Done, Code> {
    let at = ledger.budgets.iter().position(|(id, _)| id == budget).ok_or("budget_not_found")?;
    let period = ledger.budgets[at].1.clone();
    let today = calendar::date_of(&ledger.zone, now);
    let from = from.map_or_else(|| calendar::begin(&period, &today), str::to_owned);
    if calendar::begin(&period, &from) != from {
        return Err("period_is_not_whole");
    }
    ledger.budgets.remove(at);
    Ok(Done { effective: now, dropped: Some(from), ..Done::default() })
}

/// Debits count, amount, first day.
fn check_plan(ledger: &Ledger, plan: &Plan, now: i64) -> Result<(bool, String, String), Code> {
    if plan.account.is_none() && plan.category.is_none() {
        return Err("budget_is_for_nothing");
    }
    let usual = match &plan.account {
        None => Some(true),
        Some(path) => {
            let there = ledger.find(&Name::Path(path.clone())).map(|at| ledger.accounts[at].kind);
            there.or_else(|| kind_of(path)).map(|kind| matches!(kind, "asset" | "expense"))
        }
    };
    let said = plan.direction.as_ref().map(|side| side == "debit");
    let debits = said.or(usual).ok_or("budget_direction_is_unknown")?;
    let scale = ledger.scale(&plan.currency).ok_or("asset_not_found")?;
    let amount = money::text(money::minor(&plan.amount, scale)?, scale);
    let today = calendar::date_of(&ledger.zone, now);
    let starts = plan.starts.clone().unwrap_or_else(|| calendar::begin(&plan.period, &today));
    let begins = calendar::begin(&plan.period, &starts) == starts;
    let ends_whole = plan.ends.as_ref().is_none_or(|ends| match calendar::day_after(ends) {
        Some(next) => calendar::begin(&plan.period, &next) == next,
        None => true,
    });
    if !begins || !ends_whole {
        return Err("period_is_not_whole");
    }
    // Days compare as their texts do.
    if starts.as_str() < "1970-01-01" {
        return Err("budget_starts_too_early");
    }
    if plan.ends.as_ref().is_some_and(|ends| *ends < starts) {
        return Err("budget_ends_before_it_starts");
    }
    Ok((debits, amount, starts))
}
