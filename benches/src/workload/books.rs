//! The ledger that the traffic runs on: its name and its wallets' paths.

use std::sync::Arc;

#[derive(Debug, Clone)]
pub struct Books {
    pub ledger: String,
    wallets: Arc<[String]>,
}

impl Books {
    pub fn new(ledger: &str, wallets: u32) -> Self {
        let wallets = (0..wallets).map(|number| format!("assets:wallet:{number:06}")).collect();
        Self { ledger: ledger.to_owned(), wallets }
    }

    pub fn wallet(&self, number: u32) -> &str {
        &self.wallets[number as usize]
    }

    pub fn wallets(&self) -> &[String] {
        &self.wallets
    }

    pub fn wallet_count(&self) -> u32 {
        u32::try_from(self.wallets.len()).expect("made from a u32")
    }

    pub fn path(&self, rest: &str) -> String {
        format!("/v1/ledgers/{}/{rest}", self.ledger)
    }
}
