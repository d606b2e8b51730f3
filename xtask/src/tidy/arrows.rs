//! Which crate may depend on which: the arrows of ARCHITECTURE.md, and that they stay short.

use super::{Finding, tree::Tree};

/// A crate and the crates of ours that it may name in `[dependencies]`. The binaries are at the end.
const ARROWS: &[(&str, &[&str])] = &[
    ("event-schemas", &[]),
    ("ledger-core", &["event-schemas"]),
    ("event-store", &["event-schemas"]),
    ("event-bus", &["event-schemas", "event-store"]),
    ("projections", &["event-schemas", "event-store"]),
    ("infra", &[]),
    ("sequencer", &["event-schemas", "ledger-core", "event-store"]),
    ("command-api", &["event-schemas", "ledger-core", "event-store", "sequencer", "projections"]),
    ("replay-tool", &["event-schemas", "ledger-core", "event-store", "sequencer", "projections"]),
    ("benches", &["event-schemas", "ledger-core", "event-store", "sequencer", "command-api", "infra"]),
    (
        "nexus",
        &[
            "event-schemas",
            "ledger-core",
            "event-store",
            "event-bus",
            "projections",
            "infra",
            "sequencer",
            "command-api",
            "replay-tool",
        ],
    ),
    ("xtask", &[]),
];

/// Tests of these start a Postgres of their own.
const TESTED_WITH_INFRA: &[&str] =
    &["event-store", "event-bus", "projections", "sequencer", "command-api", "replay-tool"];

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = vec![];
    for folder in tree.crates() {
        let path = format!("{folder}/Cargo.toml");
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == folder) else {
            findings.push(Finding::in_file(
                path,
                "a new crate: say in the table of this rule what it may depend on",
            ));
            continue;
        };
        let manifest = tree.file(&path).map(|file| file.text.as_str()).unwrap_or_default();
        for (line, section, dependency) in dependencies(manifest) {
            let ours = ARROWS.iter().any(|(name, _)| *name == dependency);
            let in_tests =
                section == "dev-dependencies" && dependency == "infra" && TESTED_WITH_INFRA.contains(&folder);
            if ours && !allowed.contains(&dependency) && !in_tests {
                findings.push(Finding::at(&path, line, format!("{folder} must not depend on {dependency}")));
            }
        }
    }
    findings
}

/// Line, section and name of each dependency. Enough of TOML for manifests in cargo's usual layout.
fn dependencies(manifest: &str) -> Vec<(usize, &str, &str)> {
    let mut found = vec![];
    let mut section = "";
    for (at, line) in manifest.lines().enumerate() {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[').and_then(|it| it.split(']').next()) {
            section = header;
            // [dependencies.name] is a dependency by itself; [target.'cfg(…)'.dependencies] a section.
            let (parent, last) = header.rsplit_once('.').unwrap_or(("", header));
            if parent.ends_with("dependencies") {
                found.push((at + 1, parent, last));
            } else if last.ends_with("dependencies") {
                section = last;
            }
        } else if section.ends_with("dependencies")
            && !line.starts_with('#')
            && let Some((name, _)) = line.split_once('=')
        {
            found.push((at + 1, section, name.split('.').next().unwrap_or_default().trim()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Arrows between a library and the contract at the bottom.
    const DEPTH_MAX: usize = 3;

    fn checked(folder: &str, manifest: &str) -> Vec<String> {
        let tree = Tree::of(&[(&format!("{folder}/Cargo.toml"), manifest)]);
        check(&tree).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn arrows_that_point_down_pass() {
        let manifest = "[dependencies]\nevent-schemas = { workspace = true }\nserde.workspace = true\n\
                        [dev-dependencies]\nproptest.workspace = true\n";
        assert_eq!(checked("ledger-core", manifest), Vec::<String>::new());
        assert_eq!(
            checked("event-store", "[dev-dependencies]\ninfra.workspace = true\n"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn an_arrow_that_is_not_in_the_table_is_found_however_it_is_written() {
        let expected = ["ledger-core must not depend on event-store"];
        assert_eq!(checked("ledger-core", "[dependencies]\nevent-store = { workspace = true }\n"), expected);
        assert_eq!(checked("ledger-core", "[dev-dependencies]\nevent-store.workspace = true\n"), expected);
        assert_eq!(checked("ledger-core", "[dependencies.event-store]\nworkspace = true\n"), expected);
        assert_eq!(
            checked("ledger-core", "[target.'cfg(unix)'.dependencies]\nevent-store = \"1\"\n"),
            expected
        );
    }

    #[test]
    fn a_crate_that_the_table_does_not_know_is_found() {
        assert_eq!(checked("helpers", "[package]\n").len(), 1);
    }

    #[test]
    fn the_table_keeps_the_depth() {
        fn depth(of: &str) -> usize {
            let (_, below) = ARROWS.iter().find(|(name, _)| *name == of).expect("the table is closed");
            below.iter().map(|name| 1 + depth(name)).max().unwrap_or(0)
        }
        for (name, _) in ARROWS.iter().filter(|(name, _)| !matches!(*name, "nexus" | "benches")) {
            assert!(depth(name) <= DEPTH_MAX, "{name} is {} arrows above the bottom", depth(name));
        }
    }
}
