//! Stored bytes never change: golden files and migrations are added, not edited.
//!
//! Compared with the newest release (tag `v*`), and with HEAD, so that a generator that rewrites a golden file is
//! seen before it is committed. Before the first release a commit may change one, and says so in its message.

use super::{Finding, tree::Tree};

const FROZEN: &[&str] = &["event-schemas/golden/", "*/migrations/*.sql"];

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut bases = vec!["HEAD".to_owned()];
    if let Some(tag) = tree.git(&["describe", "--tags", "--abbrev=0", "--match", "v*"]) {
        bases.push(tag.trim().to_owned());
    }
    let mut findings = vec![];
    for base in bases {
        let diff = ["diff", "--name-status", "--no-renames", "--diff-filter=MD", &base, "--"];
        findings.extend(
            tree.git(&[&diff, FROZEN].concat()).map(|status| changed(&status, &base)).unwrap_or_default(),
        );
    }
    findings
}

fn changed(status: &str, base: &str) -> Vec<Finding> {
    let rows = status.lines().filter_map(|row| row.split_once('\t'));
    rows.map(|(letter, path)| {
        let what = if letter == "D" { "deleted" } else { "changed" };
        Finding::in_file(
            path,
            format!("{what} since {base}: stored bytes never change, add a new version beside it"),
        )
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use std::process::Command;

    #[test]
    fn nothing_changed_passes_and_so_does_a_tree_without_git() {
        assert_eq!(changed("", "HEAD"), []);
        assert_eq!(check(&Tree::of(&[("event-schemas/golden/a.json", "{}")])), []);
    }

    #[test]
    fn an_edited_and_a_deleted_file_are_found_and_a_new_one_is_not() {
        let folder = std::env::temp_dir().join(format!("append-only-{}", std::process::id()));
        let golden = folder.join("event-schemas/golden");
        std::fs::create_dir_all(&golden).expect("the temporary folder is writable");
        let write = |name: &str, text: &str| std::fs::write(golden.join(name), text).expect("it is writable");
        write("kept.json", "1");
        write("edited.json", "1");
        write("deleted.json", "1");
        git(&folder, &["init", "--quiet"]);
        git(&folder, &["add", "."]);
        git(
            &folder,
            &["-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "-m", "x"],
        );
        write("edited.json", "2");
        write("added.json", "1");
        std::fs::remove_file(golden.join("deleted.json")).expect("it was written");

        let tree = Tree::read(&folder).expect("it is a repository");
        let mut found: Vec<_> = check(&tree).into_iter().map(|finding| finding.path).collect();
        found.sort();
        std::fs::remove_dir_all(&folder).expect("it is ours");
        assert_eq!(found, ["event-schemas/golden/deleted.json", "event-schemas/golden/edited.json"]);
    }

    fn git(folder: &Path, args: &[&str]) {
        let status = Command::new("git").current_dir(folder).args(args).status().expect("git is there");
        assert!(status.success(), "git {args:?}");
    }
}
