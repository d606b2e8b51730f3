//! What was entered in each of several periods, between its opening and its closing balance.

use std::collections::BTreeMap;

use event_schemas::{AssetCode, Direction, Quantity, Ts};

use super::{Ask, just_before};
use crate::{
    TooLarge, ViewError,
    builds::to_i64,
    reader::Reader,
    views::balances::{self, Balance},
};

/// One period, in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turnover {
    /// Above zero on the side that the statement shows, as is `closing`.
    pub opening: Quantity,
    pub debits: Quantity,
    pub credits: Quantity,
    pub closing: Quantity,
}

/// The first and the last time of effect among the entries that are asked for; `None`: there are none, or there is nobody to ask about.
pub async fn first_and_last(reader: &Reader, ask: &Ask) -> Result<Option<(Ts, Ts)>, ViewError> {
    const SPAN: &str = "
        SELECT min(first.effective), max(last.effective)
        FROM unnest($2::bigint[]) AS of (account)
        CROSS JOIN LATERAL (
            SELECT effective FROM {transactions}.entries WHERE ledger = $1 AND account = of.account AND position <= $3
            ORDER BY effective, position, leg LIMIT 1) first
        CROSS JOIN LATERAL (
            SELECT effective FROM {transactions}.entries WHERE ledger = $1 AND account = of.account AND position <= $3
            ORDER BY effective DESC, position DESC, leg DESC LIMIT 1) last";
    let known = to_i64(ask.known_at);
    let Some(ledger) = balances::ledger(reader, &ask.ledger, known).await? else { return Ok(None) };
    let Ok(accounts) = balances::accounts(reader, ledger, known, &ask.of).await? else { return Ok(None) };
    let accounts: Vec<i64> = accounts.into_keys().collect();
    // Both views number ledgers in the order in which they were opened.
    let rows = reader.query(SPAN, &[&ledger, &accounts, &known]).await?;
    let span = rows.first().and_then(|row| row.get::<_, Option<i64>>(0).zip(row.get(1)));
    Ok(span.map(|(first, last)| (Ts(first), Ts(last))))
}

/// Of periods that follow upon one another, each given by its first and its last moment; the ledger and the accounts are there.
pub async fn turnovers(
    reader: &Reader,
    ask: &Ask,
    side: Direction,
    periods: &[(Ts, Ts)],
) -> Result<Vec<BTreeMap<AssetCode, Turnover>>, ViewError> {
    let Some((first, _)) = periods.first() else { return Ok(Vec::new()) };
    let mut before = sums(&ask.balances(reader, Some(just_before(*first))).await?)?;
    let mut turnovers = Vec::with_capacity(periods.len());
    for (_, last) in periods {
        let by_end = sums(&ask.balances(reader, Some(*last)).await?)?;
        let turnover = |(currency, end): (&AssetCode, &Sums)| {
            let zero = Sums { debits: 0, credits: 0, scale: end.scale };
            let begin = before.get(currency).unwrap_or(&zero);
            let quantity = |minor| Quantity::new(minor, end.scale);
            let turnover = Turnover {
                opening: quantity(begin.on(side)),
                debits: quantity(end.debits - begin.debits),
                credits: quantity(end.credits - begin.credits),
                closing: quantity(end.on(side)),
            };
            (*currency, turnover)
        };
        turnovers.push(by_end.iter().map(turnover).collect());
        before = by_end;
    }
    Ok(turnovers)
}

struct Sums {
    debits: i128,
    credits: i128,
    scale: u8,
}

impl Sums {
    /// Neither is below zero.
    fn on(&self, side: Direction) -> i128 {
        let debits_less_credits = self.debits - self.credits;
        if side == Direction::Debit { debits_less_credits } else { -debits_less_credits }
    }
}

fn sums(balances: &[Balance]) -> Result<BTreeMap<AssetCode, Sums>, TooLarge> {
    let mut sums: BTreeMap<AssetCode, Sums> = BTreeMap::new();
    for balance in balances {
        let scale = balance.debits.scale;
        let sum = sums.entry(balance.currency).or_insert(Sums { debits: 0, credits: 0, scale });
        let too_large = || TooLarge::total(balance.currency);
        sum.debits = sum.debits.checked_add(balance.debits.minor).ok_or_else(too_large)?;
        sum.credits = sum.credits.checked_add(balance.credits.minor).ok_or_else(too_large)?;
    }
    Ok(sums)
}
