//! Every crate takes the workspace's lints, edition and licence: a new one cannot forget them.

use super::{Finding, tree::Tree};

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = vec![];
    for folder in tree.crates() {
        let path = format!("{folder}/Cargo.toml");
        let manifest = tree.file(&path).map(|file| file.text.as_str()).unwrap_or_default();
        if !manifest.contains("[lints]\nworkspace = true") {
            findings.push(Finding::in_file(&path, "has no `[lints] workspace = true`"));
        }
        for key in ["edition", "rust-version", "license", "publish"] {
            if !manifest.contains(&format!("\n{key}.workspace = true")) {
                findings.push(Finding::in_file(&path, format!("has no `{key}.workspace = true`")));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_that_inherits_passes() {
        let manifest = "[package]\nname = \"a\"\nedition.workspace = true\nrust-version.workspace = true\n\
                        license.workspace = true\npublish.workspace = true\n\n[lints]\nworkspace = true\n";
        assert_eq!(check(&Tree::of(&[("a/Cargo.toml", manifest)])), []);
    }

    #[test]
    fn a_crate_with_its_own_ideas_is_found() {
        assert_eq!(
            check(&Tree::of(&[("a/Cargo.toml", "[package]\nname = \"a\"\nedition = \"2021\"\n")])).len(),
            5
        );
    }
}
