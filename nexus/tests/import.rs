//! `nexus import csv` against a server: each row once, whatever happens between.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod door;

use std::path::Path;

use door::Door;
use expect_test::expect;

const MAPPING: &str = r#"
ledger = "home"
[row]
account = "assets:bank"
date = "{date}"
amount = "{amount}"
currency = "EUR"
text = "{text}"
counter = "expenses:other"
[[rule]]
when = { text = "tomb" }
counter = "expenses:tomb"
"#;

fn example(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name)
}

#[test]
fn the_example_statement_is_imported_and_a_second_time_posts_nothing() {
    let door = Door::open();
    let (file, mapping) = (example("bank.csv"), example("bank.toml"));
    let first = door.import(&file, &mapping, &["--open"]);
    assert_eq!((first.code, first.counts()), (0, [20, 0, 0]), "{}{}", first.out, first.err);
    assert_eq!(door.balance("household", "assets:bank:checking"), "1594.50");
    assert_eq!(door.balance("household", "income:salary"), "3412.87");
    assert_eq!(door.balance("household", "assets:bank:savings"), "400.00");
    let second = door.import(&file, &mapping, &["--open"]);
    assert_eq!((second.code, second.counts()), (0, [0, 20, 0]), "{}{}", second.out, second.err);
    assert_eq!(door.balance("household", "assets:bank:checking"), "1594.50");
}

#[test]
fn overlapping_files_post_each_row_once_and_twins_survive() {
    let door = Door::open();
    let mapping = door.file("map.toml", MAPPING);
    let october = door.file(
        "october.csv",
        "date,amount,text\n2024-10-30,-1,a\n2024-10-31,-3,coffee\n2024-10-31,-3,coffee\n2024-10-31,-5,b\n",
    );
    // It begins with the last day of the other one, in another order and another format.
    let november = door.file(
        "november.csv",
        "date,text,amount\n2024-10-31,b,-5.00\n2024-10-31,coffee,-3.00\n2024-10-31,coffee,-3.0\n2024-11-01,coffee,-3\n",
    );
    assert_eq!(door.import(&october, &mapping, &["--open"]).counts(), [4, 0, 0]);
    assert_eq!(door.import(&november, &mapping, &[]).counts(), [1, 3, 0]);
    assert_eq!(door.balance("home", "assets:bank"), "-15.00");
    // Each transaction says where it came from first.
    let events = door.call("GET", "/v1/ledgers/home/events", None);
    let lines: Vec<_> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .skip(1)
        .map(|event| event["metadata"]["source_line"].as_str().unwrap())
        .collect();
    assert_eq!(lines, ["2", "3", "4", "5", "5"]);
    assert_eq!(events["events"][1]["metadata"]["source_sha256"].as_str().unwrap().len(), 64);
}

