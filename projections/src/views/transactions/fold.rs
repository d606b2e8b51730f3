//! From records to rows of transactions and entries.

use event_schemas::{Direction, Event, Metadata, Record, Sealed, Sequence, events::entries::Entry};

use super::terms::{self, Terms};
use crate::{ViewError, builds::to_i64, rows::Rows, view::Poison};

/// What the two events have in common.
pub struct What<'a> {
    reverses: Option<Sequence>,
    kind: &'static str,
    description: Option<&'a str>,
    reference: Option<&'a str>,
    metadata: Option<&'a Metadata>,
    entries: &'a [Entry],
}

impl<'a> What<'a> {
    pub fn of(event: &'a Event) -> Option<What<'a>> {
        match event {
            Event::TransactionPosted(posted) => Some(What {
                reverses: None,
                kind: "posted",
                description: plain(posted.description.as_ref()),
                reference: plain(posted.reference.as_ref()),
                metadata: posted.metadata.as_ref().and_then(Sealed::plain),
                entries: &posted.entries,
            }),
            Event::TransactionReversed(reversed) => Some(What {
                reverses: Some(reversed.original_seq),
                kind: "reversal",
                description: plain(reversed.description.as_ref()),
                reference: None,
                metadata: reversed.metadata.as_ref().and_then(Sealed::plain),
                entries: &reversed.entries,
            }),
            _ => None,
        }
    }

    fn terms(&self, ledger: i32) -> Terms {
        let mut terms = Terms::default();
        for text in [self.description, self.reference].into_iter().flatten() {
            terms.add_words(ledger, text);
        }
        if let Some(reference) = self.reference {
            terms.add(ledger, terms::Kind::Reference, reference);
        }
        for (name, value) in self.metadata.into_iter().flatten() {
            terms.add(ledger, terms::Kind::Metadata, &terms::metadata(name, value));
        }
        for entry in self.entries {
            if let Some(memo) = plain(entry.memo.as_ref()) {
                terms.add_words(ledger, memo);
            }
            if let Some(category) = &entry.category {
                terms.add(ledger, terms::Kind::Category, category);
            }
            entry.tags.iter().for_each(|tag| terms.add(ledger, terms::Kind::Tag, tag));
        }
        terms
    }

    /// Postgres keeps no NUL in a text. The door takes none.
    fn has_nul(&self) -> bool {
        let of_entries = self.entries.iter().flat_map(|entry| {
            let tags = entry.tags.iter().map(AsRef::as_ref);
            plain(entry.memo.as_ref()).into_iter().chain(entry.category.as_deref()).chain(tags)
        });
        let metadata = self.metadata.into_iter().flatten();
        let of_metadata = metadata.flat_map(|(name, value)| [name.as_str(), value.as_str()]);
        let own = self.description.into_iter().chain(self.reference);
        own.chain(of_metadata).chain(of_entries).any(|text| text.contains('\0'))
    }
}

/// What is sealed cannot be searched, nor shown.
fn plain(text: Option<&Sealed<String>>) -> Option<&str> {
    text.and_then(Sealed::plain).map(String::as_str)
}

/// Rows for the two tables.
pub struct Tables {
    pub transactions: Rows,
    pub entries: Rows,
}

impl Tables {
    pub fn new() -> Tables {
        Tables { transactions: Rows::new("transactions"), entries: Rows::new("entries") }
    }

    pub fn put(&mut self, ledger: i32, record: &Record, what: &What<'_>) -> Result<(), ViewError> {
        let envelope = &record.envelope;
        let position = to_i64(envelope.sequence);
        if what.has_nul() {
            let reason = "a text of it has the character NUL, which Postgres does not keep".to_owned();
            return Err(Poison { sequence: envelope.sequence, reason }.into());
        }
        let rows = &mut self.transactions;
        rows.number(position).number(envelope.effective_at.0).number(envelope.recorded_at.0);
        rows.maybe(what.reverses, |rows, original| rows.number(to_i64(original)));
        rows.number(i64::from(ledger))
            .text(what.kind)
            .text(envelope.key.as_str())
            .text(envelope.actor.as_str());
        rows.maybe(what.description, Rows::text).maybe(what.reference, Rows::text);
        let json = what.metadata.map(|map| serde_json::to_string(map).expect("strings can be written"));
        rows.maybe(json.as_deref(), Rows::text);
        let terms = what.terms(ledger);
        rows.maybe((!terms.is_empty()).then_some(&terms), |rows, terms| rows.texts(terms.iter())).end();
        for (leg, entry) in what.entries.iter().enumerate() {
            let same = |other: &Entry| other.currency == entry.currency && other.amount == entry.amount;
            let leads = !what.entries[..leg].iter().any(same);
            let leg = i64::try_from(leg).expect("a record has fewer");
            let rows = &mut self.entries;
            rows.number(position).number(envelope.effective_at.0).number(i64::from(entry.account.0));
            rows.number(i64::from(ledger)).number(leg);
            rows.boolean(entry.direction == Direction::Debit).boolean(leads);
            rows.text(entry.currency.as_str()).quantity(entry.amount);
            rows.maybe(entry.category.as_deref(), Rows::text);
            rows.maybe(plain(entry.memo.as_ref()), Rows::text);
            let tags = (!entry.tags.is_empty()).then_some(&entry.tags);
            rows.maybe(tags, |rows, tags| rows.texts(tags.iter().map(AsRef::as_ref))).end();
        }
        Ok(())
    }
}
