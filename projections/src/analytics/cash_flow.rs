//! Where cash came from and went to, in periods.
//!
//! Told from the other side: each account that is not cash counts with what it gave or took over the period as a whole, so that moving
//! money between two cash accounts is no flow, and a card that is paid off within the period is none either.

use std::collections::{BTreeMap, HashSet};

use event_schemas::{AccountPath, AccountType, AssetCode, Quantity};

use super::{Answer, Ask, Interval, Nets, Times, result::top};
use crate::{
    TooLarge, ViewError,
    reader::Reader,
    views::balances::series::{Chain, Named, Series},
};

/// One period in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CashFlow {
    pub currency: AssetCode,
    /// In cash before the period.
    pub opening: Quantity,
    /// From accounts that gave.
    pub inflow: Quantity,
    /// To accounts that took: positive.
    pub outflow: Quantity,
    pub closing: Quantity,
    /// What others gave (above zero) or took (below), by the first names of their paths.
    pub others: Vec<(String, Quantity)>,
}

/// For each interval, by currency. Cash is what is in these accounts and below them; or, where none is named, in all assets.
pub async fn cash_flow(
    reader: &Reader,
    ask: &Ask<'_>,
    cash: &[AccountPath],
    depth: Option<usize>,
    intervals: &[Interval],
) -> Result<Answer<Vec<Vec<CashFlow>>>, ViewError> {
    let Some(series) = Series::of(reader, ask.ledger, ask.known_at).await? else {
        return Ok(Answer::NoLedger);
    };
    let accounts = series.accounts().await?;
    let mut in_cash: HashSet<i64> = HashSet::new();
    for path in cash {
        let below = series.below(path).await?;
        if below.is_empty() {
            return Ok(Answer::NoAccount(path.clone()));
        }
        in_cash.extend(below.into_iter().map(|account| account.number));
    }
    if cash.is_empty() {
        let assets = accounts.iter().filter(|account| account.account_type == AccountType::Asset);
        in_cash.extend(assets.map(|account| account.number));
    }
    // Group 0 is cash; every other account is a group of its own.
    let others: Vec<&Named> = accounts.iter().filter(|account| !in_cash.contains(&account.number)).collect();
    let mut who: Vec<(i64, i32)> = in_cash.into_iter().map(|number| (number, 0)).collect();
    who.extend((1..).zip(&others).map(|(group, account)| (account.number, group)));
    let times = Times::of(intervals);
    let nets = Nets::of(&series.sums(Chain::Account, &who, &times.0).await?);
    let flows = intervals
        .iter()
        .map(|(after, until)| flow(&nets, (times.place(*after), times.place(*until)), &others, depth));
    Ok(Answer::Known(flows.collect::<Result<_, _>>()?))
}

fn flow(
    nets: &Nets,
    (after, until): (usize, usize),
    others: &[&Named],
    depth: Option<usize>,
) -> Result<Vec<CashFlow>, TooLarge> {
    let opening: BTreeMap<AssetCode, Quantity> = nets.at(after, 0).into_iter().collect();
    let mut flows: BTreeMap<AssetCode, (CashFlow, BTreeMap<&str, i128>)> = BTreeMap::new();
    let of = |currency: AssetCode, scale: u8| {
        let zero = Quantity::new(0, scale);
        let others = Vec::new();
        (
            CashFlow { currency, opening: zero, inflow: zero, outflow: zero, closing: zero, others },
            BTreeMap::new(),
        )
    };
    for (currency, closing) in nets.at(until, 0) {
        let (flow, _) = flows.entry(currency).or_insert_with(|| of(currency, closing.scale));
        flow.opening = opening.get(&currency).copied().unwrap_or(flow.opening);
        flow.closing = closing;
    }
    for (group, account) in (1..).zip(others) {
        for (currency, moved) in nets.moved((after, until), group)? {
            let (flow, tops) = flows.entry(currency).or_insert_with(|| of(currency, moved.scale));
            // What is credited to them is debited to cash.
            let too_large = || TooLarge::total(currency).of(&account.path);
            let gave = moved.minor.checked_neg().ok_or_else(too_large)?;
            let size = gave.checked_abs().ok_or_else(too_large)?;
            let side = if gave > 0 { &mut flow.inflow } else { &mut flow.outflow };
            side.minor = side.minor.checked_add(size).ok_or(TooLarge::total(currency))?;
            let sum = tops.entry(top(&account.path, depth)).or_default();
            *sum = sum.checked_add(gave).ok_or(TooLarge::total(currency))?;
        }
    }
    let flows = flows.into_values().map(|(mut flow, tops)| {
        let scale = flow.closing.scale;
        let others = tops.into_iter().filter(|(_, gave)| *gave != 0);
        flow.others = others.map(|(name, gave)| (name.to_owned(), Quantity::new(gave, scale))).collect();
        flow
    });
    Ok(flows.collect())
}
