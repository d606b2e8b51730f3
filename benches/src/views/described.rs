//! Five years of transactions in bulk, with all that a search can ask for: texts, references, categories, tags, metadata.

use std::io::Write;

use chrono::{DateTime, Utc};

use super::dated::ITEMS;
use crate::loadgen::{Response, Source};
use crate::workload::keys::{KeySpace, SplitMix, mix};
use crate::workload::{BulkFormat, Target, all_posted};

const ACCOUNTS: u32 = 200;
const PARENTS: [&str; 5] = ["assets:bank", "expenses:food", "expenses:home", "expenses:travel", "income"];
/// Of a hundred transactions.
const CURRENCIES: [(&str, u32); 6] =
    [("EUR", 55), ("USD", 20), ("CZK", 10), ("GBP", 8), ("PLN", 5), ("CHF", 2)];
const CATEGORIES: u32 = 25;
const TAGS: u32 = 40;
const WORDS: u32 = 2_000;
const SHOPS: u32 = 3_000;
/// Every fifth transaction has a reference, and the one after it a shop.
pub const REFERENCE_EVERY: u64 = 5;
pub const FIRST_YEAR: u32 = 2019;
pub const YEARS: u32 = 5;
pub const DAYS: u32 = YEARS * 365;
/// 2019-01-01
const BEGIN_S: i64 = 1_546_300_800;
const SPAN_S: u64 = DAYS as u64 * 86_400;
/// One in twenty took effect up to so much earlier than those around it.
const LATE_S: u32 = 100 * 86_400;

/// Few have most of the entries: the first of all one in six.
fn account(random: &mut SplitMix) -> u32 {
    skewed(random, ACCOUNTS, 3)
}

pub fn path(account: u32) -> String {
    format!("{}:a{account}", PARENTS[account as usize % PARENTS.len()])
}

pub fn currency(random: &mut SplitMix) -> &'static str {
    let mut left = random.below(100);
    for (code, share) in CURRENCIES {
        match left.checked_sub(share) {
            Some(less) => left = less,
            None => return code,
        }
    }
    unreachable!("the shares come to a hundred")
}

pub fn category(random: &mut SplitMix) -> u32 {
    skewed(random, CATEGORIES, 2)
}

pub fn tag(random: &mut SplitMix) -> u32 {
    skewed(random, TAGS, 2)
}

pub fn word(random: &mut SplitMix) -> u32 {
    skewed(random, WORDS, 3)
}

pub fn shop(random: &mut SplitMix) -> u32 {
    skewed(random, SHOPS, 2)
}

/// A day of these years, from 0.
pub fn day(number: u32) -> String {
    time(i64::from(number) * 86_400).format("%Y-%m-%d").to_string()
}

fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(BEGIN_S + seconds, 0).expect("within these years")
}

/// A number below the bound; the higher the power, the more of them are small.
fn skewed(random: &mut SplitMix, bound: u32, power: i32) -> u32 {
    ((f64::from(bound) * unit(random).powi(power)) as u32).min(bound - 1)
}

/// Evenly from 0 to below 1.
fn unit(random: &mut SplitMix) -> f64 {
    f64::from(random.below(1 << 30)) / f64::from(1 << 30)
}

/// On one connection, so that they are recorded in the order in which they were made.
pub struct Described {
    target: Target,
    random: SplitMix,
    keys: KeySpace,
    count: u64,
    sent: u64,
    body: Vec<u8>,
}

impl Described {
    /// So many, evenly over the years.
    pub fn new(bulk: &str, token: &str, keys: KeySpace, count: u64) -> Self {
        Self {
            target: Target::new("POST", bulk, token, BulkFormat::Ndjson.content_type()),
            random: SplitMix(mix(keys.seed ^ mix(keys.stream))),
            keys,
            count,
            sent: 0,
            body: Vec::new(),
        }
    }

