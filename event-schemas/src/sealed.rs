//! Free text and anything personal: readable, or sealed under a subject's key so that it can be forgotten.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A value as a record holds it: plain, or `{"sealed": {…}}`. Hashes cover the ciphertext, so erasing a key breaks no proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Sealed<T> {
    // Boxed, because most values are plain and this would make them all four times as large.
    Ciphertext { sealed: Box<Ciphertext> },
    Plain(T),
}

/// What is left in the log when the text is sealed. `nonce` and `ciphertext` are base64url.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ciphertext {
    pub subject: String,
    pub key_id: String,
    pub nonce: String,
    pub ciphertext: String,
}

/// Names and texts that a caller keeps with a transaction or an account.
pub type Metadata = BTreeMap<String, String>;

impl<T> Sealed<T> {
    /// The value, unless it is sealed.
    #[must_use]
    pub fn plain(&self) -> Option<&T> {
        match self {
            Sealed::Plain(value) => Some(value),
            Sealed::Ciphertext { .. } => None,
        }
    }
}

impl<T> From<T> for Sealed<T> {
    fn from(value: T) -> Sealed<T> {
        Sealed::Plain(value)
    }
}
