//! The key of a row: what makes it happen once, however many files hold it.
//!
//! A named id, else a hash of (account, currency, date, amount, text, n): the row is the n-th of its kind in its file. So
//! two coffees of the same price on one day are two, and stay two when the next file holds both again. The limit: files
//! that are cut within a day. A file that ends between the two coffees and one that begins there hold one each, both the
//! first of their kind, and the second is taken for a repeat. Nothing is ever posted twice for it; files of whole days,
//! or that overlap by one, lose nothing either.

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use event_schemas::{AccountPath, AssetCode, EffectiveAt, Key, Quantity};
use sha2::{Digest, Sha256};

/// Room for the suffix of a later attempt.
const ID_LEN_MAX: usize = 240;
/// A row is tried again under another key when its key was used up by a refusal; not for ever.
pub const ATTEMPTS_MAX: u32 = 100;

/// Counts rows of a kind within one file.
#[derive(Debug, Default)]
pub struct Occurrences(HashMap<[u8; 16], u32>);

/// What tells a row without an id from others.
#[derive(Debug, Clone, Copy)]
pub struct Kind<'a> {
    pub account: &'a AccountPath,
    pub currency: &'a AssetCode,
    pub effective_at: EffectiveAt,
    /// Positive raises the account's debits.
    pub amount: Quantity,
    pub text: &'a str,
}

impl Occurrences {
    /// The key of the next row of this kind.
    pub fn key(&mut self, kind: &Kind<'_>) -> Key {
        let kind = kind.hash();
        let seen = self.0.entry(kind).or_default();
        *seen += 1;
        let hash = Sha256::new().chain_update(kind).chain_update(seen.to_be_bytes()).finalize();
        made("row", &hash)
    }
}

impl Kind<'_> {
    fn hash(&self) -> [u8; 16] {
        let mut hash = Sha256::new();
        for part in [
            self.account.as_str(),
            self.currency.as_str(),
            &self.effective_at.to_string(),
            &self.amount.to_string(),
            self.text,
        ] {
            // Each with its length, so that no two rows run together.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finalize()[..16].try_into().expect("SHA-256 has 32 bytes")
    }
}

/// An id from the file as a key: itself if it can be one, else its hash.
pub fn named(id: &str) -> Key {
    match Key::parse(id) {
        Ok(key) if id.len() <= ID_LEN_MAX => key,
        _ => made("id", &Sha256::digest(id)),
    }
}

/// The key of the n-th attempt. Each key before it was used up by a refusal, so the row is posted under one at most.
pub fn attempt(key: &Key, attempt: u32) -> Key {
    if attempt <= 1 {
        return key.clone();
    }
    Key::parse(&format!("{key}~{attempt}")).expect("a short key with a few more characters is a key")
}

fn made(prefix: &str, hash: &[u8]) -> Key {
    let hash = URL_SAFE_NO_PAD.encode(&hash[..16]);
    Key::parse(&format!("{prefix}-{hash}")).expect("base64url is printable ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(rows: &[(&str, &str, i128, &str)]) -> Vec<Key> {
        let mut occurrences = Occurrences::default();
        let eur = AssetCode::parse("EUR").unwrap();
        rows.iter()
            .map(|(account, date, amount, text)| {
                let account = AccountPath::parse(account).unwrap();
                occurrences.key(&Kind {
                    account: &account,
                    currency: &eur,
                    effective_at: date.parse().unwrap(),
                    amount: Quantity::new(*amount, 0),
                    text,
                })
            })
            .collect()
    }

    const COFFEE: (&str, &str, i128, &str) = ("assets:bank", "2026-11-23", -3, "coffee");

    #[test]
    fn twins_have_keys_of_their_own_and_the_same_in_the_next_file() {
        let later = ("assets:bank", "2026-11-24", -3, "coffee");
        let first = keys(&[COFFEE, COFFEE, later]);
        assert_eq!(first.iter().collect::<std::collections::HashSet<_>>().len(), 3);
        assert_eq!(keys(&[later, COFFEE, COFFEE]), [first[2].clone(), first[0].clone(), first[1].clone()]);
    }

    #[test]
    fn every_part_makes_another_row() {
        let all = keys(&[
            COFFEE,
            ("assets:bank:b", "2026-11-23", -3, "coffee"),
            ("assets:bank", "2026-11-22", -3, "coffee"),
            ("assets:bank", "2026-11-23", 3, "coffee"),
            ("assets:bank", "2026-11-23", -3, "coffee "),
            ("assets:bank", "2026-11-23", -3, ""),
        ]);
        assert_eq!(all.iter().collect::<std::collections::HashSet<_>>().len(), all.len());
        // It must never change: overlapping files are told by it, years apart.
        assert_eq!(all[0].as_str(), "row-1vWPqoFQLpygh0fAkgyNhA");
    }

    #[test]
    fn ids_are_kept_where_they_can_be() {
        assert_eq!(named("berka-276").as_str(), "berka-276");
        assert!(named("účet 7").as_str().starts_with("id-"));
        assert!(named(&"7".repeat(241)).as_str().starts_with("id-"));
        assert_eq!(attempt(&named("276"), 1).as_str(), "276");
        assert_eq!(attempt(&named("276"), 2).as_str(), "276~2");
    }
}
