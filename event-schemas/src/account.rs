//! Accounts as the contract names them: number, path, type, and the two sides of an entry.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::{ShortText, every};

/// An account's number, dense from 0 in its ledger. It never changes, whatever the account is called.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct AccountNumber(pub u32);

/// An account's name, such as `assets:bank:checking`: 1 to 255 characters, segments between colons.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountPath(ShortText);

/// What an account stands for. It fixes the side that a positive balance is on.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AccountType {
    Asset,
    Liability,
    Equity,
    Income,
    Expense,
}

/// The side of an entry.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    Debit,
    Credit,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "an account's path is 1 to 255 characters: names between colons, none empty, without control characters or blanks at their ends"
)]
pub struct InvalidPath;

impl AccountPath {
    pub fn parse(text: &str) -> Result<AccountPath, InvalidPath> {
        let segment =
            |name: &str| !name.is_empty() && name.trim() == name && !name.chars().any(char::is_control);
        let is_short = text.len() <= 255 || text.chars().count() <= 255;
        if !is_short || !text.split(':').all(segment) {
            return Err(InvalidPath);
        }
        Ok(AccountPath(ShortText::new(text)))
    }

    pub(crate) fn parse_bytes(text: &[u8]) -> Result<AccountPath, InvalidPath> {
        if is_plain_path(text) {
            return Ok(AccountPath(ShortText::of_ascii(text)));
        }
        AccountPath::parse(std::str::from_utf8(text).map_err(|_| InvalidPath)?)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The type that a path's first name tells by the usual words, if it does.
    #[must_use]
    pub fn account_type(&self) -> Option<AccountType> {
        let first = self.as_str().split(':').next()?;
        AccountType::ALL
            .into_iter()
            .find(|kind| kind.words().iter().any(|word| first.eq_ignore_ascii_case(word)))
    }
}

/// Most paths are ASCII without blanks, which one look at each byte tells. Others may be paths too.
fn is_plain_path(text: &[u8]) -> bool {
    let ends = [text.first(), text.last()].iter().all(|end| end.is_some_and(|end| *end != b':'));
    let empty_name = text
        .iter()
        .zip(text.iter().skip(1))
        .fold(false, |found, (a, b)| found | ((*a == b':') & (*b == b':')));
    ends && !empty_name && text.len() <= 255 && every(text, |byte| (b'!'..=b'~').contains(byte))
}

impl AccountType {
    pub const ALL: [AccountType; 5] = [
        AccountType::Asset,
        AccountType::Liability,
        AccountType::Equity,
        AccountType::Income,
        AccountType::Expense,
    ];

    fn words(self) -> &'static [&'static str] {
        match self {
            AccountType::Asset => &["assets", "asset"],
            AccountType::Liability => &["liabilities", "liability"],
            AccountType::Equity => &["equity"],
            AccountType::Income => &["income", "revenue", "revenues"],
            AccountType::Expense => &["expenses", "expense"],
        }
    }

    /// The side on which a balance of this type is positive.
    #[must_use]
    pub fn normal_side(self) -> Direction {
        match self {
            AccountType::Asset | AccountType::Expense => Direction::Debit,
            AccountType::Liability | AccountType::Equity | AccountType::Income => Direction::Credit,
        }
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            AccountType::Asset => "asset",
            AccountType::Liability => "liability",
            AccountType::Equity => "equity",
            AccountType::Income => "income",
            AccountType::Expense => "expense",
        }
    }

    pub(crate) fn parse_bytes(text: &[u8]) -> Result<AccountType, &'static str> {
        let found = AccountType::ALL.into_iter().find(|kind| kind.as_str().as_bytes() == text);
        found.ok_or("an account's type")
    }
}

impl Direction {
    #[must_use]
    pub fn opposite(self) -> Direction {
        match self {
            Direction::Debit => Direction::Credit,
            Direction::Credit => Direction::Debit,
        }
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::Debit => "debit",
            Direction::Credit => "credit",
        }
    }
}

impl FromStr for AccountPath {
    type Err = InvalidPath;

    fn from_str(text: &str) -> Result<AccountPath, InvalidPath> {
        AccountPath::parse(text)
    }
}

impl fmt::Display for AccountPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for AccountPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountPath({:?})", self.as_str())
    }
}

impl Serialize for AccountPath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for AccountPath {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<AccountPath, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        AccountPath::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for AccountPath {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AccountPath".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "minLength": 1, "maxLength": 255 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_checked() {
        for text in ["assets", "assets:bank:checking", "expenses:food & drink", "Vermögen:Bank"] {
            assert_eq!(AccountPath::parse(text).map(|p| p.to_string()), Ok(text.to_owned()));
            assert_eq!(AccountPath::parse_bytes(text.as_bytes()), AccountPath::parse(text));
        }
        for text in ["", ":", "a:", ":a", "a::b", "a: b", "a\tb", &"a".repeat(256)] {
            assert_eq!(AccountPath::parse(text), Err(InvalidPath), "{text:?}");
            assert_eq!(AccountPath::parse_bytes(text.as_bytes()), Err(InvalidPath), "{text:?}");
        }
    }

    #[test]
    fn the_first_name_tells_the_type() {
        let kind = |text| AccountPath::parse(text).expect("valid").account_type();
        assert_eq!(kind("assets:bank"), Some(AccountType::Asset));
        assert_eq!(kind("Expenses"), Some(AccountType::Expense));
        assert_eq!(kind("bank"), None);
    }
}
