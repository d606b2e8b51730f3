//! What a key may do, and the marker types with which a route says what it needs.

use std::{fmt, str::FromStr};

/// A route that takes a `Caller<S>` needs the scope of `S`.
pub trait Needs: Send + Sync + 'static {
    const SCOPE: Scope;
    /// The name under which the need is noted in the generated document; see `spec`.
    const SCHEME: &'static str;
}

/// The prefix of `Needs::SCHEME`.
pub const SCHEME_PREFIX: &str = "scope ";

/// The scheme of a route that says it needs no key at all.
pub const PUBLIC_SCHEME: &str = "scope public";

macro_rules! scopes {
    ($($(#[$doc:meta])* $scope:ident = $name:literal;)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Scope { $($(#[$doc])* $scope),* }

        impl Scope {
            pub const ALL: &[Self] = &[$(Self::$scope),*];

            pub const fn name(self) -> &'static str {
                match self { $(Self::$scope => $name),* }
            }
        }

        $($(#[$doc])* pub struct $scope;

        impl Needs for $scope {
            const SCOPE: Scope = Scope::$scope;
            const SCHEME: &'static str = concat!("scope ", $name);
        })*
    };
}

scopes! {
    /// Open ledgers and set their policies.
    LedgersWrite = "ledgers:write";
    /// Open, rename, freeze, close and limit accounts; register assets.
    AccountsWrite = "accounts:write";
    /// Post and reverse transactions.
    TransactionsWrite = "transactions:write";
    /// Read accounts, balances and events.
    Read = "read";
    /// Read who did or tried what.
    AuditRead = "audit:read";
    /// Administer the service itself.
    Admin = "admin";
    /// Read the metrics.
    MetricsRead = "metrics:read";
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[derive(Debug, thiserror::Error)]
#[error("no scope is named {0:?}; there are {names}", names = Scope::ALL.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(", "))]
pub struct UnknownScope(String);

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL
            .iter()
            .copied()
            .find(|scope| scope.name() == text)
            .ok_or_else(|| UnknownScope(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_is_found_by_its_name() {
        for scope in Scope::ALL {
            assert_eq!(scope.name().parse::<Scope>().unwrap(), *scope);
        }
        assert!("transactions".parse::<Scope>().is_err());
    }
}
