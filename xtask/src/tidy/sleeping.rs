//! Tests wait for a position or an answer, never for a time: a sleep is slow, or too short on a busy machine.

use super::{Finding, tree::Tree};

const SLEEPING: &[&str] = &["thread::sleep", "time::sleep", "sleep(Duration"];

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = vec![];
    for file in tree.rust("").filter(|file| file.folder() != "xtask") {
        for (line, code) in file.tests() {
            if SLEEPING.iter().any(|word| code.contains(word)) {
                findings.push(Finding::at(&file.path, line, "a test sleeps: wait for what it needs instead"));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_for_a_position_passes_and_so_does_a_timer_in_code() {
        let code = "//! x\ntokio::time::sleep(retry).await;\n#[cfg(test)]\nmod tests {\n    log.wait_for(position);\n}\n";
        assert_eq!(check(&Tree::of(&[("a/src/lib.rs", code)])), []);
    }

    #[test]
    fn a_test_that_sleeps_is_found() {
        let unit = "//! x\n#[cfg(test)]\nmod tests {\n    std::thread::sleep(pause);\n}\n";
        let tree = Tree::of(&[("a/src/lib.rs", unit), ("a/tests/b.rs", "tokio::time::sleep(pause).await;")]);
        assert_eq!(check(&tree).len(), 2);
    }
}
