//! Recorded exchange rates on two time axes, and how money is valued by them.
//!
//! A currency is valued at the newest rate between it and the other, in whichever direction it was recorded: the latest in effect by
//! the time asked, of those the last recorded. Rates are never chained through a third currency.

use std::collections::BTreeMap;

use async_trait::async_trait;
use event_schemas::{
    AssetCode, Contract, Event, LedgerId, Position, Rate, Record, Sealed, Sequence, Ts, events::RateRecorded,
};
use tokio_postgres::{Row, Transaction};

use crate::{
    ViewError,
    builds::to_i64,
    reader::Reader,
    rows::Rows,
    valuation::{RateUsed, Unconverted, Valuation},
    view::{Poison, View},
};

/// The view. It keeps nothing in memory.
#[derive(Default)]
pub struct Rates;

#[async_trait]
impl View for Rates {
    fn name(&self) -> &'static str {
        "rates"
    }

    fn version(&self) -> u16 {
        1
    }

    fn consumes(&self) -> &'static [&'static str] {
        &[RateRecorded::NAME]
    }

    fn tables(&self) -> &'static str {
        include_str!("rates/tables.sql")
    }

    async fn apply(&mut self, transaction: &Transaction<'_>, records: &[Record]) -> Result<(), ViewError> {
        let mut rates = Rows::new("rates");
        for Record { envelope, event } in records {
            let Event::RateRecorded(recorded) = event else {
                unreachable!("{} is not consumed", event.name())
            };
            rates.text(envelope.ledger.as_str()).text(recorded.base.as_str()).text(recorded.quote.as_str());
            rates
                .number(envelope.effective_at.0)
                .number(to_i64(envelope.sequence))
                .number(envelope.recorded_at.0);
            rates.text(&recorded.rate.to_string());
            // What is sealed cannot be shown.
            let source = recorded.source.as_ref().and_then(Sealed::plain);
            if source.is_some_and(|source| source.contains('\0')) {
                let reason = "its source has the character NUL, which Postgres does not keep".to_owned();
                return Err(Poison { sequence: envelope.sequence, reason }.into());
            }
            rates.maybe(source.map(String::as_str), Rows::text).end();
        }
        rates.store(transaction).await
    }

    fn forget(&mut self) {}
}

/// What is to be valued: `$1` ledger, `$2` currency of the values, `$3` currencies, `$4` at, `$5` known.
const NEWEST: &str = "
    SELECT c.code, newest.base, newest.quote, newest.rate, newest.effective, newest.position, newest.recorded_at,
           newest.source,
           EXISTS (SELECT FROM {rates}.rates WHERE ledger = $1 AND base = c.code AND quote = $2 AND position <= $5)
               OR EXISTS (SELECT FROM {rates}.rates WHERE ledger = $1 AND base = $2 AND quote = c.code AND position <= $5)
    FROM unnest($3::text[]) AS c (code)
    LEFT JOIN LATERAL (
        (SELECT * FROM {rates}.rates
         WHERE ledger = $1 AND base = c.code AND quote = $2 AND effective <= $4 AND position <= $5
         ORDER BY effective DESC, position DESC LIMIT 1)
        UNION ALL
        (SELECT * FROM {rates}.rates
         WHERE ledger = $1 AND base = $2 AND quote = c.code AND effective <= $4 AND position <= $5
         ORDER BY effective DESC, position DESC LIMIT 1)
        ORDER BY effective DESC, position DESC LIMIT 1
    ) newest ON true";

/// In what to value, and by the rates of which moment.
#[derive(Debug, Clone)]
pub struct Ask {
    pub ledger: LedgerId,
    pub currency: AssetCode,
    /// Digits after its point.
    pub scale: u8,
    /// Rates in effect by then. `None`: the latest that are known.
    pub at: Option<Ts>,
    pub known_at: Sequence,
}

/// The rates for these currencies.
pub async fn valuation(
    reader: &Reader,
    ask: &Ask,
    currencies: impl IntoIterator<Item = AssetCode>,
) -> Result<Valuation, ViewError> {
    let others: Vec<AssetCode> =
        currencies.into_iter().filter(|currency| *currency != ask.currency).collect();
    let codes: Vec<&str> = others.iter().map(AssetCode::as_str).collect();
    let at = ask.at.unwrap_or(Ts(i64::MAX)).0;
    let (ledger, currency, known) = (ask.ledger.as_str(), ask.currency.as_str(), to_i64(ask.known_at));
    let rows = match codes.is_empty() {
        true => Vec::new(),
        false => reader.query(NEWEST, &[&ledger, &currency, &codes, &at, &known]).await?,
    };
    let rates: BTreeMap<AssetCode, _> = rows.iter().map(|row| (code(row, 0), rate(reader, row))).collect();
    Ok(Valuation::new(ask.currency, ask.scale, rates))
}

fn code(row: &Row, column: usize) -> AssetCode {
    AssetCode::parse(row.get(column)).expect("written by this view")
}

fn rate(reader: &Reader, row: &Row) -> Result<RateUsed, Unconverted> {
    let Some(rate) = row.get::<_, Option<&str>>(3) else {
        return Err(if row.get(8) { Unconverted::NoRateYet } else { Unconverted::NoRate });
    };
    let sequence = u64::try_from(row.get::<_, i64>(5)).expect("written by this view");
    Ok(RateUsed {
        base: code(row, 1),
        quote: code(row, 2),
        rate: Rate::parse(rate).expect("written by this view"),
        effective_at: Ts(row.get(4)),
        recorded_at: Ts(row.get(6)),
        position: Position::new(reader.position.shard, Sequence(sequence)),
        source: row.get(7),
    })
}
