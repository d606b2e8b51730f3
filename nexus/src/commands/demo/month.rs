//! What happened in January 2026 in a household that never was.

use serde_json::{Value, json};

pub const LEDGER: &str = "household";

/// One request: under its key it is carried out once, however often it is sent.
pub struct Step {
    pub path: String,
    pub key: String,
    pub body: Value,
}

const CHECKING: &str = "assets:bank:checking";
const SAVINGS: &str = "assets:bank:savings";
const CASH: &str = "assets:cash";
const ANNA: &str = "assets:lent:anna";
const CARD: &str = "liabilities:credit card";
const GROCERIES: &str = "expenses:food:groceries";

/// In the order of the balance sheet, then what came in, then what went out.
const ORDER: [&str; 5] = ["assets", "liabilities", "equity", "income", "expenses"];

/// For sorting accounts as people read them.
pub fn place(path: &str) -> (usize, String) {
    let first = path.split(':').next().unwrap_or_default();
    let at = ORDER.iter().position(|group| *group == first).unwrap_or(ORDER.len());
    (at, path.to_owned())
}

/// An entry: account, side, amount in euros.
type Leg = (&'static str, Side, &'static str);

#[derive(Clone, Copy)]
enum Side {
    Debit,
    Credit,
}

use Side::{Credit, Debit};

pub fn steps() -> Vec<Step> {
    let mut steps = vec![Step {
        path: "/v1/ledgers".to_owned(),
        key: "demo-open".to_owned(),
        body: json!({"id": LEDGER, "name": "The demo household", "time_zone": "Europe/Vienna"}),
    }];
    steps.push(posting(
        1,
        "opening balances",
        &[
            (CHECKING, Debit, "2412.55"),
            (SAVINGS, Debit, "8500.00"),
            (CASH, Debit, "120.00"),
            (CARD, Credit, "186.30"),
            ("equity:opening", Credit, "10846.25"),
        ],
    ));
    steps.push(simple(2, "rent", "980.00", CHECKING, "expenses:home:rent"));
    steps.push(simple(3, "supermarket", "84.17", CARD, GROCERIES));
    steps.push(simple(5, "electricity", "71.40", CHECKING, "expenses:home:electricity"));
    steps.push(simple(7, "put aside", "300.00", CHECKING, SAVINGS));
    steps.push(simple(9, "market", "32.80", CASH, GROCERIES));
    steps.push(posting(
        12,
        "dinner, half of it Anna's",
        &[("expenses:food:eating out", Debit, "32.40"), (ANNA, Debit, "32.40"), (CARD, Credit, "64.80")],
    ));
    steps.push(posting(
        15,
        "salary",
        &[
            (CHECKING, Debit, "2684.20"),
            ("expenses:taxes:income tax", Debit, "612.30"),
            ("expenses:insurance:health", Debit, "203.50"),
            ("income:salary", Credit, "3500.00"),
        ],
    ));
    steps.push(simple(17, "telephone", "19.99", CHECKING, "expenses:home:telephone"));
    steps.push(simple(19, "Anna pays back", "32.40", ANNA, CASH));
    steps.push(simple(21, "train to Graz", "57.80", CARD, "expenses:travel"));
    steps.push(simple(23, "supermarket", "91.08", CARD, GROCERIES));
    let shoes = simple(26, "shoes, too small", "79.00", CARD, "expenses:clothes");
    let returned = reversal(&shoes.key, 28, "shoes returned");
    steps.extend([shoes, returned]);
    steps.push(exchange(29));
    steps.push(simple(30, "credit card paid", "400.00", CHECKING, CARD));
    steps.push(simple(31, "interest", "4.12", "income:interest", SAVINGS));
    steps
}

fn simple(day: u8, text: &str, amount: &'static str, from: &'static str, to: &'static str) -> Step {
    posting(day, text, &[(to, Debit, amount), (from, Credit, amount)])
}

fn posting(day: u8, text: &str, legs: &[Leg]) -> Step {
    let entries = legs.iter().map(|(account, side, amount)| entry(account, *side, amount, "EUR"));
    transaction(day, text, entries.collect())
}

/// Swiss francs for the holidays. Each currency balances by itself; what the exchange came to stands in equity.
fn exchange(day: u8) -> Step {
    let entries = vec![
        entry(CASH, Debit, "100.00", "CHF"),
        entry("equity:exchange", Credit, "100.00", "CHF"),
        entry("equity:exchange", Debit, "106.40", "EUR"),
        entry(CHECKING, Credit, "106.40", "EUR"),
    ];
    transaction(day, "100 francs for the holidays", entries)
}

fn transaction(day: u8, text: &str, entries: Vec<Value>) -> Step {
    Step {
        path: format!("/v1/ledgers/{LEDGER}/transactions"),
        key: key(day, text),
        body: json!({"effective_at": format!("2026-01-{day:02}"), "description": text, "entries": entries}),
    }
}

fn reversal(of: &str, day: u8, text: &str) -> Step {
    Step {
        path: format!("/v1/ledgers/{LEDGER}/transactions/{of}/reverse"),
        key: key(day, text),
        body: json!({"effective_at": format!("2026-01-{day:02}"), "description": text}),
    }
}

fn entry(account: &str, side: Side, amount: &str, currency: &str) -> Value {
    let direction = match side {
        Debit => "debit",
        Credit => "credit",
    };
    json!({"account": account, "direction": direction, "amount": amount, "currency": currency})
}

/// `demo-12-dinner`: the day and the first word.
fn key(day: u8, text: &str) -> String {
    let word: String = text.chars().take_while(|c| c.is_alphanumeric()).collect();
    format!("demo-{day:02}-{}", word.to_lowercase())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_step_has_a_key_of_its_own() {
        let steps = steps();
        let keys: BTreeSet<&str> = steps.iter().map(|step| step.key.as_str()).collect();
        assert_eq!(keys.len(), steps.len());
    }
}
