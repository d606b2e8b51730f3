//! Names of things: ledgers, keys, actors, and the keyed hash of a request.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::text::{ShortText, every};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    #[error("a ledger's id is 1 to 63 of a-z, 0-9, '-' and '_', and begins with a letter or a digit")]
    Ledger,
    #[error("a budget's id is 1 to 63 of a-z, 0-9, '-' and '_', and begins with a letter or a digit")]
    Budget,
    #[error("a key is 1 to 255 printable ASCII characters without blanks at its ends")]
    Key,
    #[error("an actor is 1 to 255 printable ASCII characters without blanks")]
    Actor,
    #[error("a request's hash is 22 characters of base64url")]
    RequestHash,
}

/// One set of books, by the slug that its opener chose.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LedgerId(ShortText);

/// A budget of a ledger, by the slug that its maker chose.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BudgetId(ShortText);

/// The name that makes a command happen once. It is also the transaction's id within its ledger.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(ShortText);

/// Who asked: `key:<id>`, later `user:<id>`, or `system`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActorId(ShortText);

/// HMAC-SHA-256 of the request under a key of its ledger, cut to 128 bits: tells a repeat from another request.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestHash(pub [u8; 16]);

// What these take is ASCII.

fn is_slug(text: &[u8]) -> bool {
    let character = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
    matches!(text.len(), 1..=63) && every(text, character) && !matches!(text[0], b'-' | b'_')
}

fn is_key(text: &[u8]) -> bool {
    let printable = |b: &u8| (b' '..=b'~').contains(b);
    matches!(text.len(), 1..=255) && every(text, printable) && text[0] != b' ' && text[text.len() - 1] != b' '
}

fn is_actor(text: &[u8]) -> bool {
    matches!(text.len(), 1..=255) && every(text, |b| (b'!'..=b'~').contains(b))
}

macro_rules! name {
    ($name:ident, $valid:path, $invalid:expr, $pattern:literal) => {
        impl $name {
            /// Reads and checks it.
            pub fn parse(text: &str) -> Result<$name, InvalidId> {
                $name::parse_bytes(text.as_bytes())
            }

            pub(crate) fn parse_bytes(text: &[u8]) -> Result<$name, InvalidId> {
                if $valid(text) { Ok($name(ShortText::of_ascii(text))) } else { Err($invalid) }
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }

            #[allow(dead_code, reason = "not every name is written by hand")]
            pub(crate) fn as_bytes(&self) -> &[u8] {
                self.0.as_bytes()
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<$name, InvalidId> {
                $name::parse(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($name), self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                $name::parse(&text).map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}

name!(LedgerId, is_slug, InvalidId::Ledger, "^[a-z0-9][a-z0-9_-]{0,62}$");
name!(BudgetId, is_slug, InvalidId::Budget, "^[a-z0-9][a-z0-9_-]{0,62}$");
name!(Key, is_key, InvalidId::Key, "^[!-~]([ -~]{0,253}[!-~])?$");
name!(ActorId, is_actor, InvalidId::Actor, "^[!-~]{1,255}$");

impl RequestHash {
    pub fn parse(text: &str) -> Result<RequestHash, InvalidId> {
        RequestHash::parse_bytes(text.as_bytes())
    }

    pub(crate) fn parse_bytes(text: &[u8]) -> Result<RequestHash, InvalidId> {
        let mut hash = [0; 16];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut hash) {
            Ok(16) => Ok(RequestHash(hash)),
            _ => Err(InvalidId::RequestHash),
        }
    }

    /// Its 22 characters.
    #[must_use]
    pub fn to_text(self) -> [u8; 22] {
        let mut text = [0; 22];
        let written = URL_SAFE_NO_PAD.encode_slice(self.0, &mut text).expect("16 bytes are 22 characters");
        assert_eq!(written, text.len());
        text
    }
}

impl fmt::Debug for RequestHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestHash({})", String::from_utf8_lossy(&self.to_text()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        assert!(LedgerId::parse("house-hold_2").is_ok());
        for text in ["", "-a", "A", "a b", "ä", &"a".repeat(64)] {
            assert_eq!(LedgerId::parse(text), Err(InvalidId::Ledger), "{text}");
        }
        assert!(Key::parse("rent 2026-11").is_ok());
        for text in ["", " a", "a ", "a\n", "ä", &"k".repeat(256)] {
            assert_eq!(Key::parse(text), Err(InvalidId::Key), "{text}");
        }
    }

    #[test]
    fn a_request_hash_survives_its_text() {
        let hash = RequestHash([7; 16]);
        let text = hash.to_text();
        assert_eq!(RequestHash::parse(std::str::from_utf8(&text).expect("base64 is ASCII")), Ok(hash));
        assert_eq!(RequestHash::parse("short"), Err(InvalidId::RequestHash));
    }
}
