//! Accounts: their names after `alias` and `apply account`, and the types that journals declare.

use event_schemas::AccountType;

/// What directives above a line make of the names in it.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// `apply account`: in front of every name, the outermost first.
    parents: Vec<String>,
    /// `alias`: the newest last.
    aliases: Vec<(String, String)>,
}

impl Names {
    pub fn push_parent(&mut self, parent: &str) {
        self.parents.push(parent.to_owned());
    }

    pub fn pop_parent(&mut self) {
        self.parents.pop();
    }

    pub fn add_alias(&mut self, old: &str, new: &str) {
        self.aliases.push((old.to_owned(), new.to_owned()));
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
        for (old, new) in self.aliases.iter().rev() {
            match name.strip_prefix(old.as_str()) {
                Some("") => name.clone_from(new),
                Some(below) if below.starts_with(':') => name = format!("{new}{below}"),
                _ => {}
            }
        }
        name
    }
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
        names.add_alias("checking", "assets:bank:checking");
        names.add_alias("wallet", "checking");
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
}
