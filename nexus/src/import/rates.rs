//! A journal's prices become recorded rates, each once.

use std::collections::BTreeMap;

use anyhow::Result;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::NaiveDate;
use event_schemas::{AssetCode, Position, SCALE_MAX};
use futures_util::{StreamExt, stream};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::ledger::Ledger;
use crate::{
    client::Problem,
    journal::{Assets, LeftOut, Price},
};

/// Rates that are asked for at once.
const AT_ONCE: usize = 16;

/// A day's rate: what is recorded, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Rate {
    pub key: String,
    pub body: Value,
    price: LeftOut,
}

/// What became of the prices.
#[derive(Debug, Default)]
pub struct Rates {
    pub recorded: u64,
    pub already_there: u64,
    /// Those that the ledger refused, or that are no rates.
    pub refused: Vec<LeftOut>,
}

/// The last price of each day, as hledger takes it. What is no rate is told.
pub fn of_prices(prices: &[Price], assets: &Assets) -> (Vec<Rate>, Vec<LeftOut>) {
    let mut last: BTreeMap<(NaiveDate, AssetCode, AssetCode), &Price> = BTreeMap::new();
    let mut refused = Vec::new();
    for price in prices {
        let (base, quote) = (assets.code(&price.commodity), assets.code(&price.amount.commodity));
        if base == quote || price.amount.number <= Decimal::ZERO {
            let why = if base == quote { "of a thing in itself" } else { "of nothing" };
            refused.push(LeftOut { place: price.place.clone(), what: format!("a price {why} is no rate") });
            continue;
        }
        last.insert((price.date, base, quote), price);
    }
    let rates = last.into_iter().map(|((date, base, quote), price)| {
        let rate = price.amount.number.round_dp(u32::from(SCALE_MAX)).to_string();
        let hash = Sha256::digest(format!("{date} {base} {quote} {rate}"));
        Rate {
            key: format!("rate-{}", URL_SAFE_NO_PAD.encode(&hash[..16])),
            body: json!({
                "base": base.as_str(),
                "quote": quote.as_str(),
                "rate": rate,
                "effective_at": date.to_string(),
            }),
            price: LeftOut { place: price.place.clone(), what: format!("price of {base}") },
        }
    });
    (rates.collect(), refused)
}

/// Records them. `head` is where the log ended before.
pub async fn record(ledger: &Ledger, rates: Vec<Rate>, head: Position) -> Result<Rates> {
    let asked = rates.into_iter().map(async |Rate { key, body, price }| {
        let position = ledger.record_rate(&key, &body).await;
        (price, position)
    });
    let mut answers = stream::iter(asked).buffered(AT_ONCE);
    let mut outcome = Rates::default();
    while let Some((mut price, position)) = answers.next().await {
        match position {
            Ok(position) if position <= head => outcome.already_there += 1,
            Ok(_) => outcome.recorded += 1,
            Err(error) => {
                let problem = error.downcast_ref::<Problem>();
                let Some(problem) = problem.filter(|problem| (400..500).contains(&problem.status)) else {
                    return Err(error);
                };
                price.what = format!("{} refused: {} ({})", price.what, problem.title, problem.code);
                outcome.refused.push(price);
            }
        }
    }
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::journal::{self, Format, Map, Scales};

    #[test]
    fn the_last_price_of_a_day_is_its_rate() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let text = "P 2024-01-01 X 1.50 EUR\nP 2024-01-01 10:00:00 X 1.60 EUR\nP 2024-01-02 X 0 EUR\nP 2024-01-02 EUR 1 EUR\n";
        file.write_all(text.as_bytes()).unwrap();
        let journal = journal::read(file.path(), Format::Hledger, None).unwrap();
        let assets = Assets::of(&journal, &Map::default(), &mut Scales::of(&journal)).unwrap();
        let (rates, refused) = of_prices(&journal.prices, &assets);
        let shown: Vec<String> = rates.iter().map(|rate| rate.body.to_string()).collect();
        assert_eq!(shown, [r#"{"base":"X","effective_at":"2024-01-01","quote":"EUR","rate":"1.60"}"#]);
        let refused: Vec<&str> = refused.iter().map(|price| price.what.as_str()).collect();
        assert_eq!(refused, ["a price of nothing is no rate", "a price of a thing in itself is no rate"]);
    }
}
