//! The environment is read in one place per binary, so that what configures a program can be read there.

use super::{Finding, tree::Tree};

const READING: &[&str] = &["env::var", "env::args", "dotenv"];
const MAY_READ: &[&str] = &["main.rs", "config.rs", "build.rs"];

/// Other files, each with its reason.
const ALLOWED: &[(&str, &str)] = &[
    ("infra/src/private_postgres/binaries.rs", "PATH is where programs are found, no setting of ours"),
    ("command-api/examples/memory_door.rs", "an example is a program of its own, and reads its argument"),
];

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = vec![];
    for file in tree.rust("").filter(|file| !matches!(file.folder(), "xtask" | "benches")) {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        if MAY_READ.contains(&name) || ALLOWED.iter().any(|(path, _)| *path == file.path) {
            continue;
        }
        for (line, code) in file.production() {
            if READING.iter().any(|word| code.contains(word)) {
                let message = "the environment is read in main.rs and config.rs alone; pass the value on";
                findings.push(Finding::at(&file.path, line, message));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "//! x\nlet url = std::env::var(\"DATABASE_URL\");\n";

    #[test]
    fn configuration_and_tests_may_read_the_environment() {
        let tree = Tree::of(&[("nexus/src/config.rs", CODE), ("sequencer/tests/seeded.rs", CODE)]);
        assert_eq!(check(&tree), []);
    }

    #[test]
    fn a_library_that_reads_the_environment_is_found() {
        assert_eq!(check(&Tree::of(&[("event-store/src/pool.rs", CODE)])).len(), 1);
    }
}
