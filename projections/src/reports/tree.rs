//! Accounts as a tree by the names in their paths, each line with all that is below it.

use std::collections::BTreeMap;

use event_schemas::{AccountNumber, AccountPath, AccountType};

use super::{
    Shape,
    figures::{Figures, Sums},
};
use crate::{TooLarge, views::balances::Balance};

/// An account, or a name above accounts, with everything below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<const N: usize> {
    pub account: AccountPath,
    /// How many names its path has.
    pub depth: usize,
    /// `None`: no account has this path; it only stands above some.
    pub number: Option<AccountNumber>,
    pub account_type: AccountType,
    pub figures: Figures<N>,
}

/// Lines, each above those below it, and what they come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<const N: usize> {
    pub lines: Vec<Line<N>>,
    pub total: Figures<N>,
}

/// Of balances of one type.
pub fn part<'a, const N: usize>(
    balances: impl Iterator<Item = (&'a Balance, [i128; N])>,
    shape: Shape<'_>,
) -> Result<Part<N>, TooLarge> {
    let zero = || Figures::zero(shape.valuation);
    let mut total = zero();
    // In the order of the names, not of the text: `a:b` stands before `a-c`.
    let mut lines: BTreeMap<Vec<&str>, Line<N>> = BTreeMap::new();
    for (balance, minor) in balances {
        let sums = Sums { minor, scale: balance.debits.scale };
        let figures = Figures::of(balance.currency, sums, shape.valuation);
        let figures = figures.map_err(|too_large| too_large.of(&balance.account))?;
        let names: Vec<&str> = balance.account.as_str().split(':').collect();
        for depth in 1..=names.len().min(shape.depth.unwrap_or(usize::MAX)) {
            let line = lines.entry(names[..depth].to_vec()).or_insert_with(|| Line {
                account: AccountPath::parse(&names[..depth].join(":")).expect("the begin of a path is one"),
                depth,
                number: None,
                account_type: balance.account_type,
                figures: zero(),
            });
            line.figures.add(&figures).map_err(|too_large| too_large.of(&line.account))?;
            if depth == names.len() {
                line.number = Some(balance.number);
            }
        }
        total.add(&figures)?;
    }
    Ok(Part { lines: lines.into_values().collect(), total })
}

#[cfg(test)]
mod tests {
    use event_schemas::{AssetCode, Quantity};

    use super::*;
    use crate::TooLarge;

    fn held(account: &str, minor: i128) -> (Balance, [i128; 1]) {
        let balance = Balance {
            number: AccountNumber(0),
            account: AccountPath::parse(account).expect("a path"),
            account_type: AccountType::Asset,
            currency: AssetCode::parse("EUR").expect("a code"),
            debits: Quantity::new(minor, 2),
            credits: Quantity::new(0, 2),
        };
        (balance, [minor])
    }

    #[test]
    fn a_sum_that_is_too_large_is_told_with_its_name() {
        let whose = |names: &[&str]| {
            let balances: Vec<_> = names.iter().map(|name| held(name, i128::MAX / 2 + 1)).collect();
            let part = part(balances.iter().map(|(balance, minor)| (balance, *minor)), Shape::default());
            part.map_err(|TooLarge { account, .. }| account.map(|account| account.as_str().to_owned())).err()
        };
        assert_eq!(whose(&["assets:a"]), None);
        assert_eq!(whose(&["assets:a:x", "assets:a:y"]), Some(Some("assets".to_owned())));
        assert_eq!(whose(&["assets", "cash"]), Some(None), "a total has no name");
    }
}
