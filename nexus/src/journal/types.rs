//! The type of each account: from the map, the journal's directives, or its first name.

use std::collections::{BTreeMap, BTreeSet};

use event_schemas::{AccountPath, AccountType};

use super::{map::Map, model::Journal};

pub struct Types<'a> {
    map: &'a BTreeMap<String, AccountType>,
    declared: &'a BTreeMap<String, AccountType>,
    /// First names of accounts whose type nothing tells.
    pub unknown: BTreeSet<String>,
}

impl<'a> Types<'a> {
    pub fn new(map: &'a Map, journal: &'a Journal) -> Self {
        Self { map: &map.types, declared: &journal.types, unknown: BTreeSet::new() }
    }

    pub fn of(&mut self, account: &AccountPath) -> Option<AccountType> {
        let name = account.as_str();
        let found = nearest(self.map, name)
            .or_else(|| nearest(self.declared, name))
            .or_else(|| account.account_type())
            .or_else(|| self.map.get("*").copied());
        if found.is_none() {
            self.unknown.insert(name.split(':').next().unwrap_or(name).to_owned());
        }
        found
    }

    /// What to write into the map, for accounts whose type nothing tells.
    pub fn mend(&self) -> String {
        let lines: Vec<String> =
            self.unknown.iter().take(20).map(|name| format!("{name:?} = \"asset\"")).collect();
        format!(
            "{} first names of accounts tell no type. Say it in a map (--types MAP.toml), or by `account … ; type:A`:\n\n\
             [types]   # asset, liability, equity, income or expense; \"*\" is every other\n{}",
            self.unknown.len(),
            lines.join("\n")
        )
    }
}

/// The type of the account itself, or of the nearest one above it.
fn nearest(types: &BTreeMap<String, AccountType>, account: &str) -> Option<AccountType> {
    let mut name = account;
    loop {
        if let Some(found) = types.get(name) {
            return Some(*found);
        }
        name = name.rsplit_once(':')?.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_account_tells() {
        let types = BTreeMap::from([
            ("funds".to_owned(), AccountType::Asset),
            ("funds:loan".to_owned(), AccountType::Liability),
        ]);
        assert_eq!(nearest(&types, "funds:cash:a"), Some(AccountType::Asset));
        assert_eq!(nearest(&types, "funds:loan:a"), Some(AccountType::Liability));
        assert_eq!(nearest(&types, "fundsx"), None);
    }
}
