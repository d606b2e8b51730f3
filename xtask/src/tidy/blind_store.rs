//! The log and the wire move bytes: of the contract they know ids, positions and times, and no event type.

use super::{Finding, tree::Tree};

const BLIND: &[&str] = &["event-store/src/", "event-bus/src/"];

const KNOWN: &[&str] =
    &["Position", "InvalidPosition", "Sequence", "Shard", "Ts", "InvalidTime", "LedgerId", "InvalidId"];

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = vec![];
    for file in BLIND.iter().flat_map(|folder| tree.rust(folder)) {
        for (line, name) in names_of_the_contract(&file.production()) {
            if !KNOWN.contains(&name) {
                let message = format!("event_schemas::{name}: only ids, positions and times are known here");
                findings.push(Finding::at(&file.path, line, message));
            }
        }
    }
    findings
}

/// What is named behind `event_schemas::`, alone or in braces, which may go over several lines.
fn names_of_the_contract<'a>(code: &[(usize, &'a str)]) -> Vec<(usize, &'a str)> {
    let mut names = vec![];
    let mut in_braces = false;
    for (line, text) in code {
        let mut rest = *text;
        loop {
            if in_braces {
                let (inside, after) =
                    rest.split_once('}').map_or((rest, None), |(inside, it)| (inside, Some(it)));
                let words = inside.split([',', ' ', '{', ':']).filter(|it| !it.is_empty() && *it != "self");
                names.extend(words.map(|word| (*line, word)));
                in_braces = after.is_none();
                rest = after.unwrap_or_default();
            }
            let Some((_, after)) = rest.split_once("event_schemas::") else { break };
            in_braces = after.starts_with('{');
            if !in_braces {
                let end = after.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(after.len());
                names.push((*line, &after[..end]));
            }
            rest = after;
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(code: &str) -> Vec<usize> {
        let tree = Tree::of(&[("event-store/src/append.rs", code)]);
        check(&tree).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_store_that_knows_positions_passes() {
        assert_eq!(
            found("//! x\nuse event_schemas::{Position, Ts};\nfn a(at: event_schemas::Shard) {}\n"),
            []
        );
        assert_eq!(found("//! x\n#[cfg(test)]\nmod tests {\n use event_schemas::Event;\n}\n"), []);
    }

    #[test]
    fn a_store_that_knows_an_event_is_found() {
        assert_eq!(found("use event_schemas::Event;\n"), [1]);
        assert_eq!(
            found("use event_schemas::{\n    Position,\n    Record,\n};\nuse event_schemas::events;\n"),
            [3, 5]
        );
        assert_eq!(found("use event_schemas::*;\n"), [1]);
    }
}
