//! Random journals: what we make of them is what hledger makes of them, at every date; so are our statements.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod door;
mod hledger;
mod statements;

use chrono::{DateTime, Days, NaiveDate};
use door::Door;
use hledger::{Balances, Period};
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use rust_decimal::Decimal;

const ACCOUNTS: &[&str] = &[
    "assets:bank",
    "assets:bank:savings",
    "Assets:Cash",
    "liabilities:card",
    "income:pay",
    "expenses:food",
    "equity:start",
];
/// Commodities and their decimals.
const COMMODITIES: &[(&str, u32)] = &[("EUR", 2), ("JPY", 0), ("GOLD", 3), ("\"A 1\"", 1)];
const OURS: &[&str] = &["equity:conversion", "equity:virtual"];
const TRANSACTIONS: usize = 60;

fn amount(random: &mut impl Rng, decimals: u32) -> Decimal {
    let number = random.random_range(1..100_000_i64);
    Decimal::new(if random.random() { number } else { -number }, decimals)
}

/// A number as somebody may write it: with a decimal comma, with groups, with the commodity in front.
fn written(random: &mut impl Rng, number: Decimal, commodity: &str) -> String {
    let plain = number.to_string();
    let text = match random.random_range(0..3) {
        // A lone mark before three digits would be in doubt.
        0 if number.scale() != 3 => plain.replace('.', ","),
        _ => plain,
    };
    match random.random_range(0..3) {
        0 => format!("{commodity} {text}"),
        1 => format!("{text}{commodity}"),
        _ => format!("{text} {commodity}"),
    }
}

fn transaction(random: &mut StdRng, date: NaiveDate, out: &mut String) {
    let date = match random.random_range(0..3) {
        0 => date.format("%Y/%-m/%-d").to_string(),
        1 => date.format("%Y.%m.%d").to_string(),
        _ => date.to_string(),
    };
    let mark = ["", " *", " !", " (7)", " * (a b)"].choose(random).unwrap();
    *out += &format!("{date}{mark} some words ; and a comment\n");
    let account = |random: &mut StdRng| *ACCOUNTS.choose(random).unwrap();
    let (commodity, decimals) = *COMMODITIES.choose(random).unwrap();
    let posting = |account: &str, amount: &str| format!("    {account}  {amount}\n");
    match random.random_range(0..6) {
        // Several postings, the last without an amount.
        0 | 1 => {
            for _ in 0..random.random_range(1..4) {
                let (commodity, decimals) = *COMMODITIES.choose(random).unwrap();
                let number = amount(random, decimals);
                *out += &posting(account(random), &written(random, number, commodity));
            }
            *out += &posting(account(random), "");
        }
        // An exchange at a whole price, of which nothing is left over.
        2 => {
            let (other, other_decimals) = *COMMODITIES.iter().find(|(other, _)| *other != commodity).unwrap();
            let (number, price) = (amount(random, decimals), Decimal::from(random.random_range(1..50)));
            let total = (number * price).round_dp(other_decimals.max(decimals));
            let bought = written(random, number, commodity);
            match random.random_range(0..3) {
                0 if decimals <= other_decimals => {
                    *out += &posting(account(random), &format!("{bought} @ {price} {other}"));
                    *out += &posting(account(random), "");
                }
                1 if decimals <= other_decimals => {
                    *out += &posting(account(random), &format!("{bought} @ {price} {other}"));
                    let paid = written(random, -total, other);
                    *out += &posting(account(random), &paid);
                }
                _ => {
                    let total = amount(random, other_decimals).abs();
                    *out += &posting(account(random), &format!("{bought} @@ {total} {other}"));
                    *out += &posting(account(random), "");
                }
            }
        }
        // An exchange without a price.
        3 => {
            let (other, other_decimals) = *COMMODITIES.iter().find(|(other, _)| *other != commodity).unwrap();
            let (out_of, into) = (amount(random, decimals).abs(), amount(random, other_decimals).abs());
            *out += &posting(account(random), &written(random, -out_of, commodity));
            *out += &posting(account(random), &written(random, into, other));
        }
        // Virtual ones beside real ones.
        4 => {
            let number = amount(random, decimals);
            *out += &posting(account(random), &written(random, number, commodity));
            *out += &posting(&format!("({})", account(random)), &written(random, number, commodity));
            *out += &posting(&format!("[{}]", account(random)), &written(random, number, commodity));
            *out += &posting(&format!("[{}]", account(random)), "");
            *out += &posting(account(random), &written(random, -number, commodity));
        }
        // A balance that is made so.
        _ => {
            let number = amount(random, decimals);
            // Not `=*`: there hledger 1.25 takes what the accounts below hold of other commodities off too.
            let sign = ["=", "==", "==*"].choose(random).unwrap();
            *out += &posting(account(random), &format!("{sign} {number} {commodity}"));
            *out += &posting("equity:start", "");
        }
    }
    *out += "\n";
}

#[test]
fn random_journals_come_out_as_hledger_has_them() {
    if !hledger::is_there() {
        return;
    }
    let seed = std::env::var("NEXUS_SEED").ok().map_or_else(rand::random, |seed| seed.parse().unwrap());
    println!("NEXUS_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let door = Door::open_with_views();
    let first: NaiveDate = "2023-12-20".parse().unwrap();
    for round in 0..8 {
        let mut text = String::from("; random\n");
        for _ in 0..TRANSACTIONS {
            let date = first + Days::new(random.random_range(0..30));
            transaction(&mut random, date, &mut text);
        }
        let (file, ledger) = (door.file(&format!("{round}.journal"), &text), format!("r{round}"));
        let told = door.run(&["import", "journal", &file.to_string_lossy(), "--ledger", &ledger, "--open"]);
        assert_eq!(told.code, 0, "{}\n{}\n{text}", told.out, told.err);
        for day in [3, 15, 29].map(|days| first + Days::new(days)) {
            let theirs = hledger::balances(&file, day);
            let theirs = theirs
                .into_iter()
                .map(|((account, name), number)| ((account, name.replace(' ', "-")), number));
            assert_eq!(balances(&door, &ledger, day), theirs.collect::<Balances>(), "{ledger} {day}\n{text}");
        }
        let out = door.folder.path().join(format!("{round}.exported.journal"));
        let told = door.run(&["export", "journal", "--ledger", &ledger, "--out", &out.to_string_lossy()]);
        assert_eq!(told.code, 0, "{}{}\n{text}", told.out, told.err);
        let [first, last] = [9, 20].map(|days| Some(first + Days::new(days)));
        for period in [Period { first: None, last: None }, Period { first, last }] {
            statements::compare(&door, &ledger, &out, period);
        }
    }
}

fn balances(door: &Door, ledger: &str, day: NaiveDate) -> Balances {
    let mut balances = Balances::new();
    for event in door.events(ledger) {
        let at = DateTime::from_timestamp_micros(event["effective_at"].as_i64().unwrap()).unwrap();
        for entry in event["entries"].as_array().into_iter().flatten() {
            let text = |name: &str| entry[name].as_str().unwrap().to_owned();
            if at.date_naive() <= day && !OURS.contains(&&*text("path")) {
                let amount: Decimal = text("amount").parse().unwrap();
                let signed = if text("direction") == "debit" { amount } else { -amount };
                *balances.entry((text("path"), text("currency"))).or_default() += signed;
            }
        }
    }
    balances.retain(|_, number| !number.is_zero());
    balances
}
