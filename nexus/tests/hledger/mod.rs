//! hledger, where it is installed: what it reads out of a journal.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

use std::{collections::BTreeMap, path::Path, process::Command};

use chrono::NaiveDate;
use rust_decimal::Decimal;

/// By account and commodity, without zeros.
pub type Balances = BTreeMap<(String, String), Decimal>;

/// A statement, part by part (`Assets`, `Revenues`, `Net`, …). Each part has its `total`; parts in which nothing is are left out.
pub type Parts = BTreeMap<String, Balances>;

/// From the begin of one day to the end of another; where there is none, from the first entry, or to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    pub first: Option<NaiveDate>,
    pub last: Option<NaiveDate>,
}

/// Whether it is there, and new enough to write a row for each commodity; says so where it is not.
pub fn is_there() -> bool {
    let mut hledger = Command::new("hledger");
    hledger.args(["-f", "/dev/null", "balance", "--layout=bare"]);
    let there = hledger.output().is_ok_and(|output| output.status.success());
    if !there {
        println!(
            "skipped: nothing was compared with hledger, which is missing or older than 1.25: apt-get install hledger"
        );
    }
    there
}

/// The balances at the end of a day.
pub fn balances(journal: &Path, day: NaiveDate) -> Balances {
    let mut balances = Balances::new();
    for [account, commodity, number] in rows(journal, &["bal", "--flat", "-N", "-e", &after(day)]) {
        insert(&mut balances, account, commodity, &number);
    }
    balances
}

/// A statement, `is`, `bs` or `bse` (a balance sheet with equity), as a tree: names above accounts have the sums of what is below.
pub fn statement(journal: &Path, statement: &str, period: Period) -> Parts {
    let mut args = vec![statement.to_owned(), "--tree".to_owned(), "--no-elide".to_owned()];
    args.extend(period.first.map(|day| format!("--begin={day}")));
    args.extend(period.last.map(|day| format!("--end={}", after(day))));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let (mut parts, mut part) = (Parts::new(), String::new());
    for [account, commodity, number] in rows(journal, &args) {
        match account.strip_suffix(':') {
            Some(net) => {
                insert(parts.entry(net.to_owned()).or_default(), "total".to_owned(), commodity, &number)
            }
            // A part's head has no figures.
            None if number.is_empty() => part = account,
            None => insert(parts.entry(part.clone()).or_default(), account, commodity, &number),
        }
    }
    parts.retain(|_, balances| !balances.is_empty());
    parts
}

/// What a report has in its three columns.
fn rows(journal: &Path, args: &[&str]) -> Vec<[String; 3]> {
    let mut hledger = Command::new("hledger");
    hledger.arg("-f").arg(journal).args(args).args(["-O", "csv", "--layout=bare"]);
    let output = hledger.env("LC_ALL", "C.UTF-8").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(&*output.stdout);
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        [0, 1, 2].map(|column| row.get(column).unwrap_or_default().to_owned())
    });
    // Above the columns' heads a statement has its title.
    rows.skip_while(|[first, ..]| !first.eq_ignore_ascii_case("account")).skip(1).collect()
}

fn insert(balances: &mut Balances, account: String, commodity: String, number: &str) {
    // As the journal writes it first, which may be with a comma.
    let number: Decimal = number.replace(',', ".").parse().unwrap();
    if !number.is_zero() {
        assert!(balances.insert((account, commodity), number).is_none());
    }
}

/// Ends of periods are the days after them.
fn after(day: NaiveDate) -> String {
    day.succ_opt().unwrap().to_string()
}
