//! Names and words that say nothing, and asserts that are not always on.

use super::{Finding, tree::Tree};

const BANNED: &[(&str, &str)] = &[
    ("fn test_", "a test's name is a sentence, without test_"),
    ("debug_assert", "asserts are always on: a release build is what handles the money"),
    ("mod utils", "call the module by what is in it"),
    ("mod helpers", "call the module by what is in it"),
];

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = vec![];
    for file in tree.rust("").filter(|file| file.path != "xtask/src/tidy/plain_names.rs") {
        for (line, code) in file.production().into_iter().chain(file.tests()) {
            for (word, why) in BANNED {
                if code.contains(word) {
                    findings.push(Finding::at(&file.path, line, *why));
                }
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_passes() {
        assert_eq!(check(&Tree::of(&[("a/tests/a.rs", "fn a_repeat_records_nothing_new() {}")])), []);
    }

    #[test]
    fn a_test_prefix_and_an_assert_that_is_off_in_release_are_found() {
        let tree = Tree::of(&[("a/src/a.rs", "//! x\ndebug_assert!(sum == 0);\nfn test_sum() {}\n")]);
        assert_eq!(check(&tree).len(), 2);
    }
}
