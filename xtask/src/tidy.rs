//! `cargo xtask tidy`: the project's own rules. A rule is a file in `tidy/` and a line in `RULES`.

mod append_only;
mod architecture_map;
mod arrows;
mod blind_store;
mod environment;
mod first_line;
mod forbidden_words;
mod inherited_lints;
mod invariants;
mod length;
mod links;
mod money_arithmetic;
mod plain_names;
mod pure_core;
mod sleeping;
mod status_codes;
mod tree;

use anyhow::{Result, bail};

use crate::workspace::Workspace;
use tree::Tree;

struct Rule {
    name: &'static str,
    check: fn(&Tree) -> Vec<Finding>,
}

const RULES: &[Rule] = &[
    Rule { name: "append-only", check: append_only::check },
    Rule { name: "architecture-map", check: architecture_map::check },
    Rule { name: "arrows", check: arrows::check },
    Rule { name: "blind-store", check: blind_store::check },
    Rule { name: "environment", check: environment::check },
    Rule { name: "first-line", check: first_line::check },
    Rule { name: "forbidden-words", check: forbidden_words::check },
    Rule { name: "inherited-lints", check: inherited_lints::check },
    Rule { name: "invariants", check: invariants::check },
    Rule { name: "length", check: length::check },
    Rule { name: "links", check: links::check },
    Rule { name: "money-arithmetic", check: money_arithmetic::check },
    Rule { name: "plain-names", check: plain_names::check },
    Rule { name: "pure-core", check: pure_core::check },
    Rule { name: "sleeping", check: sleeping::check },
    Rule { name: "status-codes", check: status_codes::check },
];

/// Where a rule is broken, and what to do about it.
#[derive(Debug, PartialEq)]
struct Finding {
    path: String,
    /// Counted from 1; 0 where the finding is about the whole file.
    line: usize,
    message: String,
}

impl Finding {
    fn in_file(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), line: 0, message: message.into() }
    }

    fn at(path: impl Into<String>, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.into(), line, message: message.into() }
    }
}

pub fn run(workspace: &Workspace) -> Result<()> {
    let tree = Tree::read(&workspace.root)?;
    let mut found = 0;
    for rule in RULES {
        for Finding { path, line, message } in (rule.check)(&tree) {
            let place = if line == 0 { path } else { format!("{path}:{line}") };
            eprintln!("{place}: {message} [{}]", rule.name);
            found += 1;
        }
    }
    if found > 0 {
        bail!("{found} findings");
    }
    eprintln!("tidy: {} files keep {} rules", tree.files().len(), RULES.len());
    Ok(())
}
