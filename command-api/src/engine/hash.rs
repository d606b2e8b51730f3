//! By which hash a repeat of a request is told from another request with the same key.
//!
//! HMAC-SHA-256 under a key of the ledger, over the command, cut to 128 bits. Keyed, so that the hash in the log says
//! nothing about text that is erased later. The command is hashed, not the body: blanks and the order of fields differ
//! between clients that mean the same.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use event_schemas::{LedgerId, RequestHash};
use hmac::{Hmac, KeyInit, Mac};
use ledger_core::Command;
use sha2::Sha256;

/// Keyed states that are kept; beyond, all are forgotten and made anew.
const LEDGERS_MAX: usize = 10_000;

pub struct RequestHasher {
    secret: [u8; 32],
    by_ledger: RwLock<HashMap<LedgerId, Hmac<Sha256>>>,
}

impl RequestHasher {
    pub fn new(secret: [u8; 32]) -> Self {
        Self { secret, by_ledger: RwLock::default() }
    }

    pub fn hash(&self, ledger: &LedgerId, command: &Command) -> RequestHash {
        let mut text = Vec::with_capacity(512);
        serde_json::to_writer(&mut text, command).expect("a command is JSON");
        let mut mac = self.keyed(ledger);
        mac.update(&text);
        let hash = mac.finalize().into_bytes();
        RequestHash(hash[..16].try_into().expect("SHA-256 has 32 bytes"))
    }

    fn keyed(&self, ledger: &LedgerId) -> Hmac<Sha256> {
        if let Some(keyed) = self.by_ledger.read().unwrap_or_else(PoisonError::into_inner).get(ledger) {
            return keyed.clone();
        }
        let mut mac = keyed(&self.secret);
        mac.update(ledger.as_str().as_bytes());
        let keyed = keyed(&mac.finalize().into_bytes());
        let mut by_ledger = self.by_ledger.write().unwrap_or_else(PoisonError::into_inner);
        if by_ledger.len() >= LEDGERS_MAX {
            by_ledger.clear();
        }
        by_ledger.insert(ledger.clone(), keyed.clone());
        keyed
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("an HMAC takes a key of any length")
}

#[cfg(test)]
mod tests {
    use ledger_core::commands::OpenLedger;

    use super::*;

    #[test]
    fn a_request_hashes_alike_in_one_ledger_and_differently_in_another() {
        let hasher = RequestHasher::new([7; 32]);
        let [home, shop] = ["home", "shop"].map(|id| LedgerId::parse(id).unwrap());
        let command = Command::from(OpenLedger::default());
        assert_eq!(hasher.hash(&home, &command), hasher.hash(&home, &command));
        assert_ne!(hasher.hash(&home, &command), hasher.hash(&shop, &command));
        assert_ne!(hasher.hash(&home, &command), RequestHasher::new([8; 32]).hash(&home, &command));
        let other = Command::from(OpenLedger { time_zone: Some("UTC".into()), ..OpenLedger::default() });
        assert_ne!(hasher.hash(&home, &command), hasher.hash(&home, &other));
    }
}
