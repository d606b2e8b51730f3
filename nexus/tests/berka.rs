//! A real bank's books, imported over HTTP by the command line: every end-of-day balance is the bank's, to the cent.
//!
//! The data are not in the repository. `NEXUS_SHARED_DATA` names their folder; otherwise `../shared/data` beside the
//! workspace. Without them the test says so and passes.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod door;

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use door::{Told, nexus};

/// The data end in the middle of this day.
const CUT_OFF: &str = "1994-03-31";

/// A server on a folder and a private Postgres of its own, stopped when the test ends.
struct Server {
    folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Postgres runs as another user where the test runs as root, and has to get through.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
        let server = Self { folder };
        let told = server.run(&["up", "--detach", "--listen", "127.0.0.1:0"]);
        assert_eq!(told.code, 0, "{}{}", told.out, told.err);
        server
    }

    fn run(&self, args: &[&str]) -> Told {
        Told::of(nexus(args).arg("--data").arg(self.folder.path().join("data")).output().unwrap())
    }

    fn import(&self, file: &Path, flags: &[&str]) -> Told {
        let mapping = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/berka/mapping.toml");
        let (file, mapping) = (file.to_string_lossy(), mapping.to_string_lossy());
        let told = self.run(&[&["import", "csv", &*file, "--mapping", &*mapping][..], flags].concat());
        println!("{}", told.out);
        assert_eq!(told.code, 0, "{}{}", told.out, told.err);
        told
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.run(&["down"]);
    }
}

fn data() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("NEXUS_SHARED_DATA").map_or_else(beside, PathBuf::from).join("berka");
    if folder.join("trans_chained.csv").is_file() {
        return Some(folder);
    }
    println!(
        "skipped: {} is not there; NEXUS_SHARED_DATA names the folder that has berka/",
        folder.display()
    );
    None
}

/// What each account held at the end of each day; a later row of a file overwrites an earlier one.
fn ends_of_days(file: &Path, account: &str, balance: &str) -> BTreeMap<(String, String), String> {
    let mut reader = csv::Reader::from_path(file).unwrap();
    let headers = reader.headers().unwrap().clone();
    let column = |name: &str| headers.iter().position(|header| header == name).unwrap();
    let (account, date, balance) = (column(account), column("date"), column(balance));
    let mut ends = BTreeMap::new();
    for row in reader.records() {
        let row = row.unwrap();
        let account = row[account].trim_start_matches("liabilities:customers:").to_owned();
        ends.insert((account, row[date].to_owned()), row[balance].to_owned());
    }
    ends.retain(|(_, date), _| date.as_str() < CUT_OFF);
    ends
}

/// The same once more, asked of the view: every account's balance in effect at the end of each day.
fn ends_of_days_by_effect(server: &Server, theirs: &BTreeMap<(String, String), String>) {
    let mut by_day: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for ((account, day), balance) in theirs {
        by_day.entry(day).or_default().push((account, balance));
    }
    let mut equal = 0;
    for (day, expected) in by_day {
        let told =
            server.run(&["balance", "berka", "--below", "liabilities:customers", "--at", day, "--json"]);
        assert_eq!(told.code, 0, "{}{}", told.out, told.err);
        let answer: serde_json::Value = serde_json::from_str(&told.out).unwrap();
        let ours: BTreeMap<&str, &str> = answer["balances"]
            .as_array()
            .unwrap()
            .iter()
            .map(|b| {
                let account = b["account"].as_str().unwrap().trim_start_matches("liabilities:customers:");
                (account, b["balance"].as_str().unwrap())
            })
            .collect();
        for (account, balance) in expected {
            assert_eq!(ours.get(account), Some(&balance), "{account} at the end of {day}");
            equal += 1;
        }
    }
    println!("{equal} account-days are equal by their time of effect");
}

#[test]
fn the_books_of_a_bank_come_out_to_the_cent() {
    let Some(data) = data() else { return };
    let server = Server::start();
    let file = data.join("trans_chained.csv");
    let text = fs::read_to_string(&file).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let rows: Vec<&str> = rows.lines().collect();
    let all = rows.len() as u64;
    assert!(all > 0);

    let out = server.folder.path().join("balances.csv");
    let told = server.import(&file, &["--open", "--balances", &out.to_string_lossy()]);
    assert_eq!(told.counts(), [all, 0, 0]);
    let (ours, theirs) = (
        ends_of_days(&out, "account", "balance"),
        ends_of_days(&data.join("eod_balances.csv"), "account_id", "closing_balance"),
    );
    assert!(!theirs.is_empty());
    let wrong: Vec<_> = theirs.iter().filter(|(day, balance)| ours.get(*day) != Some(*balance)).collect();
    assert!(wrong.is_empty(), "{} of {} account-days, first {:?}", wrong.len(), theirs.len(), wrong[0]);
    assert_eq!(ours.len(), theirs.len());
    println!("{} account-days are equal", ours.len());
    ends_of_days_by_effect(&server, &theirs);

    assert_eq!(server.import(&file, &[]).counts(), [0, all, 0], "a second import posts nothing");

    // In a ledger of its own: the first half, then a file that has half of that and as many rows after it.
    let part = |name: &str, from: usize, to: usize| {
        let path = server.folder.path().join(name);
        fs::write(&path, format!("{header}\n{}\n", rows[from..to].join("\n"))).unwrap();
        path
    };
    let quarter = rows.len() / 4;
    let first = part("first.csv", 0, 2 * quarter);
    let overlapping = part("overlapping.csv", quarter, 3 * quarter);
    let quarter = quarter as u64;
    let half_ledger = ["--ledger", "berka-half", "--open"];
    assert_eq!(server.import(&first, &half_ledger).counts(), [2 * quarter, 0, 0]);
    assert_eq!(server.import(&overlapping, &half_ledger).counts(), [quarter, quarter, 0]);

    let verified = server.run(&["replay", "verify"]);
    assert_eq!(verified.code, 0, "{}{}", verified.out, verified.err);
    println!("{}", verified.out);
}
