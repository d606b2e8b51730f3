//! Stored bytes never change: every released version of every event is read for ever, and written again as it was.

use std::fs;
use std::path::{Path, PathBuf};

use event_schemas::events::TransactionPosted;
use event_schemas::{
    ActorId, Batch, Contract, Envelope, Event, Key, LedgerId, Position, Record, RequestHash, Sequence, Shard,
    Ts,
};
use expect_test::expect_file;
use uuid::Uuid;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn record(event: Event) -> Record {
    let envelope = Envelope {
        sequence: Sequence(42),
        id: Uuid::from_u128(0x67e5_5044_10b1_426f_9247_bb68_0e5f_e0c8),
        ledger: LedgerId::parse("household").expect("a valid id"),
        batch: Batch::ALONE,
        key: Key::parse("receipt-17").expect("a valid key"),
        request: RequestHash(*b"sixteen bytes ok"),
        actor: ActorId::parse("key:dev").expect("a valid actor"),
        caused_by: Some(Position::new(Shard(1), Sequence(41))),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
        recorded_at: Ts(1_764_000_000_123_456),
        effective_at: Ts(-1),
    };
    Record { envelope, event }
}

/// A golden file is written once, when its event's version is released; after that tidy refuses any change to it.
#[test]
fn generated_golden_files_hold_an_example_of_every_event() {
    for event in Event::examples() {
        let path = folder("golden").join(format!("{}.v{}.json", event.name(), event.version()));
        let bytes = String::from_utf8(record(event).to_bytes()).expect("a record is UTF-8");
        expect_file![path].assert_eq(&format!("{bytes}\n"));
    }
}

#[test]
fn every_golden_record_is_read_and_written_again_as_it_was() {
    let mut files = 0;
    for file in fs::read_dir(folder("golden")).expect("the folder is there") {
        let text = fs::read_to_string(file.expect("readable").path()).expect("readable");
        let line = text.trim_end();
        let read = Record::read(line.as_bytes()).expect("a released version stays readable");
        // Only this version's own bytes come out the same; a former version comes out upcast.
        if line.contains(&format!("\"version\":{}", read.event.version())) {
            assert_eq!(String::from_utf8(read.to_bytes()).expect("UTF-8"), line);
        }
        files += 1;
    }
    assert!(files >= Event::NAMES.len());
}

#[test]
fn generated_json_schemas_are_current() {
    for (name, version, schema) in Event::schemas() {
        let path = folder("schemas").join(format!("{name}.v{version}.json"));
        let text = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
        expect_file![path].assert_eq(&format!("{text}\n"));
    }
}

#[test]
fn entries_written_by_hand_are_what_serde_writes() {
    let event = TransactionPosted::example();
    let mut by_hand = Vec::new();
    event.write(&mut by_hand);
    let by_serde = serde_json::to_vec(&event).expect("an event is JSON");
    assert_eq!(String::from_utf8_lossy(&by_hand[1..]), String::from_utf8_lossy(&by_serde[1..]));
}

#[test]
fn a_record_that_is_not_canonical_is_refused() {
    let good = String::from_utf8(record(TransactionPosted::example().into()).to_bytes()).expect("UTF-8");
    assert!(Record::read(good.as_bytes()).is_ok());
    for (from, to) in [
        ("{\"seq\":42", "{ \"seq\":42"),
        ("\"seq\":42", "\"seq\":-42"),
        ("\"version\":1", "\"version\":2"),
        ("transaction_posted", "transaction_unknown"),
        ("\"12.34\"", "12.34"),
        ("\"12.34\"", "\"12.3e4\""),
        ("}}]}", "}}]} "),
        ("}}]}", "}}],\"extra\":1}"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from}");
        assert!(Record::read(bad.as_bytes()).is_err(), "{from} -> {to}");
    }
    for length in 0..good.len() {
        assert!(Record::read(&good.as_bytes()[..length]).is_err());
    }
}

#[test]
fn generated_events_catalogue_is_current() {
    let mut page = String::from(
        "# Events\n\nEvery fact and every recorded refusal, as one line of the log holds it: the envelope, which all share, and the \
         event's\nown fields. Written by a test from `event-schemas/src/events/`; `cargo xtask codegen` renews it.\n",
    );
    for event in Event::examples() {
        let (name, version) = (event.name(), event.version());
        let line = String::from_utf8(record(event).to_bytes()).expect("a record is UTF-8");
        let schema = format!("../../event-schemas/schemas/{name}.v{version}.json");
        page.push_str(&format!(
            "\n## {name}\n\nVersion {version} · [JSON Schema]({schema}) of its own fields\n\n```json\n{line}\n```\n"
        ));
    }
    expect_file!["../../docs/generated/events.md"].assert_eq(&page);
}
