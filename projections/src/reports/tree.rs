//! Accounts as a tree by the names in their paths, each line with all that is below it.

use std::collections::BTreeMap;

use event_schemas::{AccountNumber, AccountPath, AccountType};

use super::{
    Shape,
    figures::{Figures, Sums},
};
use crate::views::balances::Balance;

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

/// Of balances of one type. `None`: a sum has more than 127 bits.
pub fn part<'a, const N: usize>(
    balances: impl Iterator<Item = (&'a Balance, [i128; N])>,
    shape: Shape<'_>,
) -> Option<Part<N>> {
    let zero = || Figures::zero(shape.valuation);
    let mut total = zero();
    // In the order of the names, not of the text: `a:b` stands before `a-c`.
    let mut lines: BTreeMap<Vec<&str>, Line<N>> = BTreeMap::new();
    for (balance, minor) in balances {
        let sums = Sums { minor, scale: balance.debits.scale };
        let figures = Figures::of(balance.currency, sums, shape.valuation)?;
        total.add(&figures)?;
        let names: Vec<&str> = balance.account.as_str().split(':').collect();
        for depth in 1..=names.len().min(shape.depth.unwrap_or(usize::MAX)) {
            let line = lines.entry(names[..depth].to_vec()).or_insert_with(|| Line {
                account: AccountPath::parse(&names[..depth].join(":")).expect("the begin of a path is one"),
                depth,
                number: None,
                account_type: balance.account_type,
                figures: zero(),
            });
            line.figures.add(&figures)?;
            if depth == names.len() {
                line.number = Some(balance.number);
            }
        }
    }
    Some(Part { lines: lines.into_values().collect(), total })
}
