//! Where money is counted, clippy refuses every `+ - *` that could overflow unseen.

use super::{Finding, tree::Tree};

const LINT: &str = "clippy::arithmetic_side_effects";

/// The files whose inner attribute covers all arithmetic on money: a module, or a crate's root.
const COVERED: &[&str] = &["event-schemas/src/money.rs", "ledger-core/src/lib.rs"];

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = vec![];
    for path in COVERED {
        let Some(file) = tree.file(path) else {
            findings.push(Finding::in_file(*path, "is gone: point this rule at where money is counted now"));
            continue;
        };
        if !denies(&file.text) {
            findings.push(Finding::in_file(*path, format!("has no `#![deny({LINT})]`")));
        }
    }
    findings
}

/// An inner `deny` or `forbid` that names the lint, on one line or on several.
fn denies(text: &str) -> bool {
    text.split("#![").skip(1).filter_map(|rest| rest.split(")]").next()).any(|attribute| {
        (attribute.contains("deny(") || attribute.contains("forbid(")) && attribute.contains(LINT)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> usize {
        let files: Vec<_> = COVERED.iter().map(|path| (*path, text)).collect();
        check(&Tree::of(&files)).len()
    }

    #[test]
    fn files_that_deny_unchecked_arithmetic_pass() {
        assert_eq!(found("//! x\n#![deny(clippy::arithmetic_side_effects)]\n"), 0);
        assert_eq!(found("//! x\n#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]\n"), 0);
    }

    #[test]
    fn files_that_allow_it_or_are_gone_are_found() {
        assert_eq!(found("//! x\n#![allow(clippy::arithmetic_side_effects)]\n"), COVERED.len());
        assert_eq!(check(&Tree::of(&[])).len(), COVERED.len());
    }
}
