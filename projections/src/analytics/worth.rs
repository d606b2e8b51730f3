//! What there is: assets less liabilities, at several times.

use std::collections::BTreeMap;

use event_schemas::{AccountType, AssetCode, Direction, Quantity, Ts};

use super::{Answer, Ask, Nets, on_side};
use crate::{
    TooLarge, ViewError,
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
    let nets = Nets::of(&series.sums(Chain::Account, &who, times).await?);
    let worths = (0..times.len()).map(|time| worth(&nets, time));
    Ok(Answer::Known(worths.collect::<Result<_, _>>()?))
}

fn worth(nets: &Nets, time: usize) -> Result<Vec<Worth>, TooLarge> {
    let mut sides: BTreeMap<AssetCode, (Quantity, Quantity)> = BTreeMap::new();
    for (currency, net) in nets.at(time, 0) {
        sides.insert(currency, (net, Quantity::new(0, net.scale)));
    }
    for (currency, net) in nets.at(time, 1) {
        let zero = Quantity::new(0, net.scale);
        sides.entry(currency).or_insert((zero, zero)).1 = on_side(Direction::Credit, currency, net)?;
    }
    let worth = sides.into_iter().map(|(currency, (assets, liabilities))| {
        let net = assets.minor.checked_sub(liabilities.minor).ok_or(TooLarge::total(currency))?;
        Ok(Worth { currency, assets, liabilities, net: Quantity::new(net, assets.scale) })
    });
    worth.collect()
}
