//! The file that says what a journal leaves open: types of accounts, names of commodities. docs/import.md explains it.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result};
use event_schemas::AccountType;
use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Map {
    /// Where to post, unless `--ledger` says so.
    pub ledger: Option<String>,
    /// For a ledger that `--open` opens.
    pub time_zone: Option<String>,
    /// The account that takes what an exchange leaves over in each currency.
    pub conversion: Option<String>,
    /// The account that balances virtual postings.
    #[serde(rename = "virtual")]
    pub virtual_counter: String,
    /// The tag whose value is the transaction's key.
    pub id: Option<String>,
    /// The decimal mark, where a number could be read in two ways.
    pub decimal: Option<char>,
    /// Types of accounts and of those below them; `*` is every other.
    pub types: BTreeMap<String, AccountType>,
    /// Commodities and the assets that they become.
    pub commodities: BTreeMap<String, String>,
    /// Decimals of assets that are no ISO currencies, where the journal shows fewer.
    pub assets: BTreeMap<String, u8>,
}

impl Default for Map {
    fn default() -> Self {
        Self {
            ledger: None,
            time_zone: None,
            conversion: None,
            virtual_counter: "equity:virtual".to_owned(),
            id: None,
            decimal: None,
            types: BTreeMap::new(),
            commodities: BTreeMap::new(),
            assets: BTreeMap::new(),
        }
    }
}

impl Map {
    pub fn load(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{} is no map of a journal", path.display()))
    }
}