#[test]
fn a_row_whose_key_stands_for_other_money_is_refused() {
    let door = Door::open();
    let mapping = door.file("map.toml", MAPPING.replace("[row]", "[row]\nid = \"bank-{id}\""));
    let first = door.file("first.csv", "id,date,amount,text\n1,2024-10-30,-1,a\n2,2024-10-30,-2,b\n");
    let second = door
        .file("second.csv", "id,date,amount,text\n1,2024-10-30,-1,corrected text\n2,2024-10-30,-2.01,b\n");
    assert_eq!(door.import(&first, &mapping, &["--open"]).counts(), [2, 0, 0]);
    let told = door.import(&second, &mapping, &[]);
    assert_eq!((told.code, told.counts()), (8, [0, 1, 1]), "{}{}", told.out, told.err);
    let rejects = std::fs::read_to_string(door.folder.path().join("second.rejected.csv")).unwrap();
    expect![[r#"
        id,date,amount,text,nexus_reason,nexus_code,nexus_pointer,nexus_key,nexus_line
        2,2024-10-30,-2.01,b,"the row's key was used at 1:3 by a transaction with other money: mend the row, or the id that makes its key",key_reused,/id,bank-2,3
    "#]]
    .assert_eq(&rejects);
}

#[test]
fn refused_rows_are_mended_and_imported_again() {
    let door = Door::open();
    let mapping = door.file("map.toml", MAPPING);
    let file = door.file(
        "bank.csv",
        "date,amount,text\n2024-10-30,-1,tomb\n2024-10-30,-1,tomb\n2024-13-30,-1,a\n2024-10-30,\"-1,5\",b\n2024-10-30,-1.005,c\n",
    );
    door.call("POST", "/v1/ledgers", Some(r#"{"id": "home"}"#));
    door.call("POST", "/v1/ledgers/home/accounts", Some(r#"{"path": "expenses:tomb"}"#));
    door.call("POST", "/v1/ledgers/home/accounts/expenses:tomb/freeze", Some("{}"));
    let told = door.import(&file, &mapping, &[]);
    assert_eq!((told.code, told.counts()), (8, [0, 0, 5]), "{}{}", told.out, told.err);
    let rejected = door.folder.path().join("bank.rejected.csv");
    let text = std::fs::read_to_string(&rejected).unwrap();
    let codes: Vec<&str> = text
        .lines()
        .skip(1)
        .filter_map(|line| {
            ["account_is_frozen", "date_unreadable", "amount_unreadable", "amount_has_too_many_decimals"]
                .into_iter()
                .find(|code| line.contains(code))
        })
        .collect();
    assert_eq!(
        codes,
        [
            "date_unreadable",
            "amount_unreadable",
            "account_is_frozen",
            "account_is_frozen",
            "amount_has_too_many_decimals"
        ],
        "{text}"
    );

    // As long as nothing is mended, nothing changes.
    assert_eq!(door.import(&file, &mapping, &[]).counts(), [0, 0, 5]);
    assert!(
        door.folder.path().join("bank.rejected-2.csv").exists(),
        "a file that may be in work is left alone"
    );

    door.call("POST", "/v1/ledgers/home/accounts/expenses:tomb/unfreeze", Some("{}"));
    std::fs::write(
        &rejected,
        text.replace("2024-13-30", "2024-10-30").replace("\"-1,5\"", "-1.5").replace("-1.005", "-1"),
    )
    .unwrap();
    let told = door.import(&rejected, &mapping, &[]);
    assert_eq!((told.code, told.counts()), (0, [5, 0, 0]), "{}{}", told.out, told.err);
    assert_eq!(door.balance("home", "assets:bank"), "-5.50");
    assert_eq!(door.balance("home", "expenses:tomb"), "2.00");
    assert_eq!(door.import(&rejected, &mapping, &[]).counts(), [0, 5, 0]);
    assert_eq!(door.balance("home", "assets:bank"), "-5.50");
}

#[test]
fn a_dry_run_shows_and_changes_nothing() {
    let door = Door::open();
    let mapping = door.file("map.toml", MAPPING);
    let file = door.file("bank.csv", "date,amount,text\n2024-10-30,-1,a\n2024-10-30,x,b\n2999-10-30,2,c\n");
    let told = door.import(&file, &mapping, &["--dry-run", "--open"]);
    assert_eq!(told.code, 0, "{}{}", told.out, told.err);
    assert!(told.out.contains("the ledger home is not there"), "{}", told.out);
    door.call("POST", "/v1/ledgers", Some(r#"{"id": "home"}"#));
    let told = door.import(&file, &mapping, &["--dry-run"]);
    assert_eq!(told.code, 8, "{}{}", told.out, told.err);
    assert!(
        told.out.contains("1  would be posted") && told.out.contains("2  would be refused"),
        "{}",
        told.out
    );
    assert!(told.out.contains("credit  assets:bank                1 EUR"), "{}", told.out);
    assert!(told.err.contains("effective_in_the_future"), "{}", told.err);
    let events = door.call("GET", "/v1/ledgers/home/events", None);
    assert_eq!(events["events"].as_array().unwrap().len(), 1, "{events}");
    assert!(!door.folder.path().join("bank.rejected.csv").exists());
}

#[test]
fn a_mapping_that_does_not_fit_is_told_in_one_go() {
    let door = Door::open();
    let mapping = door.file(
        "map.toml",
        MAPPING
            .replace("{amount}", "{Betrag}")
            .replace("\"EUR\"", "\"{currency\"")
            .replace("text = \"tomb\"", "kind = \"tomb\""),
    );
    let file = door.file("bank.csv", "date,amount,text\n");
    let told = door.import(&file, &mapping, &["--open"]);
    let err = told.err.replace(&*mapping.to_string_lossy(), "map.toml");
    expect![[r#"
        nexus: the mapping map.toml does not fit the file:
          row.amount: there is no column "Betrag"; the file has "date", "amount", "text"
          row.currency: "{currency" has a lone "{"; a brace itself is written twice
          rule[1].when.kind: there is no column "kind"; the file has "date", "amount", "text"
    "#]]
    .assert_eq(&err);
    assert_eq!(told.code, 1);
}

#[test]
fn balances_are_told_in_the_order_of_the_file() {
    let door = Door::open();
    let mapping = door.file("map.toml", MAPPING.replace("\"assets:bank\"", "\"liabilities:customers:{id}\""));
    let rows: String =
        (0..3_000).map(|row| format!("{},2024-10-30,{}.{:02},x\n", row % 7, row % 13, row % 100)).collect();
    let file = door.file("rows.csv", format!("id,date,amount,text\n0,2024-10-30,0,nothing\n{rows}"));
    let out = door.folder.path().join("balances.csv");
    let check = |expected: [u64; 3]| {
        let told = door.import(&file, &mapping, &["--open", "--balances", &out.to_string_lossy()]);
        assert_eq!(told.counts(), expected, "{}{}", told.out, told.err);
        let mut sums = [0_i64; 7];
        let mut lines = Vec::new();
        for row in csv::Reader::from_path(&out).unwrap().records() {
            let row = row.unwrap();
            let line: usize = row[0].parse().unwrap();
            let number = line - 3;
            sums[number % 7] += (number as i64 % 13) * 100 + number as i64 % 100;
            assert_eq!(&row[2], format!("liabilities:customers:{}", number % 7));
            assert_eq!(row[5].replace('.', "").parse::<i64>().unwrap(), sums[number % 7], "line {line}");
            lines.push(line);
        }
        assert!(lines.is_sorted());
        lines.len()
    };
    // Rows 0, 1300, 2600 move nothing.
    assert_eq!(check([2_997, 0, 0]), 2_997);
    assert_eq!(check([0, 2_997, 0]), 2_997);
}
