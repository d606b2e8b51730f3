//! Nothing in the tree knows the machine it was written on, where packages come from, or how the work was planned.

use super::{Finding, tree::Tree};

/// Cut in two, so that this file does not find itself.
const BANNED: &[(&str, &str)] = &[
    (concat!("/wo", "rk/"), "a path of one machine"),
    (concat!("/ro", "ot/"), "a path of one machine"),
    (concat!("crates", ".io"), "where packages come from is cargo's business"),
    (concat!("py", "pi.org"), "where packages come from is the machine's business"),
    (concat!("npm", "js.org"), "where packages come from is the machine's business"),
    (concat!("deb.", "debian.org"), "where packages come from is the machine's business"),
    (concat!("FIX", "ME"), "mend it, or write an issue"),
    (concat!("TO", "DO"), "do it, or write an issue"),
];

/// Words that are banned only with a number behind them: who did what when stands in git.
const NUMBERED: &[&str] = &["session", "issue"];

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = vec![];
    // Cargo writes the registry into its lock file by itself.
    for file in tree.files().iter().filter(|file| file.path != "Cargo.lock") {
        for (at, line) in file.text.lines().enumerate() {
            for (word, why) in BANNED {
                if stands_alone(line, word) {
                    findings.push(Finding::at(&file.path, at + 1, format!("`{word}`: {why}")));
                }
            }
            for word in NUMBERED {
                if is_numbered(line, word) {
                    findings.push(Finding::at(
                        &file.path,
                        at + 1,
                        format!("`{word} N`: history stands in git"),
                    ));
                }
            }
        }
    }
    findings
}

/// `docs/work/` and `TODOS` are other words than the ones meant.
fn stands_alone(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let joined = |it: Option<char>| it.is_some_and(|it| it.is_alphanumeric() || it == '_');
        !joined(before) && (word.ends_with('/') || !joined(after))
    })
}

fn is_numbered(line: &str, word: &str) -> bool {
    let lower = line.to_lowercase();
    lower.match_indices(word).any(|(at, _)| {
        let rest = lower[at + word.len()..].strip_prefix(' ').unwrap_or_default();
        rest.trim_start_matches('#').starts_with(|it: char| it.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> usize {
        check(&Tree::of(&[("docs/a.md", line)])).len()
    }

    #[test]
    fn ordinary_sentences_pass() {
        assert_eq!(found("see docs/work/plan.md and the issue above; a session lasts 30 minutes"), 0);
        assert_eq!(
            check(&Tree::of(&[("Cargo.lock", concat!("github.com/rust-lang/crates", ".io-index"))])),
            []
        );
    }

    #[test]
    fn machine_paths_registries_and_talk_about_the_work_are_found() {
        assert_eq!(found(concat!("cp /wo", "rk/main/x .")), 1);
        assert_eq!(found(concat!("// TO", "DO later")), 1);
        assert_eq!(found(concat!("from crates", ".io")), 1);
        assert_eq!(found(concat!("as agreed in Session", " 12")), 1);
        assert_eq!(found(concat!("see issue", " #3")), 1);
    }
}
