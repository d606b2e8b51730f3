//! A transaction was undone by its mirror image: every debit a credit of the same amount.

use serde::{Deserialize, Serialize};

use super::entries::{self, Entry, read_entries, write_entries};
use crate::codec::{Reader, Unreadable, write_number, write_string, write_value};
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

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b",\"original\":");
        write_string(out, self.original.as_bytes());
        out.extend_from_slice(b",\"original_seq\":");
        write_number(out, self.original_seq.0);
        if let Some(description) = &self.description {
            out.extend_from_slice(b",\"description\":");
            write_value(out, description);
        }
        if let Some(metadata) = &self.metadata {
            out.extend_from_slice(b",\"metadata\":");
            write_value(out, metadata);
        }
        write_entries(&self.entries, out);
        out.push(b'}');
    }

    fn read(version: u16, reader: &mut Reader<'_>) -> Result<TransactionReversed, Unreadable> {
        if version != Self::VERSION {
            return Err(Unreadable::UnknownEvent { name: Self::NAME.to_owned(), version });
        }
        reader.expect(",\"original\":")?;
        let original = reader.parsed(Key::parse_bytes)?;
        reader.expect(",\"original_seq\":")?;
        let original_seq = Sequence(reader.u64()?);
        let description = if reader.take(",\"description\":") { Some(reader.text()?) } else { None };
        let metadata = if reader.take(",\"metadata\":") { Some(reader.value()?) } else { None };
        let entries = read_entries(reader)?;
        reader.expect("}")?;
        Ok(TransactionReversed { original, original_seq, description, metadata, entries })
    }
}
