//! Money valued in one currency, as its readers see it: the values, what has none and why, and the rates that were used.

use event_schemas::{AssetCode, Position, Quantity, Rate, Ts};
use poem_openapi::{Enum, Object};
use projections::{
    valuation::{RateUsed, Unconverted, Valuation},
    views::rates::{Ask, valuation},
};
use serde::Serialize;

use super::question::{Asked, Question};
use crate::{
    codes,
    engine::{Engine, view_failed},
    problem::Problem,
    wire::Wire,
};

/// By which rates amounts were valued. Each account's amount is rounded once, to the currency's minor units, half to even; sums
/// are sums of rounded values.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(rename = "Valuation")]
pub struct ValuationView {
    /// In which the values are.
    pub currency: Wire<AssetCode>,
    /// By currency; each holds for all amounts in that currency.
    pub rates: Vec<RateUsedView>,
}

/// A recorded rate, as it was used: what one `base` is worth in `quote`.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(rename = "RateUsed", skip_serializing_if_is_none)]
pub struct RateUsedView {
    pub base: Wire<AssetCode>,
    pub quote: Wire<AssetCode>,
    pub rate: Wire<Rate>,
    /// From when it holds.
    pub effective_at: String,
    pub recorded_at: String,
    /// Where it stands in the log.
    pub position: Wire<Position>,
    /// Who said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// Money in one currency.
#[derive(Object, Serialize, Clone, Debug)]
pub struct Money {
    pub currency: Wire<AssetCode>,
    pub amount: Wire<Quantity>,
}

/// Money that no rate converts. It is in no value.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(rename = "UnconvertedMoney")]
pub struct UnconvertedView {
    pub currency: Wire<AssetCode>,
    pub amount: Wire<Quantity>,
    pub reason: Reason,
}

/// Why an amount has no value: no rate between the two currencies was recorded, or none that was in effect yet.
#[derive(Enum, Serialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[oai(rename = "UnconvertedReason", rename_all = "snake_case")]
pub enum Reason {
    NoRate,
    NoRateYet,
}

impl From<Unconverted> for Reason {
    fn from(why: Unconverted) -> Self {
        match why {
            Unconverted::NoRate => Self::NoRate,
            Unconverted::NoRateYet => Self::NoRateYet,
        }
    }
}

impl From<&RateUsed> for RateUsedView {
    fn from(used: &RateUsed) -> Self {
        Self {
            base: Wire(used.base),
            quote: Wire(used.quote),
            rate: Wire(used.rate),
            effective_at: used.effective_at.to_string(),
            recorded_at: used.recorded_at.to_string(),
            position: Wire(used.position),
            source: used.source.clone(),
        }
    }
}

impl From<&Valuation> for ValuationView {
    fn from(valuation: &Valuation) -> Self {
        Self {
            currency: Wire(valuation.currency()),
            rates: valuation.rates().map(RateUsedView::from).collect(),
        }
    }
}

/// The rates that value these currencies, in effect by `at`; known as the question has it.
pub async fn valuation_in(
    engine: &Engine,
    question: &Question<'_>,
    asked: &Asked,
    currency: AssetCode,
    at: Option<Ts>,
    currencies: impl IntoIterator<Item = AssetCode>,
) -> Result<Valuation, Problem> {
    let id = question.ledger.clone();
    let scale = engine.read(move |books, _| {
        books.ledger(&id).and_then(|ledger| ledger.asset(currency)).map(|(_, scale)| scale)
    });
    let scale = scale.await?.ok_or_else(|| {
        Problem::new(&codes::CURRENCY_NOT_FOUND)
            .detail(format!("valued_in: the ledger has no currency {:?}", currency.as_str()))
    })?;
    let ask = Ask { ledger: question.ledger.clone(), currency, scale, at, known_at: asked.known_at };
    let mut currencies: Vec<AssetCode> = currencies.into_iter().collect();
    currencies.sort_unstable();
    currencies.dedup();
    valuation(&asked.reader, &ask, currencies).await.map_err(view_failed)
}
