//! What a transaction is found by: words and labels of its ledger, in one index.

use std::collections::BTreeSet;

/// Longer values are cut: the index takes no more, and what is found by a cut value is looked at again.
const VALUE_BYTES_MAX: usize = 64;

/// What kind of value a term is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Word,
    Category,
    Tag,
    Reference,
    Metadata,
}

impl Kind {
    fn letter(self) -> char {
        match self {
            Kind::Word => 'w',
            Kind::Category => 'c',
            Kind::Tag => 't',
            Kind::Reference => 'r',
            Kind::Metadata => 'm',
        }
    }
}

/// The terms of one transaction, each once, in order.
#[derive(Debug, Default)]
pub struct Terms(BTreeSet<String>);

impl Terms {
    pub fn add(&mut self, ledger: i32, kind: Kind, value: &str) {
        self.0.insert(term(ledger, kind, value));
    }

    pub fn add_words(&mut self, ledger: i32, text: &str) {
        self.0.extend(words(text).map(|word| term(ledger, Kind::Word, &word)));
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

pub fn term(ledger: i32, kind: Kind, value: &str) -> String {
    format!("{ledger}{}:{}", kind.letter(), cut(value))
}

/// Whether the term of a value stands for others too.
pub fn is_cut(value: &str) -> bool {
    value.len() > VALUE_BYTES_MAX
}

/// What stands for a name and its value in the metadata.
pub fn metadata(name: &str, value: &str) -> String {
    format!("{name}={value}")
}

/// Letters and digits that stand together, in lower case, whatever the language; long ones are cut.
pub fn words(text: &str) -> impl Iterator<Item = String> {
    let lower = text.to_lowercase();
    let words: Vec<String> = lower
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| cut(word).to_owned())
        .collect();
    words.into_iter()
}

fn cut(value: &str) -> &str {
    &value[..value.floor_char_boundary(VALUE_BYTES_MAX)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_letters_and_digits_in_lower_case() {
        let found: Vec<String> = words("Rent, März 2026: don't pay #17 twice_now").collect();
        assert_eq!(found, ["rent", "märz", "2026", "don", "t", "pay", "17", "twice", "now"]);
        assert_eq!(words(" -- !").count(), 0);
        let long = "ä".repeat(100);
        assert_eq!(words(&long).collect::<Vec<_>>(), ["ä".repeat(32)]);
    }
}
