//! Accounts: their names after `alias` and `apply account`, and the types that journals declare.

use event_schemas::AccountType;
use regex::{Regex, RegexBuilder};

/// What directives above a line make of the names in it.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// `apply account`: in front of every name, the outermost first.
    parents: Vec<String>,
    /// `alias`: the newest last.
    aliases: Vec<Alias>,
}

#[derive(Debug, Clone)]
enum Alias {
    /// An account, and those below it.
    Account { old: String, new: String },
    /// `/pattern/`: what it matches is replaced.
    Pattern { old: Regex, new: String },
}

impl Names {
    pub fn push_parent(&mut self, parent: &str) {
        self.parents.push(parent.to_owned());
    }

    pub fn pop_parent(&mut self) {
        self.parents.pop();
    }

    /// `old` may be a `/pattern/`, whose groups `new` may name as `\\1`.
    pub fn add_alias(&mut self, old: &str, new: &str) -> Result<(), String> {
        let pattern = old.strip_prefix('/').and_then(|old| old.strip_suffix('/'));
        let alias = match pattern {
            None => Alias::Account { old: old.to_owned(), new: new.to_owned() },
            Some(pattern) => {
                let regex = RegexBuilder::new(pattern).case_insensitive(true).build();
                let old = regex.map_err(|_| format!("/{pattern}/ is no pattern that is understood"))?;
                Alias::Pattern { old, new: groups(new) }
            }
        };
        self.aliases.push(alias);
        Ok(())
    }

    pub fn forget_aliases(&mut self) {
        self.aliases.clear();
    }

    /// The whole name. The newest alias is applied first, each to what those before it made.
    pub fn resolve(&self, name: &str) -> String {
        let mut name = name.to_owned();
        for parent in self.parents.iter().rev() {
            name = format!("{parent}:{name}");
        }
        for alias in self.aliases.iter().rev() {
            match alias {
                Alias::Account { old, new } => match name.strip_prefix(old.as_str()) {
                    Some("") => name.clone_from(new),
                    Some(below) if below.starts_with(':') => name = format!("{new}{below}"),
                    _ => {}
                },
                Alias::Pattern { old, new } => name = old.replace_all(&name, new).into_owned(),
            }
        }
        name
    }
}

/// `a:\1` → `a:${1}`.
fn groups(text: &str) -> String {
    let mut out = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek().copied()) {
            ('\\', Some(digit)) if digit.is_ascii_digit() => {
                out += &format!("${{{digit}}}");
                characters.next();
            }
            ('$', _) => out += "$$",
            _ => out.push(character),
        }
    }
    out
}

/// The type that hledger's `; type:X` declares.
pub fn declared_type(text: &str) -> Option<AccountType> {
    match text.trim().to_ascii_lowercase().as_str() {
        "a" | "asset" | "assets" | "c" | "cash" => Some(AccountType::Asset),
        "l" | "liability" | "liabilities" => Some(AccountType::Liability),
        "e" | "equity" | "v" | "conversion" => Some(AccountType::Equity),
        "r" | "revenue" | "revenues" | "income" | "i" => Some(AccountType::Income),
        "x" | "expense" | "expenses" => Some(AccountType::Expense),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_rename_an_account_and_those_below_it() {
        let mut names = Names::default();
        names.add_alias("checking", "assets:bank:checking").unwrap();
        names.add_alias("wallet", "checking").unwrap();
        assert_eq!(names.resolve("checking:fees"), "assets:bank:checking:fees");
        assert_eq!(names.resolve("wallet"), "assets:bank:checking");
        assert_eq!(names.resolve("checkings"), "checkings");
        names.push_parent("business");
        names.push_parent("north");
        assert_eq!(names.resolve("cash"), "business:north:cash");
        names.pop_parent();
        names.forget_aliases();
        assert_eq!(names.resolve("checking"), "business:checking");
    }

    #[test]
    fn patterns_rename_what_they_match() {
        let mut names = Names::default();
        names.add_alias("/^(.+):bank:([^:]+)(:|$)/", "\\1:\\2 $\\3").unwrap();
        assert_eq!(names.resolve("Assets:BANK:wells fargo:checking"), "Assets:wells fargo $:checking");
        assert_eq!(names.resolve("assets:cash"), "assets:cash");
        assert!(names.add_alias("/(/", "x").unwrap_err().contains("no pattern"));
    }
}
