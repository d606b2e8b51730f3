//! What callers write and read: requests as JSON, strictly, and how they become commands.
//!
//! Every type has one rule in two forms, its schema and its parser; `tests` holds them together by trying both.

pub mod account;
pub mod answer;
pub mod asset;
pub mod budget;
pub mod bulk;
pub mod event;
pub mod ledger;
pub mod metadata;
pub mod moment;
pub mod month;
pub mod questions;
pub mod rate;
pub mod reversal;
pub mod stream;
pub mod strict;
pub mod text;
mod time;
pub mod transaction;
pub mod value;

pub use metadata::WireMetadata;
pub use text::Text;
pub use value::Wire;

use serde::{Deserialize, Deserializer, de::SeqAccess};
use strict::{Strict, StrictSeed};

/// For optional fields: absent is fine, `null` is not.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(Strict(deserializer)).map(Some)
}

/// For required fields that are structs or enums.
fn strict<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::deserialize(Strict(deserializer))
}

/// For lists that have a maximum.
fn at_most<'de, D: Deserializer<'de>, T: Deserialize<'de>, const MAX: usize>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    struct Visitor<T, const MAX: usize>(std::marker::PhantomData<T>);

    impl<'de, T: Deserialize<'de>, const MAX: usize> serde::de::Visitor<'de> for Visitor<T, MAX> {
        type Value = Vec<T>;

        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(formatter, "an array of at most {MAX}")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
            let mut list = Vec::with_capacity(items.size_hint().unwrap_or(2).min(MAX));
            while let Some(item) = items.next_element_seed(StrictSeed::<T>(std::marker::PhantomData))? {
                if list.len() == MAX {
                    return Err(serde::de::Error::invalid_length(MAX + 1, &self));
                }
                list.push(item);
            }
            Ok(list)
        }
    }

    deserializer.deserialize_seq(Visitor::<T, MAX>(std::marker::PhantomData))
}
