//! A file that has grown past what one reads in a sitting holds a second thing.

use super::{Finding, tree::Tree};

const LINES_MAX: usize = 500;

/// Longer files, each with its reason.
const ALLOWED: &[(&str, &str)] = &[];

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = vec![];
    for file in tree.rust("") {
        let lines = file.text.lines().count();
        let allowed = ALLOWED.iter().any(|(path, _)| *path == file.path);
        if lines > LINES_MAX && !allowed {
            let message = format!("{lines} lines: look for the second thing in it ({LINES_MAX} are allowed)");
            findings.push(Finding::in_file(&file.path, message));
        }
        if lines <= LINES_MAX && allowed {
            findings.push(Finding::in_file(&file.path, "no longer too long: take it off the rule's list"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_five_hundred_lines_passes_and_one_more_is_found() {
        assert_eq!(check(&Tree::of(&[("a/src/a.rs", &"\n".repeat(500))])), []);
        assert_eq!(check(&Tree::of(&[("a/src/a.rs", &"\n".repeat(501))])).len(), 1);
    }
}
