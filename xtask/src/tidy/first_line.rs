//! Every Rust file says in its first line what it is for.

use super::{Finding, tree::Tree};

pub fn check(tree: &Tree) -> Vec<Finding> {
    tree.rust("")
        .filter(|file| {
            !file.text.lines().next().is_some_and(|line| line.starts_with("//! ") && line.len() > 8)
        })
        .map(|file| Finding::at(&file.path, 1, "the first line is `//! One sentence: what this is for.`"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_says_what_it_is_for_passes() {
        assert_eq!(check(&Tree::of(&[("a/src/lib.rs", "//! The rules.\n")])), []);
    }

    #[test]
    fn a_file_that_begins_otherwise_is_found() {
        assert_eq!(check(&Tree::of(&[("a/src/lib.rs", "use std::fmt;\n"), ("b/src/lib.rs", "")])).len(), 2);
    }
}
