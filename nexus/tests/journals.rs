//! Real journals of hledger, Ledger and Beancount, imported over HTTP: at every date that their own tools were asked for,
//! every balance is theirs, to the last digit. Exported again, hledger reads the same balances, and makes of them the income
//! statements and balance sheets that we show, for the whole, for each year, and between those dates.
//!
//! The data are not in the repository. `NEXUS_SHARED_DATA` names their folder; otherwise `../shared/data` beside the
//! workspace. Without them the test says so and passes.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod door;
mod hledger;
mod statements;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Datelike, NaiveDate};
use door::Door;
use hledger::{Balances, Parts, Period};
use rust_decimal::Decimal;

/// A journal, what its map says, and the codes of commodities that cannot be codes themselves.
struct Case {
    name: &'static str,
    map: &'static str,
    codes: &'static [(&'static str, &'static str)],
    /// Accounts that the journal's own tool does not have.
    ours: &'static [&'static str],
    /// Whether hledger makes statements of the journal itself: it reads it, and knows the types of all accounts.
    statements: bool,
}

const DOLLARS: &[(&str, &str)] = &[("$", "USD"), ("", "UNITS")];
const OURS: &[&str] = &["equity:conversion", "equity:virtual"];
const ANY_TYPE: &str = "[types]\n\"*\" = \"asset\"\n";

const CASES: &[Case] = &[
    Case { name: "beancount-example", map: "", codes: &[], ours: OURS, statements: false },
    Case { name: "hledger-1ktxns-100accts", map: ANY_TYPE, codes: &[], ours: OURS, statements: false },
    Case {
        name: "hledger-Cody",
        // Its dollar is not the American one, which it prices at $1.36.
        map: "[commodities]\n\"$\" = \"SGD\"\n",
        codes: &[("$", "SGD"), ("", "UNITS")],
        ours: OURS,
        statements: true,
    },
    Case {
        name: "hledger-envelope-budget-auto-1",
        map: "[types]\nbudget = \"asset\"\n",
        codes: DOLLARS,
        ours: OURS,
        statements: false,
    },
    Case { name: "hledger-envelope-budget-manual-1", map: "", codes: DOLLARS, ours: OURS, statements: true },
    Case { name: "hledger-goal-budget-1", map: "", codes: DOLLARS, ours: OURS, statements: true },
    Case { name: "hledger-goal-budget-3", map: "", codes: DOLLARS, ours: OURS, statements: true },
    Case {
        name: "hledger-multicurrency",
        map: "",
        codes: &[],
        ours: &["Equity:Conversion", "equity:virtual"],
        statements: true,
    },
    Case { name: "hledger-quickstart", map: "", codes: DOLLARS, ours: OURS, statements: true },
    Case { name: "hledger-sample", map: "", codes: DOLLARS, ours: OURS, statements: true },
    Case { name: "ledger-standard", map: ANY_TYPE, codes: DOLLARS, ours: OURS, statements: false },
    Case { name: "ledger-transfer", map: "", codes: &[("bytes", "BYTES")], ours: OURS, statements: true },
];

fn data() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("NEXUS_SHARED_DATA").map_or_else(beside, PathBuf::from).join("journals");
    if folder.is_dir() {
        return Some(folder);
    }
    println!(
        "skipped: {} is not there; NEXUS_SHARED_DATA names the folder that has journals/",
        folder.display()
    );
    None
}

/// The only file in a folder.
fn journal(folder: &Path) -> PathBuf {
    fs::read_dir(folder.join("src")).unwrap().next().unwrap().unwrap().path()
}

/// What each account held at the end of each day that the journal's own tool was asked for.
fn oracle(folder: &Path, case: &Case) -> BTreeMap<NaiveDate, Balances> {
    let mut reader = csv::Reader::from_path(folder.join("oracle/balances_at.csv")).unwrap();
    let mut days: BTreeMap<NaiveDate, Balances> = BTreeMap::new();
    for row in reader.records() {
        let row = row.unwrap();
        let balance: Decimal = row[3].parse().unwrap();
        let day = days.entry(row[0].parse().unwrap()).or_default();
        if !balance.is_zero() {
            assert!(day.insert((row[1].to_owned(), case.code(&row[2])), balance).is_none());
        }
    }
    days
}

