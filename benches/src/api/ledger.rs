//! Opening a ledger and its wallets, each with a floor of 0 that every payment is checked against, and funding them.

use std::fmt::Write;
use std::time::Duration;

use serde_json::{Value, json};

use super::Api;
use crate::loadgen::closed_loop::ClosedLoop;
use crate::workload::{Books, Prepared, Target};

/// What each wallet starts with: no run comes near its floor, but the floor is checked each time.
const FUNDS: &str = "1000000000.00";
const FUNDING: &str = "equity:funding";
const ITEMS_PER_REQUEST: usize = 500;
const CONNECTIONS: usize = 32;
const SET_UP_WITHIN: Duration = Duration::from_secs(120);

impl Api {
    /// Returns how many transactions the funding took.
    pub async fn open_books(&mut self, books: &Books) -> anyhow::Result<u64> {
        let body = json!({"id": books.ledger, "accounts": "open_explicitly"});
        self.post("/v1/ledgers", &format!("open-{}", books.ledger), &body)
            .await?
            .expect(201, "open ledger")?;
        let paths = || books.wallets().iter().map(String::as_str);
        let accounts = paths().chain([FUNDING]);
        let accounts = accounts.map(|path| {
            self.request(&books.path("accounts"), &format!("open-{path}"), &json!({"path": path}))
        });
        self.send_all("open accounts", accounts.collect()).await?;
        let floors = paths().map(|path| {
            let url = books.path(&format!("accounts/{path}/limits"));
            self.request(&url, &format!("floor-{path}"), &json!({"currency": "EUR", "floor": "0"}))
        });
        self.send_all("set floors", floors.collect()).await?;
        for (index, wallets) in books.wallets().chunks(ITEMS_PER_REQUEST).enumerate() {
            self.fund(books, wallets, index).await?;
        }
        Ok(books.wallets().len() as u64)
    }

    fn request(&self, path: &str, key: &str, body: &Value) -> Vec<u8> {
        let mut request = Vec::new();
        let target = Target::new("POST", path, &self.token, "application/json");
        target.write(Some(key), body.to_string().as_bytes(), &mut request);
        request
    }

    async fn send_all(&self, name: &str, requests: Vec<Vec<u8>>) -> anyhow::Result<()> {
        let prepared = Prepared::new(requests);
        let all = ClosedLoop {
            name: name.to_owned(),
            address: self.address,
            warm_up: Duration::ZERO,
            length: SET_UP_WITHIN,
            requests_max: prepared.count(),
        };
        let done = all.run(vec![prepared.clone(); CONNECTIONS]).await?.flawless(name)?;
        anyhow::ensure!(
            done.units == prepared.count(),
            "{name}: {} of {} done",
            done.units,
            prepared.count()
        );
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
