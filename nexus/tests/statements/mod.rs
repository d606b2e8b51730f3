//! Our income statement and balance sheet, as the program shows them, beside those that hledger makes of our export.
//!
//! Signs need no change: both show every part on the side on which it grows, so that income, liabilities and equity are positive
//! where credits are more, assets and expenses where debits are. A sum below a statement is income less expenses in both, and assets
//! less liabilities (and less equity, in `bse`). hledger has no line for earnings that were not closed into equity: what it
//! leaves below a balance sheet with equity is what we show as `earnings`.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

use std::{collections::BTreeMap, path::Path};

use serde_json::Value;

use super::{
    door::Door,
    hledger::{self, Balances, Parts, Period},
};

/// A statement of hledger's, our report, and the names that a part has in the two. `Net` is a sum alone.
struct Statement {
    name: &'static str,
    report: &'static str,
    parts: &'static [(&'static str, &'static str)],
}

const STATEMENTS: [Statement; 3] = [
    Statement {
        name: "is",
        report: "income-statement",
        parts: &[("Revenues", "income"), ("Expenses", "expenses"), ("Net", "net_income")],
    },
    Statement {
        name: "bs",
        report: "balance-sheet",
        parts: &[("Assets", "assets"), ("Liabilities", "liabilities"), ("Net", "total_equity")],
    },
    Statement {
        name: "bse",
        report: "balance-sheet",
        parts: &[
            ("Assets", "assets"),
            ("Liabilities", "liabilities"),
            ("Equity", "equity"),
            ("Net", "earnings"),
        ],
    },
];

/// What hledger makes of an export in a period (its last day, where a statement is of a moment) is what we say. Answers its
/// statements.
pub fn compare(door: &Door, ledger: &str, exported: &Path, period: Period) -> BTreeMap<&'static str, Parts> {
    let mut statements = BTreeMap::new();
    for Statement { name, report, parts } in STATEMENTS {
        let period = if name == "is" { period } else { Period { first: None, ..period } };
        let theirs = hledger::statement(exported, name, period);
        assert_eq!(ours(door, ledger, report, parts, period), theirs, "{ledger} {name} {period:?}");
        statements.insert(name, theirs);
    }
    statements
}

fn ours(door: &Door, ledger: &str, report: &str, parts: &[(&str, &str)], period: Period) -> Parts {
    let [first, last] = [period.first, period.last].map(|day| day.map(|day| day.to_string()));
    let to = if report == "balance-sheet" { "--at" } else { "--to" };
    let mut words = vec!["report", report, ledger, "--json"];
    for (flag, day) in [("--from", &first), (to, &last)] {
        words.extend(day.as_deref().into_iter().flat_map(|day| [flag, day]));
    }
    let told = door.run(&words);
    assert_eq!(told.code, 0, "{words:?}\n{}{}", told.out, told.err);
    let answer: Value = serde_json::from_str(&told.out).unwrap();
    let parts = parts.iter().map(|(theirs, ours)| ((*theirs).to_owned(), part(&answer[ours])));
    parts.filter(|(_, balances)| !balances.is_empty()).collect()
}

/// Of accounts and their total, or of a total alone.
fn part(part: &Value) -> Balances {
    let total = if part["lines"].is_array() { &part["total"] } else { part };
    let lines = part["lines"].as_array().into_iter().flatten();
    let lines = lines.map(|line| (line["account"].as_str().unwrap(), line));
    let mut balances = Balances::new();
    for (name, figures) in lines.chain([("total", total)]) {
        for money in figures["amounts"].as_array().unwrap() {
            let text = |name: &str| money[name].as_str().unwrap().to_owned();
            let there = balances.insert((name.to_owned(), text("currency")), text("amount").parse().unwrap());
            assert!(there.is_none(), "{name} is there twice");
        }
    }
    balances.retain(|_, number| !number.is_zero());
    balances
}