/// A recorded entry.
struct Entry {
    date: NaiveDate,
    /// And the currency.
    account: (String, String),
    /// What it adds to the account's debits.
    amount: Decimal,
}

fn entries(door: &Door, ledger: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    for event in door.events(ledger) {
        let micros = event["effective_at"].as_i64().unwrap();
        let date = DateTime::from_timestamp_micros(micros).unwrap().date_naive();
        for entry in event["entries"].as_array().into_iter().flatten() {
            let amount: Decimal = entry["amount"].as_str().unwrap().parse().unwrap();
            let text = |name: &str| entry[name].as_str().unwrap().to_owned();
            let signed = if text("direction") == "debit" { amount } else { -amount };
            let account = (text("path"), text("currency"));
            entries.push(Entry { date, account, amount: signed });
        }
    }
    entries
}

fn balances_at<'a>(entries: impl Iterator<Item = &'a Entry>, day: NaiveDate, ours: &[&str]) -> Balances {
    let mut balances = Balances::new();
    for Entry { account, amount, .. } in entries.filter(|entry| entry.date <= day) {
        if !ours.contains(&account.0.as_str()) {
            *balances.entry(account.clone()).or_default() += amount;
        }
    }
    balances.retain(|_, balance| !balance.is_zero());
    balances
}

/// The whole, each year, and what ends at each of the days or lies between two of them.
fn periods(entries: &[Entry], days: &BTreeMap<NaiveDate, Balances>) -> Vec<Period> {
    let years: BTreeSet<i32> = entries.iter().map(|entry| entry.date.year()).collect();
    let year = |year: i32| Period {
        first: NaiveDate::from_ymd_opt(year, 1, 1),
        last: NaiveDate::from_ymd_opt(year, 12, 31),
    };
    let ends = days.keys().map(|day| Period { first: None, last: Some(*day) });
    let pairs = days.keys().zip(days.keys().skip(1));
    let between = pairs.map(|(first, last)| Period { first: first.succ_opt(), last: Some(*last) });
    let mut periods = vec![Period { first: None, last: None }];
    periods.extend(years.into_iter().map(year).chain(ends).chain(between));
    periods
}

/// hledger reads our balances from our export, and makes our statements of it. Of the journal itself it makes the same ones.
fn check_export(
    case: &Case,
    door: &Door,
    journal: &Path,
    entries: &[Entry],
    days: &BTreeMap<NaiveDate, Balances>,
) {
    let ledger = case.name.to_lowercase();
    let out = door.folder.path().join(format!("{ledger}.exported.journal"));
    let told = door.run(&["export", "journal", "--ledger", &ledger, "--out", &out.to_string_lossy()]);
    assert_eq!(told.code, 0, "{}{}", told.out, told.err);
    for (day, theirs) in days {
        let mut read = hledger::balances(&out, *day);
        assert_eq!(read, balances_at(entries.iter(), *day, &[]), "{ledger} {day}");
        read.retain(|(account, _), _| !case.ours.contains(&account.as_str()));
        assert_eq!(read, *theirs, "{ledger} {day}");
    }
    let (periods, mut figures) = (periods(entries, days), 0);
    for period in &periods {
        let statements = statements::compare(door, &ledger, &out, *period);
        figures += statements.values().flat_map(Parts::values).map(Balances::len).sum::<usize>();
        if case.statements {
            for (name, parts) in statements.iter().filter(|(name, _)| **name != "bse") {
                let period = if *name == "is" { *period } else { Period { first: None, ..*period } };
                let original = hledger::statement(journal, name, period);
                assert_eq!(*parts, case.coded(original), "{ledger} {name} {period:?}");
            }
        }
    }
    assert!(figures > 0);
    println!("{}hledger reads the same balances from it", told.out);
    println!("and in its statements of {} periods the same {figures} figures", periods.len());
}

