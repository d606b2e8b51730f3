//! What there is: assets less liabilities, at several times.

use std::collections::BTreeMap;

use event_schemas::{AccountType, AssetCode, Quantity, Ts};

use super::{Answer, Ask, Nets};
use crate::{
    ViewError,
    reader::Reader,
    views::balances::series::{Chain, Series},
};

/// In one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worth {
    pub currency: AssetCode,
    pub assets: Quantity,
    /// What is owed: positive.
    pub liabilities: Quantity,
    pub net: Quantity,
}

/// For each time, by currency.
pub async fn net_worth(
    reader: &Reader,
    ask: &Ask<'_>,
    times: &[Ts],
) -> Result<Answer<Vec<Vec<Worth>>>, ViewError> {
    let Some(series) = Series::of(reader, ask.ledger, ask.known_at).await? else {
        return Ok(Answer::NoLedger);
    };
    let accounts = series.accounts().await?;
    let group = |account_type| match account_type {
        AccountType::Asset => Some(0),
        AccountType::Liability => Some(1),
        _ => None,
    };
    let who: Vec<(i64, i32)> =
        accounts.iter().filter_map(|account| Some((account.number, group(account.account_type)?))).collect();
    let Some(sums) = series.sums(Chain::Account, &who, times).await? else { return Ok(Answer::TooLarge) };
    let nets = Nets::of(&sums);
    let worths = (0..times.len()).map(|time| worth(&nets, time)).collect::<Option<Vec<_>>>();
    Ok(worths.map_or(Answer::TooLarge, Answer::Known))
}

fn worth(nets: &Nets, time: usize) -> Option<Vec<Worth>> {
    let mut sides: BTreeMap<AssetCode, (Quantity, Quantity)> = BTreeMap::new();
    for (currency, net) in nets.at(time, 0) {
        sides.insert(currency, (net, Quantity::new(0, net.scale)));
    }
    for (currency, net) in nets.at(time, 1) {
        let zero = Quantity::new(0, net.scale);
        sides.entry(currency).or_insert((zero, zero)).1 = Quantity::new(net.minor.checked_neg()?, net.scale);
    }
    let worth = sides.into_iter().map(|(currency, (assets, liabilities))| {
        let net = Quantity::new(assets.minor.checked_sub(liabilities.minor)?, assets.scale);
        Some(Worth { currency, assets, liabilities, net })
    });
    worth.collect()
}
