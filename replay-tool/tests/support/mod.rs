//! A log with every kind of record in it, and ways to doctor it.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::sync::Arc;

use bytes::Bytes;
use event_schemas::{ActorId, Key, LedgerId, Record, RequestHash, Sequence};
use event_store::merkle::Frontier;
use event_store::{Log, MemoryLog, StoredRow};
use futures_util::TryStreamExt;
use replay_tool::{Finding, Place, Progress, Verified, verify};
use sequencer::{Answer, Config, Item, Sequencer, start};

pub fn item(key: &str, command: &str) -> Item {
    let mut hash = [0; 16];
    hash.iter_mut().zip(key.bytes().cycle()).for_each(|(byte, of_key)| *byte = of_key);
    Item {
        ledger: LedgerId::parse("books").unwrap(),
        command: serde_json::from_str(command).unwrap(),
        key: Key::parse(key).unwrap(),
        request: RequestHash(hash),
        actor: ActorId::parse("key:test").unwrap(),
        caused_by: None,
        traceparent: None,
        dry_run: false,
        original: None,
    }
}

pub fn transfer(key: &str, to: &str, from: &str, amount: &str) -> Item {
    let entry = |account: &str, direction: &str| {
        format!(r#"{{"account":"{account}","direction":"{direction}","amount":"{amount}","currency":"EUR"}}"#)
    };
    let entries = [entry(to, "debit"), entry(from, "credit")].join(",");
    item(key, &format!(r#"{{"post_transaction":{{"entries":[{entries}]}}}}"#))
}

fn reverse(key: &str, of: &str) -> Item {
    item(key, &format!(r#"{{"reverse_transaction":{{"transaction":"{of}"}}}}"#))
}

async fn one(sequencer: &Sequencer, item: Item) {
    let answer = sequencer.submit(item).await.unwrap();
    assert!(matches!(answer, Answer::Recorded(_)), "{answer:?}");
}

async fn atomic(sequencer: &Sequencer, items: Vec<Item>) {
    let answers = sequencer.submit_atomic(items).await.unwrap();
    assert!(answers.iter().all(|answer| matches!(answer, Answer::Recorded(_))), "{answers:?}");
}

/// Where the records of [`fill`] stand.
pub mod at {
    pub const OPEN: u64 = 1;
    pub const T1: u64 = 2;
    pub const T2: u64 = 3;
    /// Refused: the amount is zero.
    pub const NONE: u64 = 4;
    pub const LIMITS: u64 = 5;
    /// Refused: below the floor.
    pub const TOO_MUCH: u64 = 6;
    pub const REVERSED: u64 = 7;
    /// Refused: reversed already.
    pub const AGAIN: u64 = 8;
    /// Three records, all or none: the last reverses the first.
    pub const ATOMIC: u64 = 9;
    /// Three records, of which the second is at fault.
    pub const ATOMIC_REFUSED: u64 = 12;
    /// Rename, freeze, unfreeze, an asset, a posting in it.
    pub const RENAMED: u64 = 15;
    /// Three records in one row, each on its own.
    pub const MANY: u64 = 20;
    pub const LAST: u64 = 22;
}

/// Writes 22 records of all kinds. A snapshot stands at record 8.
pub async fn fill(log: Arc<dyn Log>) {
    let sequencer = start(log.clone(), Config::default()).await.unwrap().0;
    let s = &sequencer;
    one(s, item("open", r#"{"open_ledger":{"time_zone":"Europe/Prague"}}"#)).await;
    one(s, transfer("t1", "assets:bank", "equity:opening", "100.00")).await;
    one(s, transfer("t2", "expenses:food", "assets:bank", "12.34")).await;
    one(s, transfer("none", "expenses:food", "assets:bank", "0")).await;
    one(s, item("limits", r#"{"set_limits":{"account":"assets:bank","currency":"EUR","floor":"10"}}"#)).await;
    one(s, transfer("too-much", "expenses:food", "assets:bank", "90")).await;
    one(s, reverse("r1", "t2")).await;
    one(s, reverse("r2", "t2")).await;
    sequencer::snapshot::take(&*log).await.unwrap();
    let batch = [
        transfer("a1", "expenses:food", "assets:bank", "1"),
        transfer("a2", "expenses:rent", "assets:bank", "2"),
        reverse("a3", "a1"),
    ];
    atomic(s, batch.into()).await;
    let batch = [
        transfer("b1", "expenses:food", "assets:bank", "3"),
        transfer("b2", "expenses:food", "assets:bank", "1000"),
        transfer("b3", "expenses:food", "assets:bank", "4"),
    ];
    atomic(s, batch.into()).await;
    one(s, item("rename", r#"{"rename_account":{"account":"expenses:rent","path":"expenses:home"}}"#)).await;
    one(s, item("freeze", r#"{"freeze_account":{"account":"expenses:home","reason":"moved out"}}"#)).await;
    one(s, item("unfreeze", r#"{"unfreeze_account":{"account":"expenses:home"}}"#)).await;
    one(s, item("asset", r#"{"register_asset":{"currency":"BTC","scale":8}}"#)).await;
    let coins = r#"{"post_transaction":{"effective_at":"2020-02-29","description":"from the mine","entries":[
        {"account":"assets:coins","direction":"debit","amount":"0.5","currency":"BTC"},
        {"account":"income:mining","direction":"credit","amount":"0.5","currency":"BTC"}]}}"#;
    one(s, item("coins", coins)).await;
    let many = (1..=3).map(|n| transfer(&format!("m{n}"), "expenses:food", "assets:bank", &n.to_string()));
    let mut group = s.submit_many(many.collect()).await.unwrap();
    let mut answers = Vec::new();
    while let Some(some) = group.recv().await {
        answers.extend(some);
    }
    assert_eq!(answers.len(), 3);
    assert_eq!(log.head().await.unwrap().last, Sequence(at::LAST));
}

pub async fn checked(log: &MemoryLog) -> Result<Verified, Box<Finding>> {
    verify(Arc::new(log.clone()), Progress::default()).await.unwrap()
}

pub async fn rows(log: &MemoryLog) -> Vec<StoredRow> {
    let rows: Vec<StoredRow> = log.rows(Sequence::GENESIS, None).try_collect().await.unwrap();
    rows
}

/// The row that holds this record.
pub async fn row_of(log: &MemoryLog, sequence: u64) -> StoredRow {
    let holds = |row: &StoredRow| row.first.0 <= sequence && sequence <= row.last.0;
    rows(log).await.into_iter().find(holds).unwrap()
}

/// Changes one record's text.
pub async fn change_line(log: &MemoryLog, sequence: u64, change: impl FnOnce(&str) -> String) {
    let row = row_of(log, sequence).await;
    let lines = row.lines().map(|(_, line)| std::str::from_utf8(line).unwrap().to_owned());
    let mut lines: Vec<String> = lines.collect();
    let line = &mut lines[(sequence - row.first.0) as usize];
    let changed = change(line);
    assert_ne!(*line, changed, "the text that was to be changed is there");
    *line = changed;
    log.tamper(row.first, |row| row.records = Bytes::from(lines.join("\n")));
}

/// Changes what one record says, in bytes that are canonical again.
pub async fn change_record(log: &MemoryLog, sequence: u64, change: impl FnOnce(&mut Record)) {
    change_line(log, sequence, |line| {
        let mut record = Record::read(line.as_bytes()).unwrap();
        change(&mut record);
        String::from_utf8(record.to_bytes()).unwrap()
    })
    .await;
}

/// Makes all roots anew, as a thief would who knows how.
pub async fn make_roots_anew(log: &MemoryLog) {
    let mut tree = Frontier::new();
    tree.push(&log.row_starting_at(Sequence::GENESIS).await.unwrap().unwrap().records);
    for row in rows(log).await {
        row.lines().for_each(|(_, line)| tree.push(line));
        log.tamper(row.first, |row| row.root = tree.root());
    }
}

pub fn sequence_of(place: Place) -> u64 {
    match place {
        Place::Record(position)
        | Place::After(position)
        | Place::Snapshot(position)
        | Place::Books(position) => position.sequence.0,
        Place::Row { first, .. } => first.sequence.0,
    }
}
