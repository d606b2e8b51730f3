//! API keys: who calls, what for (scopes), and in which ledgers (grants).
//!
//! A token is `nxk_<id>_<secret>`. The secret has 256 random bits, so one SHA-256 is the right way to store it: a slow
//! password hash would defend against guessing, which 2^256 does already, and would cost more than the request.

pub mod cache;
pub mod postgres;
pub mod scope;

use std::{collections::BTreeSet, fmt};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use event_schemas::ActorId;
use sha2::{Digest, Sha256};

pub use scope::Scope;

const PREFIX: &str = "nxk_";
const SECRET_BYTES: usize = 32;
const ID_LEN: usize = 12;
const ID_ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A key as it is stored: everything but the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub id: String,
    /// What the records of this key's commands name as their actor.
    pub actor: ActorId,
    pub name: String,
    pub hash: [u8; 32],
    pub scopes: BTreeSet<Scope>,
    pub ledgers: Grant,
    pub created_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
}

/// The ledgers that a key may see at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    All,
    Only(BTreeSet<String>),
}

/// The secret text, shown once, when the key is made.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Key {
    /// Makes a key and its token. The id is chosen by the caller (`dev`) or made.
    pub fn issue(
        id: Option<String>,
        name: String,
        scopes: BTreeSet<Scope>,
        ledgers: Grant,
        now: DateTime<Utc>,
    ) -> (Self, Token) {
        let id = id.unwrap_or_else(made_id);
        assert!(is_id(&id), "a key's id is 1 to 32 lower-case letters and digits, not {id:?}");
        let secret = BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; SECRET_BYTES]>());
        let token = Token(format!("{PREFIX}{id}_{secret}"));
        let actor = actor(&id);
        let key =
            Self { id, actor, name, hash: hash(&secret), scopes, ledgers, created_at: now, revoked_at: None };
        (key, token)
    }

    pub fn opened_by(&self, secret: &str) -> bool {
        self.revoked_at.is_none() && constant_time_eq(&self.hash, &hash(secret))
    }
}

impl Grant {
    pub fn covers(&self, ledger: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(ledgers) => ledgers.contains(ledger),
        }
    }
}

impl Token {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Tokens end up in debug output sooner or later; this one stays silent.
impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(…)")
    }
}

/// The id and the secret of a token, if it looks like one.
pub fn split_token(token: &str) -> Option<(&str, &str)> {
    // The id has no underscore, the secret may.
    let (id, secret) = token.strip_prefix(PREFIX)?.split_once('_')?;
    (is_id(id) && !secret.is_empty()).then_some((id, secret))
}

pub fn is_id(id: &str) -> bool {
    (1..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

pub(crate) fn actor(id: &str) -> ActorId {
    ActorId::parse(&format!("key:{id}")).expect("a key's id is letters and digits")
}

fn made_id() -> String {
    let random = rand::random::<[u8; ID_LEN]>();
    random.iter().map(|byte| char::from(ID_ALPHABET[usize::from(byte % 32)])).collect()
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Takes as long for hashes that differ in the first byte as for equal ones.
fn constant_time_eq(a: &[u8; 32], b: &[u8; 32]) -> bool {
    let difference = a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b));
    std::hint::black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issue() -> (Key, Token) {
        Key::issue(None, "till".into(), BTreeSet::from([Scope::Read]), Grant::All, Utc::now())
    }

    #[test]
    fn a_token_opens_its_own_key_and_no_other() {
        let ((key, token), (other, _)) = (issue(), issue());
        let (id, secret) = split_token(token.as_str()).unwrap();
        assert_eq!(id, key.id);
        assert!(key.opened_by(secret));
        assert!(!other.opened_by(secret));
        assert!(!key.opened_by(&secret[1..]));
    }

    #[test]
    fn a_revoked_key_opens_nothing() {
        let (mut key, token) = issue();
        key.revoked_at = Some(Utc::now());
        assert!(!key.opened_by(split_token(token.as_str()).unwrap().1));
    }

    #[test]
    fn what_is_no_token_is_taken_apart_into_nothing() {
        for text in ["", "nxk_", "nxk_dev", "nxk_dev_", "nxk__x", "nxk_Dev_x", "sk_dev_x", "nxk_d-v_x"] {
            assert_eq!(split_token(text), None, "{text}");
        }
        assert_eq!(split_token("nxk_dev_a_b-c"), Some(("dev", "a_b-c")));
    }

    #[test]
    fn a_token_does_not_show_itself_in_debug_output() {
        assert_eq!(format!("{:?}", issue().1), "Token(…)");
    }

    #[test]
    fn a_grant_covers_what_it_names() {
        let household = Grant::Only(BTreeSet::from(["household".to_owned()]));
        assert!(household.covers("household"));
        assert!(!household.covers("house"));
        assert!(Grant::All.covers("house"));
    }
}
