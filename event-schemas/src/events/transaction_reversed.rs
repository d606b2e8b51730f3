//! A transaction was undone by its mirror image: every debit a credit of the same amount.

use serde::{Deserialize, Serialize};

use super::entries::{self, Entry};
use crate::{Contract, Key, Metadata, Sealed, Sequence};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransactionReversed {
    /// The key of the transaction that is undone, and its place in this shard.
    pub original: Key,
    pub original_seq: Sequence,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Sealed<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Sealed<Metadata>>,
    pub entries: Vec<Entry>,
}

impl Contract for TransactionReversed {
    const NAME: &'static str = "transaction_reversed";
    const VERSION: u16 = 1;

    fn example() -> TransactionReversed {
        TransactionReversed {
            original: Key::parse("rent-2026-11").expect("a valid key"),
            original_seq: Sequence(17),
            description: Some(Sealed::Plain("paid twice".to_owned())),
            metadata: None,
            entries: entries::example(),
        }
    }
}
