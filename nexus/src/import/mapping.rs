//! The mapping file: how the columns of a file become transactions. docs/import.md explains every key.

use std::{collections::BTreeMap, fmt, fs, path::Path};

use anyhow::{Context, Result, bail};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Where to post, unless `--ledger` says so.
    pub ledger: Option<String>,
    /// For a ledger that `--open` opens.
    pub time_zone: Option<String>,
    /// Decimals of assets that are no ISO currencies; `--open` registers them.
    #[serde(default)]
    pub assets: BTreeMap<String, u8>,
    #[serde(default)]
    pub file: FileMapping,
    pub row: RowMapping,
    #[serde(default)]
    pub rule: Vec<RuleMapping>,
    #[serde(default)]
    pub extra: Vec<ExtraMapping>,
    #[serde(default)]
    pub skip: Vec<SkipMapping>,
}

/// How the file is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FileMapping {
    pub delimiter: String,
    pub quote: String,
    pub encoding: String,
    pub header: bool,
    /// Lines before the header.
    pub skip: u64,
    pub decimal: String,
    pub thousands: Option<String>,
    pub dates: String,
}

/// What a row says. Texts are templates.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowMapping {
    pub id: Option<String>,
    pub account: String,
    pub date: String,
    pub amount: AmountMapping,
    #[serde(default)]
    pub positive: Positive,
    pub currency: String,
    pub text: Option<String>,
    pub reference: Option<String>,
    pub category: Option<String>,
    pub counter: Option<String>,
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}

/// A rule for rows that pass its tests; the first that does counts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleMapping {
    #[serde(default)]
    pub when: BTreeMap<String, TestMapping>,
    pub flow: Option<Flow>,
    pub counter: Option<String>,
    pub category: Option<String>,
}

/// A second amount in the row, posted with it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtraMapping {
    pub amount: AmountMapping,
    pub account: Option<String>,
    pub counter: String,
    pub currency: Option<String>,
    pub category: Option<String>,
    pub positive: Option<Positive>,
}

/// Rows that are not posted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SkipMapping {
    pub when: BTreeMap<String, TestMapping>,
}

/// Which side of the account a positive amount is on.
#[derive(Debug, Deserialize, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Positive {
    /// The side that raises the account's balance: debit for assets and expenses, credit for the others.
    #[default]
    Increases,
    Debit,
    Credit,
}

/// Whether a row raises (`in`) or lowers (`out`) what the account holds.
#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    In,
    Out,
}

/// One column with signs, or a table.
#[derive(Debug)]
pub enum AmountMapping {
    Signed(String),
    Table(AmountTable),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AmountTable {
    /// Without a sign; `out_when` tells which rows are negative.
    pub value: Option<String>,
    pub out_when: Option<BTreeMap<String, TestMapping>>,
    pub r#in: Option<String>,
    pub out: Option<String>,
    pub debit: Option<String>,
    pub credit: Option<String>,
}

/// What a column must be: a text, one of several, or something about it.
#[derive(Debug)]
pub enum TestMapping {
    Is(String),
    OneOf(Vec<String>),
    Like(LikeTable),
}

#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct LikeTable {
    pub contains: Option<String>,
    pub starts_with: Option<String>,
    pub empty: Option<bool>,
}

impl Default for FileMapping {
    fn default() -> Self {
        Self {
            delimiter: ",".into(),
            quote: "\"".into(),
            encoding: "utf-8".into(),
            header: true,
            skip: 0,
            decimal: ".".into(),
            thousands: None,
            dates: "ymd".into(),
        }
    }
}

impl Mapping {
    pub fn load(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)
            .with_context(|| format!("the mapping {} cannot be read", path.display()))?;
        Self::parse(&text).with_context(|| format!("the mapping {} is not right", path.display()))
    }

    pub fn parse(text: &str) -> Result<Self> {
        Ok(toml::from_str(text)?)
    }
}

/// Something in the mapping that cannot be: where, what, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Path of the key, such as `row.account`.
    pub at: String,
    pub what: String,
}

/// Finds all faults in one go, so that a mapping is mended in one go.
#[derive(Debug, Default)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    pub fn add(&mut self, at: impl Into<String>, what: impl Into<String>) {
        self.0.push(Fault { at: at.into(), what: what.into() });
    }

    /// The value, or `None` and one fault more.
    pub fn take<T>(&mut self, at: impl Into<String>, result: Result<T, String>) -> Option<T> {
        result.map_err(|what| self.add(at, what)).ok()
    }

    pub fn none(self, mapping: &Path) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let list: Vec<String> = self.0.iter().map(|fault| format!("\n  {fault}")).collect();
        bail!("the mapping {} does not fit the file:{}", mapping.display(), list.concat())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}: {}", self.at, self.what)
    }
}

// Written out, because an untagged enum would answer every slip with "did not match any variant".

impl<'de> Deserialize<'de> for AmountMapping {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Amounts;

        impl<'de> Visitor<'de> for Amounts {
            type Value = AmountMapping;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str(
                    "a column such as \"{amount}\", or a table such as { in = \"{in}\", out = \"{out}\" }",
                )
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<AmountMapping, E> {
                Ok(AmountMapping::Signed(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<AmountMapping, A::Error> {
                AmountTable::deserialize(MapAccessDeserializer::new(map)).map(AmountMapping::Table)
            }
        }

        deserializer.deserialize_any(Amounts)
    }
}

impl<'de> Deserialize<'de> for TestMapping {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Tests;

        impl<'de> Visitor<'de> for Tests {
            type Value = TestMapping;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("a text, a list of texts, or a table with contains, starts_with or empty")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<TestMapping, E> {
                Ok(TestMapping::Is(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<TestMapping, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = seq.next_element()? {
                    texts.push(text);
                }
                Ok(TestMapping::OneOf(texts))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TestMapping, A::Error> {
                LikeTable::deserialize(MapAccessDeserializer::new(map)).map(TestMapping::Like)
            }
        }

        deserializer.deserialize_any(Tests)
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(text: &str, expected: Expect) {
        expected.assert_eq(&format!("{:#}", Mapping::parse(text).unwrap_err()));
    }

    #[test]
    fn a_slip_in_the_mapping_is_named_with_its_place() {
        check(
            "[row]\nacount = 'assets:bank'\n",
            expect![[r#"
            TOML parse error at line 2, column 1
              |
            2 | acount = 'assets:bank'
              | ^^^^^^
            unknown field `acount`, expected one of `id`, `account`, `date`, `amount`, `positive`, `currency`, `text`, `reference`, `category`, `counter`, `metadata`
        "#]],
        );
        check(
            "[row]\naccount = 'assets:bank'\ndate = '{d}'\ncurrency = 'EUR'\namount = { inn = '{x}' }\n",
            expect![[r#"
                TOML parse error at line 5, column 12
                  |
                5 | amount = { inn = '{x}' }
                  |            ^^^
                unknown field `inn`, expected one of `value`, `out_when`, `in`, `out`, `debit`, `credit`
            "#]],
        );
        check(
            "[row]\naccount = 'assets:bank'\ndate = '{d}'\ncurrency = 'EUR'\namount = 5\n",
            expect![[r#"
                TOML parse error at line 5, column 10
                  |
                5 | amount = 5
                  |          ^
                invalid type: integer `5`, expected a column such as "{amount}", or a table such as { in = "{in}", out = "{out}" }
            "#]],
        );
        check(
            "[file]\nheader = 'yes'\n",
            expect![[r#"
            TOML parse error at line 2, column 10
              |
            2 | header = 'yes'
              |          ^^^^^
            invalid type: string "yes", expected a boolean
        "#]],
        );
    }
}
