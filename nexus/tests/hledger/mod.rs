//! hledger, where it is installed: what it reads out of a journal.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

use std::{collections::BTreeMap, path::Path, process::Command};

use chrono::NaiveDate;
use rust_decimal::Decimal;

/// By account and commodity, without zeros.
pub type Balances = BTreeMap<(String, String), Decimal>;

/// Whether it is there; says so where it is not.
pub fn is_there() -> bool {
    let there = Command::new("hledger").arg("--version").output().is_ok_and(|output| output.status.success());
    if !there {
        println!("skipped: hledger is not installed; Debian's package is called hledger");
    }
    there
}

/// A report at the end of a day: `bal`, `is` or `bs`.
pub fn report(journal: &Path, report: &str, day: NaiveDate) -> Balances {
    let end = day.succ_opt().unwrap().to_string();
    let mut hledger = Command::new("hledger");
    hledger.arg("-f").arg(journal).args([report, "--flat", "-N", "-O", "csv", "--layout=bare", "-e", &end]);
    let output = hledger.env("LC_ALL", "C.UTF-8").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(&*output.stdout);
    let mut balances = Balances::new();
    for row in reader.records() {
        let row = row.unwrap();
        // As the journal writes it first, which may be with a comma.
        let number = row.get(2).map(|number| number.replace(',', ".").parse::<Decimal>());
        let Some(Ok(number)) = number else { continue };
        if row[0].starts_with("Net:") || ["Account", "total"].contains(&&row[0]) {
            continue;
        }
        if !number.is_zero() {
            balances.insert((row[0].to_owned(), row[1].to_owned()), number);
        }
    }
    balances
}
