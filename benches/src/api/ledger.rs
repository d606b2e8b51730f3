//! Opening a ledger and its wallets, each with a floor of 0 that every payment is checked against, and funding them.

use std::fmt::Write;

use serde_json::json;

use super::Api;
use crate::workload::Books;

/// What each wallet starts with: no run comes near its floor, but the floor is checked each time.
const FUNDS: &str = "1000000000.00";
const FUNDING: &str = "equity:funding";
const ITEMS_PER_REQUEST: usize = 500;

impl Api {
    /// Returns how many transactions the funding took.
    pub async fn open_books(&mut self, books: &Books) -> anyhow::Result<u64> {
        let body = json!({"id": books.ledger, "accounts": "open_explicitly"});
        self.post("/v1/ledgers", &format!("open-{}", books.ledger), &body)
            .await?
            .expect(201, "open ledger")?;
        self.open_account(books, FUNDING).await?;
        for wallet in books.wallets() {
            self.open_account(books, wallet).await?;
            self.set_floor(books, wallet).await?;
        }
        for (index, wallets) in books.wallets().chunks(ITEMS_PER_REQUEST).enumerate() {
            self.fund(books, wallets, index).await?;
        }
        Ok(books.wallets().len() as u64)
    }

    async fn open_account(&mut self, books: &Books, path: &str) -> anyhow::Result<()> {
        let key = format!("open-{path}");
        self.post(&books.path("accounts"), &key, &json!({"path": path}))
            .await?
            .expect(201, "open account")?;
        Ok(())
    }

    async fn set_floor(&mut self, books: &Books, path: &str) -> anyhow::Result<()> {
        let url = books.path(&format!("accounts/{path}/limits"));
        let body = json!({"currency": "EUR", "floor": "0"});
        self.post(&url, &format!("floor-{path}"), &body).await?.expect(201, "set limits")?;
        Ok(())
    }

    async fn fund(&mut self, books: &Books, wallets: &[String], index: usize) -> anyhow::Result<()> {
        let mut body = String::new();
        for wallet in wallets {
            let entry = |account: &str, direction: &str| json!({"account": account, "direction": direction, "amount": FUNDS, "currency": "EUR"});
            let entries = [entry(wallet, "debit"), entry(FUNDING, "credit")];
            let item =
                json!({"id": format!("fund-{wallet}"), "description": "opening balance", "entries": entries});
            writeln!(body, "{item}")?;
        }
        let (url, key) = (books.path("bulk"), format!("fund-{index}"));
        let answer = self.call("POST", &url, Some(&key), "application/x-ndjson", body.as_bytes()).await?;
        let answer = answer.expect(200, "fund wallets")?;
        let posted = memchr::memmem::find_iter(&answer.body, br#""status":201"#).count();
        anyhow::ensure!(
            posted == wallets.len(),
            "{posted} of {} wallets funded: {}",
            wallets.len(),
            answer.text()
        );
        Ok(())
    }
}
