//! Every invariant of docs/invariants.md stands in an assert and in a test, where that page says it does.
//!
//! Rows of its table are `| ID | what | asserted in | tested in |`. A cell names files (in backquotes) that hold
//! the ID, or says "not yet"; "not yet" beside code that already has the ID is a finding, so the list shrinks.

use super::Finding;
use super::tree::{File, Tree};

const PAGE: &str = "docs/invariants.md";
const PENDING: &str = "not yet";

/// The ID in a line of code, which can only be a message: of an assert, of an `expect`.
fn is_asserted(file: &File, id: &str) -> bool {
    file.production().iter().any(|(_, code)| names(code, id))
}

/// The ID anywhere among tests: a message, or a comment that says what the test is for.
fn is_tested(file: &File, id: &str) -> bool {
    let from = match file.tests().first() {
        Some((line, _)) if !file.is_test() => line - 1,
        Some(_) => 0,
        None => return false,
    };
    file.text.lines().skip(from).any(|line| names(line, id))
}

pub fn check(tree: &Tree) -> Vec<Finding> {
    let Some(page) = tree.file(PAGE) else { return vec![Finding::in_file(PAGE, "is missing")] };
    let mut findings = vec![];
    for (line, id, asserted, tested) in rows(&page.text) {
        for (cell, kind, holds) in
            [(asserted, "assert", is_asserted as fn(&File, &str) -> bool), (tested, "test", is_tested)]
        {
            check_cell(tree, id, cell, kind, holds)
                .into_iter()
                .for_each(|message| findings.push(Finding::at(PAGE, line, message)));
        }
    }
    findings
}

fn check_cell(tree: &Tree, id: &str, cell: &str, kind: &str, holds: fn(&File, &str) -> bool) -> Vec<String> {
    if cell.starts_with(PENDING) {
        let mut code = tree.rust("").filter(|file| file.folder() != "xtask");
        let found = code.find(|file| holds(file, id));
        return found
            .map(|file| format!("{id} has its {kind} in {}: say so here", file.path))
            .into_iter()
            .collect();
    }
    let files: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
    if files.is_empty() {
        return vec![format!("{id}: name the file of its {kind}, or say \"{PENDING}\"")];
    }
    let lacking = files.into_iter().filter(|path| !tree.file(path).is_some_and(|file| holds(file, id)));
    lacking.map(|path| format!("{id} has no {kind} in {path}")).collect()
}

/// Line, id and the last two cells of each row that begins with an id.
fn rows(page: &str) -> Vec<(usize, &str, &str, &str)> {
    let mut rows = vec![];
    for (at, line) in page.lines().enumerate() {
        let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
        if let [id, _, asserted, tested] = cells[..]
            && is_id(id)
        {
            rows.push((at + 1, id, asserted, tested));
        }
    }
    rows
}

/// `LGR-1`, `KAFKA-12`.
fn is_id(word: &str) -> bool {
    word.split_once('-').is_some_and(|(area, number)| {
        !area.is_empty()
            && area.chars().all(|it| it.is_ascii_uppercase())
            && !number.is_empty()
            && number.chars().all(|it| it.is_ascii_digit())
    })
}

/// LGR-1 is not named by LGR-12.
fn names(text: &str, id: &str) -> bool {
    text.match_indices(id).any(|(at, _)| !text[at + id.len()..].starts_with(|it: char| it.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "//! x\nassert!(sum == 0, \"LGR-1: {sum}\");\n#[cfg(test)]\nmod tests {\n    // LGR-1\n    fn a() {}\n}\n";

    fn found(row: &str, code: &str) -> Vec<String> {
        let tree = Tree::of(&[(PAGE, row), ("core/src/a.rs", code)]);
        check(&tree).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn an_invariant_that_is_where_the_page_says_passes() {
        assert_eq!(
            found("| LGR-1 | balanced | `core/src/a.rs` | `core/src/a.rs` |", CODE),
            Vec::<String>::new()
        );
        assert_eq!(found("| LGR-2 | limits | not yet | not yet |", CODE), Vec::<String>::new());
    }

    #[test]
    fn an_invariant_that_is_not_there_is_found() {
        let row = "| LGR-2 | limits | `core/src/a.rs` | `core/src/b.rs` |";
        assert_eq!(
            found(row, CODE),
            ["LGR-2 has no assert in core/src/a.rs", "LGR-2 has no test in core/src/b.rs"]
        );
        assert_eq!(found("| LGR-2 | limits | | |", CODE).len(), 2);
    }

    #[test]
    fn pending_is_an_error_once_the_code_has_it() {
        let row = "| LGR-1 | balanced | not yet | not yet |";
        assert_eq!(
            found(row, CODE),
            [
                "LGR-1 has its assert in core/src/a.rs: say so here",
                "LGR-1 has its test in core/src/a.rs: say so here"
            ]
        );
        assert_eq!(found(row, &CODE.replace("LGR-1", "LGR-12")), Vec::<String>::new());
    }
}