    fn write_item(&mut self) -> std::io::Result<()> {
        self.sent += 1;
        let (number, key) = (self.sent, self.keys.key(self.sent));
        let effective = self.effective(number).format("%Y-%m-%dT%H:%M:%SZ");
        write!(self.body, r#"{{"id":"{}","effective_at":"{effective}","#, key.as_str())?;
        write_texts(number, &mut self.random, &mut self.body)?;
        write_entries(&mut self.random, &mut self.body)?;
        self.body.extend_from_slice(b"}\n");
        Ok(())
    }

    fn effective(&mut self, number: u64) -> DateTime<Utc> {
        let after = u128::from(SPAN_S) * u128::from(number - 1) / u128::from(self.count);
        let after = i64::try_from(after).expect("five years in seconds");
        let late = if self.random.below(20) == 0 { self.random.below(LATE_S) } else { 0 };
        time(after - i64::from(late))
    }
}

fn write_texts(number: u64, random: &mut SplitMix, out: &mut Vec<u8>) -> std::io::Result<()> {
    let [one, two, three] = [word(random), word(random), word(random)];
    write!(out, r#""description":"w{one} w{two} w{three}","#)?;
    match number % REFERENCE_EVERY {
        0 => write!(out, r#""reference":"INV-{number}","#),
        1 => write!(out, r#""metadata":{{"shop":"s{}"}},"#, shop(random)),
        _ => Ok(()),
    }
}

/// From one account to another, with what it was for.
fn write_entries(random: &mut SplitMix, out: &mut Vec<u8>) -> std::io::Result<()> {
    let to = account(random);
    // Nobody pays himself.
    let from = loop {
        match account(random) {
            from if from != to => break path(from),
            _ => {}
        }
    };
    let (to, category, currency) = (path(to), category(random), currency(random));
    // As many below 10 as from 1,000 to 10,000.
    let cents = (100.0 * 10_f64.powf(4.0 * unit(random))) as u64;
    let money = format!(r#""amount":"{}.{:02}","currency":"{currency}""#, cents / 100, cents % 100);
    write!(out, r#""entries":[{{"account":"{to}","direction":"debit",{money},"category":"c{category}""#)?;
    if random.below(10) == 0 {
        write!(out, r#","tags":["t{}"]"#, tag(random))?;
    }
    write!(out, r#"}},{{"account":"{from}","direction":"credit",{money}}}]"#)
}

impl Source for Described {
    fn next(&mut self, request: &mut Vec<u8>) {
        self.body.clear();
        for _ in 0..ITEMS {
            self.write_item().expect("writing to memory cannot fail");
        }
        self.target.write(None, &self.body, request);
    }

    fn judge(&mut self, response: &Response) -> Result<u64, String> {
        all_posted(response, ITEMS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(count: u64) -> Vec<serde_json::Value> {
        let mut described = Described::new("/bulk", "secret", KeySpace { seed: 1, stream: 0 }, count);
        (0..count).for_each(|_| described.write_item().unwrap());
        let lines = described.body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
    }

    #[test]
    fn they_balance_lie_in_their_years_and_come_again_from_the_same_seed() {
        let made = items(2_000);
        assert_eq!(made, items(2_000));
        for item in &made {
            let [debit, credit] = [&item["entries"][0], &item["entries"][1]];
            assert!(debit["amount"] == credit["amount"] && debit["currency"] == credit["currency"]);
            assert_ne!(debit["account"], credit["account"]);
        }
        let year =
            |item: &serde_json::Value| item["effective_at"].as_str().unwrap()[..4].parse::<u32>().unwrap();
        assert_eq!(made.iter().map(year).max(), Some(FIRST_YEAR + YEARS - 1));
    }

    #[test]
    fn few_accounts_have_most_of_the_entries_and_some_transactions_have_what_is_rare() {
        let made = items(10_000);
        let of_first = made.iter().filter(|item| item.to_string().contains(r#""assets:bank:a0""#)).count();
        assert!((2_900..3_600).contains(&of_first), "{of_first}");
        let having = |what: &str| made.iter().filter(|item| item.to_string().contains(what)).count();
        assert_eq!((having("\"INV-"), having("\"shop\"")), (2_000, 2_000));
        assert!((850..1_150).contains(&having("\"tags\"")), "{}", having("\"tags\""));
        assert!((400..650).contains(&made.windows(2).filter(|pair| late(pair)).count()));
    }

    fn late(pair: &[serde_json::Value]) -> bool {
        pair[1]["effective_at"].as_str() < pair[0]["effective_at"].as_str()
    }
}
