//! After all the traffic: no money came or went, and the log holds exactly what was acknowledged.

use crate::api::Api;
use crate::workload::Books;

pub async fn check(api: &mut Api, books: &Books, acknowledged: u64) -> anyhow::Result<()> {
    eprintln!("checking conservation over all accounts and the log");
    let totals = api.totals(books).await?;
    totals.check()?;
    let wallets = u64::from(books.wallet_count());
    anyhow::ensure!(totals.accounts == wallets + 1, "{} accounts, {wallets} wallets", totals.accounts);
    let mut posted = 0u64;
    api.each_event(books, |event| posted += u64::from(event.kind == "transaction_posted")).await?;
    anyhow::ensure!(
        posted == acknowledged,
        "the log holds {posted} transactions, but {acknowledged} were acknowledged"
    );
    eprintln!("conserved: {posted} transactions, {} accounts, Σ debits = Σ credits", totals.accounts);
    Ok(())
}
