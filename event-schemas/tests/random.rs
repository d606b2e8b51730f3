//! Random records: their bytes read back to the same, mean the same to serde, and have no second spelling.
//!
//! `NEXUS_SEED` repeats a run, `NEXUS_RECORDS` makes it longer.

mod records;

use event_schemas::{Event, Record};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};

const RECORDS: u32 = 1_000;
const SEED: u64 = 20_261_124;

fn check<T: std::fmt::Debug>(
    strategy: impl Strategy<Value = T>,
    law: impl Fn(T) -> Result<(), TestCaseError>,
) {
    let number = |name: &str| {
        let text = std::env::var(name).ok()?;
        Some(text.parse::<u64>().unwrap_or_else(|_| panic!("{name} is a number: {text}")))
    };
    let seed = number("NEXUS_SEED").unwrap_or(SEED);
    let cases = number("NEXUS_RECORDS").map_or(RECORDS, |records| records as u32);
    eprintln!("NEXUS_SEED={seed} NEXUS_RECORDS={cases}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    if let Err(error) = TestRunner::new_with_rng(config, rng).run(&strategy, law) {
        panic!("NEXUS_SEED={seed}: {error}");
    }
}

#[test]
fn a_record_survives_its_bytes() {
    check(records::record(), |record| {
        let bytes = record.to_bytes();
        prop_assert!(!bytes.contains(&b'\n'), "a record is one line");
        prop_assert_eq!(Record::read(&bytes), Ok(record));
        Ok(())
    });
}

#[test]
fn the_bytes_are_json_that_means_what_serde_says() {
    check(records::record(), |record| {
        let bytes = record.to_bytes();
        let read: Value =
            serde_json::from_slice(&bytes).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(read, by_serde(&record));
        Ok(())
    });
}

/// A record by serde alone, as the documentation says that it looks.
fn by_serde(record: &Record) -> Value {
    let envelope = &record.envelope;
    let mut object = Map::new();
    let mut set = |field: &str, value: Value| object.insert(field.to_owned(), value);
    set("seq", json!(envelope.sequence));
    set("id", json!(envelope.id));
    set("type", json!(record.event.name()));
    set("version", json!(record.event.version()));
    set("ledger", json!(envelope.ledger));
    set("batch", json!({ "index": envelope.batch.index, "count": envelope.batch.count }));
    set("key", json!(envelope.key));
    let request = envelope.request.to_text();
    set("request", json!(std::str::from_utf8(&request).expect("base64url is ASCII")));
    set("actor", json!(envelope.actor));
    if let Some(cause) = envelope.caused_by {
        set("caused_by", json!(cause));
    }
    if let Some(traceparent) = &envelope.traceparent {
        set("traceparent", json!(traceparent));
    }
    set("recorded_at", json!(envelope.recorded_at));
    set("effective_at", json!(envelope.effective_at));
    let payload = match &record.event {
        Event::TransactionPosted(event) => json!(event),
        Event::TransactionReversed(event) => json!(event),
        Event::CommandRefused(event) => json!(event),
        Event::LedgerOpened(event) => json!(event),
        Event::AccountOpened(event) => json!(event),
        Event::AccountRenamed(event) => json!(event),
        Event::AccountFrozen(event) => json!(event),
        Event::AccountUnfrozen(event) => json!(event),
        Event::AccountClosed(event) => json!(event),
        Event::LimitsSet(event) => json!(event),
        Event::AssetRegistered(event) => json!(event),
        Event::RateRecorded(event) => json!(event),
        Event::BudgetSet(event) => json!(event),
        Event::BudgetChanged(event) => json!(event),
        Event::BudgetDropped(event) => json!(event),
    };
    object.extend(payload.as_object().expect("events are objects").clone());
    Value::Object(object)
}

#[test]
fn a_damaged_record_is_refused_or_is_another_record_in_its_own_bytes() {
    let damage = (any::<prop::sample::Index>(), any::<u8>(), 0_u8..4);
    check((records::record(), proptest::collection::vec(damage, 1..4)), |(record, damages)| {
        let mut bytes = record.to_bytes();
        for (place, byte, kind) in damages {
            let at = place.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                // What JSON would forgive.
                2 => bytes.insert(at, if byte % 2 == 0 { b' ' } else { b'0' }),
                _ => drop(bytes.remove(at)),
            }
        }
        if let Ok(read) = Record::read(&bytes) {
            let again = read.to_bytes();
            prop_assert_eq!(String::from_utf8_lossy(&again), String::from_utf8_lossy(&bytes));
        }
        Ok(())
    });
}

#[test]
fn another_spelling_of_the_same_record_is_refused() {
    check(records::record(), |record| {
        let text = String::from_utf8(record.to_bytes()).expect("a record is UTF-8");
        let id = record.envelope.id;
        let seq = format!("\"seq\":{}", record.envelope.sequence.0);
        let spellings = [
            text.replacen(&id.to_string(), &id.to_string().to_uppercase(), 1),
            text.replacen(&id.to_string(), &id.simple().to_string(), 1),
            text.replacen(&id.to_string(), &id.braced().to_string(), 1),
            text.replacen(&seq, &format!("\"seq\":0{}", record.envelope.sequence.0), 1),
            text.replacen("\"key\":\"", "\"key\": \"", 1),
            text.replacen("\"type\":\"a", "\"type\":\"\\u0061", 1),
            format!("{text} "),
            format!(" {text}"),
        ];
        for spelling in spellings.iter().filter(|spelling| **spelling != text) {
            prop_assert!(Record::read(spelling.as_bytes()).is_err(), "{}", spelling);
        }
        Ok(())
    });
}
