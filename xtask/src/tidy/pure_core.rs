//! ledger-core decides from what it is given alone: no clock, no chance, no IO. The contract does no IO either.

use super::{Finding, tree::Tree};

const NO_IO: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "std::io",
    "tokio",
    "println!",
    "eprintln!",
];
const NO_CLOCK_NO_CHANCE: &[&str] = &[
    "SystemTime",
    "Instant::now",
    "Utc::now",
    "Local::now",
    "rand::",
    "getrandom",
    "new_v4",
    "now_v7",
    "RandomState::new",
];

/// Crates that would bring a clock, chance or IO in by the back door.
const NO_DEPENDENCY: &[&str] =
    &["tokio", "rand", "getrandom", "tokio-postgres", "poem", "reqwest", "tracing-subscriber", "infra"];

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = vec![];
    let banned: Vec<_> = NO_IO.iter().chain(NO_CLOCK_NO_CHANCE).copied().collect();
    for (folder, banned) in [("ledger-core/src/", &banned[..]), ("event-schemas/src/", NO_IO)] {
        for file in tree.rust(folder) {
            for (line, code) in file.production() {
                for word in banned.iter().filter(|word| code.contains(**word)) {
                    let message =
                        format!("{word}: time, ids and chance enter as arguments, IO lives elsewhere");
                    findings.push(Finding::at(&file.path, line, message));
                }
            }
        }
    }
    for manifest in ["ledger-core/Cargo.toml", "event-schemas/Cargo.toml"] {
        let Some(file) = tree.file(manifest) else { continue };
        let production = file.text.split("[dev-dependencies]").next().unwrap_or_default();
        for (at, line) in production.lines().enumerate() {
            let name = line.split(['=', '.']).next().unwrap_or_default().trim();
            if NO_DEPENDENCY.contains(&name) {
                findings.push(Finding::at(manifest, at + 1, format!("{name} has no place in a pure crate")));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_is_given_the_time_passes() {
        let code = "//! x\n// never Utc::now()\nfn decide(now: Micros) {}\n#[cfg(test)]\nmod tests {\n use rand::rng;\n}\n";
        assert_eq!(check(&Tree::of(&[("ledger-core/src/decide.rs", code)])), []);
        assert_eq!(check(&Tree::of(&[("sequencer/src/shell.rs", "let now = Utc::now();")])), []);
    }

    #[test]
    fn a_clock_or_a_file_in_the_core_is_found() {
        let tree = Tree::of(&[
            ("ledger-core/src/a.rs", "let now = Utc::now();"),
            ("ledger-core/src/b.rs", "use std::fs::File;"),
            ("event-schemas/src/c.rs", "println!(\"here\");"),
            (
                "ledger-core/Cargo.toml",
                "[dependencies]\ntokio = { workspace = true }\n[dev-dependencies]\nrand = \"1\"\n",
            ),
        ]);
        assert_eq!(check(&tree).len(), 4);
    }
}
