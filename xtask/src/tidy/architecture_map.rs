//! Every crate has its line in the map of ARCHITECTURE.md, and the map names no folder that is not there.

use super::{Finding, tree::Tree};

const MAP: &str = "ARCHITECTURE.md";

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = vec![];
    let text = tree.file(MAP).map(|file| file.text.as_str()).unwrap_or_default();
    for folder in tree.crates() {
        if !text.lines().any(|line| line.starts_with(&format!("- `{folder}/`"))) {
            findings.push(Finding::in_file(MAP, format!("has no line that begins \"- `{folder}/`\"")));
        }
    }
    for (at, line) in text.lines().enumerate() {
        let Some((folder, _)) = line.strip_prefix("- `").and_then(|rest| rest.split_once("/`")) else {
            continue;
        };
        if !tree.files().iter().any(|file| file.path.starts_with(&format!("{folder}/"))) {
            findings.push(Finding::at(MAP, at + 1, format!("{folder}/ is on the map and not in the tree")));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_of_what_is_there_passes() {
        let tree = Tree::of(&[("ledger-core/Cargo.toml", ""), (MAP, "- `ledger-core/` THE RULES.\n")]);
        assert_eq!(check(&tree), []);
    }

    #[test]
    fn a_crate_off_the_map_and_a_folder_that_is_gone_are_found() {
        let tree = Tree::of(&[("ledger-core/Cargo.toml", ""), (MAP, "- `ledger/` THE RULES.\n")]);
        assert_eq!(check(&tree).len(), 2);
    }
}
