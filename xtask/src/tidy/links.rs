//! Every relative link in a document leads to a file of the project, and to a heading that it has.

use super::{Finding, tree::Tree};

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = vec![];
    for file in tree.files().iter().filter(|file| file.path.ends_with(".md")) {
        for (line, target) in links(&file.text) {
            // A path from the root is one of the running server's, in a text that the door serves.
            if target.contains("://") || target.starts_with("mailto:") || target.starts_with('/') {
                continue;
            }
            let (path, heading) = target.split_once('#').unwrap_or((target, ""));
            let Some(path) = resolved(&file.path, path) else {
                findings.push(Finding::at(&file.path, line, format!("{target} leads out of the project")));
                continue;
            };
            if !exists(tree, &path) {
                findings.push(Finding::at(&file.path, line, format!("{target} does not exist")));
            } else if !heading.is_empty() && path.ends_with(".md") && !has_heading(tree, &path, heading) {
                findings.push(Finding::at(&file.path, line, format!("{path} has no heading #{heading}")));
            }
        }
    }
    findings
}

/// Line and target of `[text](target)` outside of code.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = vec![];
    for (line, text) in prose(text) {
        for piece in text.split("](").skip(1) {
            if let Some(target) = piece.split([')', ' ']).next() {
                found.push((line, target));
            }
        }
    }
    found
}

fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_code = false;
    text.lines().enumerate().map(|(at, line)| (at + 1, line)).filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        !in_code && !fence
    })
}

/// From the root; None where `..` leads out of it. An empty path is the document itself.
fn resolved(document: &str, path: &str) -> Option<String> {
    if path.is_empty() {
        return Some(document.to_owned());
    }
    let mut parts: Vec<&str> = document.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn exists(tree: &Tree, path: &str) -> bool {
    let folder = if path.is_empty() { String::new() } else { format!("{path}/") };
    tree.file(path).is_some() || tree.files().iter().any(|file| file.path.starts_with(&folder))
}

fn has_heading(tree: &Tree, path: &str, heading: &str) -> bool {
    let text = tree.file(path).map(|file| file.text.as_str()).unwrap_or_default();
    prose(text).filter(|(_, line)| line.starts_with('#')).any(|(_, line)| anchor(line) == heading)
}

/// As the usual renderers make it: lower case, blanks become dashes, punctuation goes.
fn anchor(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = words.chars().filter(|it| it.is_alphanumeric() || matches!(it, ' ' | '-' | '_'));
    kept.map(|it| if it == ' ' { '-' } else { it }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<Finding> {
        check(&Tree::of(&[("docs/a.md", text), ("README.md", "# Run it\n"), ("docs/adr/0001-x.md", "")]))
    }

    #[test]
    fn links_that_lead_somewhere_pass() {
        assert_eq!(
            found("[a](../README.md) [b](adr/0001-x.md) [c](adr/) [d](https://example.org/x) [e](/docs)"),
            []
        );
        assert_eq!(
            found("# Here it is\n[f](#here-it-is) [g](../README.md#run-it)\n```\n[h](nowhere)\n```\n"),
            []
        );
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        assert_eq!(found("[a](adr/0002.md) [b](../../x) [c](#there) [d](../README.md#walk)").len(), 4);
    }
}