/// What hledger's `--infer-equity` enters for exchanges, where it was asked, is what is on our account for them.
fn check_conversion(case: &Case, folder: &Path, entries: &[Entry]) {
    let Ok(mut reader) = csv::Reader::from_path(folder.join("oracle/postings_with_conversion_equity.csv"))
    else {
        return;
    };
    let headers = reader.headers().unwrap().clone();
    let column = |name: &str| headers.iter().position(|header| header == name).unwrap();
    let (account, amount, commodity) = (column("account"), column("amount"), column("commodity"));
    let mut theirs: BTreeMap<String, Decimal> = BTreeMap::new();
    for row in reader.records() {
        let row = row.unwrap();
        if row[account].to_lowercase().starts_with("equity:conversion:") {
            *theirs.entry(case.code(&row[commodity])).or_default() += row[amount].parse::<Decimal>().unwrap();
        }
    }
    let mut ours: BTreeMap<String, Decimal> = BTreeMap::new();
    for Entry { account, amount, .. } in entries.iter().filter(|entry| entry.account.0 == case.ours[0]) {
        *ours.entry(account.1.clone()).or_default() += amount;
    }
    theirs.retain(|_, sum| !sum.is_zero());
    ours.retain(|_, sum| !sum.is_zero());
    assert!(!theirs.is_empty());
    assert_eq!(ours, theirs, "{}", case.name);
    println!("{}: {} currencies on {} are hledger's", case.name, ours.len(), case.ours[0]);
}

impl Case {
    fn code(&self, commodity: &str) -> String {
        let code = self.codes.iter().find(|(written, _)| *written == commodity);
        code.map_or(commodity, |(_, code)| code).to_owned()
    }

    /// A statement of the journal, with codes for commodities.
    fn coded(&self, parts: Parts) -> Parts {
        let of = |balances: Balances| {
            let balances = balances.into_iter();
            balances
                .map(|((account, commodity), number)| ((account, self.code(&commodity)), number))
                .collect()
        };
        parts.into_iter().map(|(part, balances)| (part, of(balances))).collect()
    }
}

#[test]
fn every_balance_of_real_journals_is_what_their_own_tools_say() {
    let Some(data) = data() else { return };
    let found: BTreeSet<String> = fs::read_dir(&data)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    let known: BTreeSet<String> = CASES.iter().map(|case| case.name.to_owned()).collect();
    assert_eq!(found, known, "each journal in {} is a case", data.display());

    let door = Door::open_with_views();
    let mut wrong = Vec::new();
    let with_hledger = hledger::is_there();
    for case in CASES {
        let Case { name, map, ours, .. } = case;
        let (folder, ledger) = (data.join(name), name.to_lowercase());
        let map = door.file(&format!("{name}.toml"), map);
        let file = journal(&folder).to_string_lossy().into_owned();
        let import =
            ["import", "journal", &file, "--ledger", &ledger, "--open", "--types", &map.to_string_lossy()];
        let told = door.run(&import);
        println!("{}", told.out);
        if told.code != 0 {
            wrong.push(format!("{name}: exit {}\n{}{}", told.code, told.out, told.err));
            continue;
        }
        let [posted, there, refused] = told.counts();
        assert!(posted > 0);
        assert_eq!((there, refused), (0, 0), "{name}");

        let entries = entries(&door, &ledger);
        let (mut rows, days) = (0, oracle(&folder, case));
        for (day, theirs) in &days {
            let ours = balances_at(entries.iter(), *day, ours);
            rows += theirs.len();
            for account in theirs.keys().chain(ours.keys()).collect::<BTreeSet<_>>() {
                let (ours, theirs) = (ours.get(account), theirs.get(account));
                if ours != theirs {
                    wrong.push(format!("{name} {day} {account:?}: ours {ours:?}, theirs {theirs:?}"));
                }
            }
        }
        assert!(rows > 0);
        check_conversion(case, &folder, &entries);
        println!("{name}: {posted} transactions; {rows} balances at {} days compared\n", days.len());

        let again = door.run(&import);
        assert_eq!(again.counts(), [0, posted, 0], "{name}: a second import posts nothing\n{}", again.out);
        if with_hledger {
            check_export(case, &door, &journal(&folder), &entries, &days);
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong[..wrong.len().min(30)].join("\n"));
}
