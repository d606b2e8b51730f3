//! All accounts of a ledger, read back page by page and added up.

use std::collections::BTreeMap;

use anyhow::Context;
use serde::Deserialize;

use super::Api;
use crate::workload::Books;

const PAGE: usize = 1_000;
/// Amounts are added up exactly, in units of 10⁻¹⁸.
const SCALE: usize = 18;

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub accounts: u64,
    /// Currency → Σ debits, Σ credits.
    pub sums: BTreeMap<String, (i128, i128)>,
}

impl Totals {
    /// LGR-1 over the whole ledger.
    pub fn check(&self) -> anyhow::Result<()> {
        for (currency, (debits, credits)) in &self.sums {
            anyhow::ensure!(
                debits == credits,
                "Σ debits {debits} ≠ Σ credits {credits} {currency} (in 10^-18)"
            );
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct AccountsPage {
    accounts: Vec<Account>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Account {
    balances: Vec<Balance>,
}

#[derive(Deserialize)]
struct Balance {
    currency: String,
    posted: Posted,
}

#[derive(Deserialize)]
struct Posted {
    debits: String,
    credits: String,
}

impl Api {
    pub async fn totals(&mut self, books: &Books) -> anyhow::Result<Totals> {
        let mut totals = Totals::default();
        let mut after: Option<String> = None;
        loop {
            let after_parameter = after.map(|path| format!("&after={path}")).unwrap_or_default();
            let url = books.path(&format!("accounts?limit={PAGE}{after_parameter}"));
            let answer = self.get(&url).await?.expect(200, "list accounts")?;
            let page: AccountsPage = serde_json::from_slice(&answer.body).context("a page of accounts")?;
            totals.accounts += page.accounts.len() as u64;
            for balance in page.accounts.iter().flat_map(|account| &account.balances) {
                let sum = totals.sums.entry(balance.currency.clone()).or_default();
                sum.0 = sum.0.checked_add(units(&balance.posted.debits)?).context("Σ debits overflows")?;
                sum.1 = sum.1.checked_add(units(&balance.posted.credits)?).context("Σ credits overflows")?;
            }
            after = page.next;
            if after.is_none() {
                return Ok(totals);
            }
        }
    }
}

fn units(decimal: &str) -> anyhow::Result<i128> {
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
    anyhow::ensure!(fraction.len() <= SCALE, "{decimal} has more than {SCALE} decimals");
    format!("{whole}{fraction:0<SCALE$}").parse().with_context(|| format!("not a decimal: {decimal}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_exactly() {
        assert_eq!(units("12.34").unwrap(), 12_340_000_000_000_000_000);
        assert_eq!(units("0.000000000000000001").unwrap(), 1);
        assert_eq!(units("7").unwrap(), 7_000_000_000_000_000_000);
        assert!(units("1e5").is_err());
    }
}
