//! Money moved: a balanced set of entries, with everything that its command asked for.

use serde::{Deserialize, Serialize};

use super::entries::{
    self, BalanceCondition, Entry, OpenedAccount, Preconditions, read_entries, write_entries, write_opened,
};
use crate::codec::{Reader, Unreadable, write_value};
use crate::{
    AccountNumber, AccountPath, AccountType, AssetCode, Contract, Metadata, Position, Quantity, Sealed,
    Sequence, Shard,
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransactionPosted {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Sealed<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<Sealed<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Sealed<Metadata>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preconditions: Option<Preconditions>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub opened: Vec<OpenedAccount>,
    pub entries: Vec<Entry>,
}

impl Contract for TransactionPosted {
    const NAME: &'static str = "transaction_posted";
    const VERSION: u16 = 1;

    fn example() -> TransactionPosted {
        TransactionPosted {
            description: Some(Sealed::Plain("Weekly market".to_owned())),
            reference: Some(Sealed::Plain("receipt 17".to_owned())),
            metadata: Some(Sealed::Plain([("shop".to_owned(), "Náměstí".to_owned())].into())),
            preconditions: Some(Preconditions {
                balances: vec![BalanceCondition {
                    account: AccountNumber(7),
                    currency: AssetCode::parse("EUR").expect("a valid code"),
                    at_least: Some(Quantity::new(1234, 2)),
                    at_most: None,
                }],
                unchanged_since: Some(Position::new(Shard(1), Sequence(16))),
            }),
            opened: vec![OpenedAccount {
                account: AccountNumber(8),
                path: AccountPath::parse("expenses:food").expect("a valid path").into(),
                account_type: AccountType::Expense,
            }],
            entries: entries::example(),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        if let Some(description) = &self.description {
            out.extend_from_slice(b",\"description\":");
            write_value(out, description);
        }
        if let Some(reference) = &self.reference {
            out.extend_from_slice(b",\"reference\":");
            write_value(out, reference);
        }
        if let Some(metadata) = &self.metadata {
            out.extend_from_slice(b",\"metadata\":");
            write_value(out, metadata);
        }
        if let Some(preconditions) = &self.preconditions {
            out.extend_from_slice(b",\"preconditions\":");
            write_value(out, preconditions);
        }
        write_opened(&self.opened, out);
        write_entries(&self.entries, out);
        out.push(b'}');
    }

    #[inline(always)]
    fn read(version: u16, reader: &mut Reader<'_>) -> Result<TransactionPosted, Unreadable> {
        if version != Self::VERSION {
            return Err(Unreadable::UnknownEvent { name: Self::NAME.to_owned(), version });
        }
        let description = if reader.take(",\"description\":") { Some(reader.text()?) } else { None };
        let reference = if reader.take(",\"reference\":") { Some(reader.text()?) } else { None };
        let metadata = if reader.take(",\"metadata\":") { Some(reader.value()?) } else { None };
        let preconditions = if reader.take(",\"preconditions\":") { Some(reader.value()?) } else { None };
        let opened = if reader.take(",\"opened\":") { reader.value()? } else { Vec::new() };
        let entries = read_entries(reader)?;
        reader.expect("}")?;
        Ok(TransactionPosted { description, reference, metadata, preconditions, opened, entries })
    }
}
