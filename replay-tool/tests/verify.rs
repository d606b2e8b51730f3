//! Doctored logs: whatever was changed, the first bad record is named.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod support;

use std::sync::Arc;

use bytes::Bytes;
use event_schemas::{Event, Quantity, Sequence, Shard, Ts};
use event_store::{Epoch, Log, MemoryLog, Root};
use replay_tool::{Place, Progress, verify};
use support::{at, change_line, change_record, checked, fill, make_roots_anew, row_of, rows, sequence_of};

async fn filled() -> MemoryLog {
    let log = MemoryLog::new(Shard(1));
    fill(Arc::new(log.clone())).await;
    log
}

/// Checks that the record is named, whether its bytes alone were changed or the roots with them.
macro_rules! names {
    ($log:ident, $sequence:expr, $broken:literal) => {
        for roots_too in [false, true] {
            if roots_too {
                make_roots_anew(&$log).await;
            }
            let finding = checked(&$log).await.expect_err("it was doctored");
            assert!(matches!(finding.place, Place::Record(_)), "{finding}");
            assert_eq!(sequence_of(finding.place), $sequence, "{finding}");
            assert!(finding.broken.contains($broken), "{finding}");
            assert!(finding.expected != finding.found, "{finding}");
            let note = finding.note.as_deref().unwrap_or_default();
            assert_eq!(note.contains("matches its bytes"), roots_too, "{finding}");
        }
    };
}

#[tokio::test]
async fn a_whole_log_is_counted_and_its_tree_head_told() {
    let log = filled().await;
    let verified = checked(&log).await.unwrap();
    let head = log.head().await.unwrap();
    assert_eq!(verified.head.to_string(), "1:22");
    assert_eq!(verified.tree_head, head.root.to_string());
    assert_eq!((verified.records, verified.rows, verified.tree_size), (22, 16, 23));
    assert_eq!((verified.refusals, verified.entries), (6, 20));
    assert_eq!((verified.ledgers, verified.accounts, verified.snapshots), (1, 6, 1));
    assert_eq!(verified.log_id, head.log_id.to_string());
}

#[tokio::test]
async fn a_log_without_records_is_whole() {
    let log = MemoryLog::new(Shard(1));
    assert_eq!(checked(&log).await.unwrap().records, 0);
}

#[tokio::test]
async fn an_amount() {
    let log = filled().await;
    change_line(&log, at::T2, |line| line.replacen(r#""amount":"12.34""#, r#""amount":"12.35""#, 1)).await;
    names!(log, at::T2, "LGR-6");
}

#[tokio::test]
async fn an_amount_on_both_sides_with_all_that_follows_in_its_record() {
    let log = filled().await;
    change_line(&log, at::T2, |line| line.replace("12.34", "12.35").replace("87.66", "87.65")).await;
    // The record itself is possible; the figures of the refusal after it are not.
    make_roots_anew(&log).await;
    let finding = checked(&log).await.unwrap_err();
    assert_eq!(sequence_of(finding.place), at::TOO_MUCH, "{finding}");
}

#[tokio::test]
async fn a_balance_after_an_entry() {
    let log = filled().await;
    change_line(&log, at::T1, |line| line.replacen(r#""debits":"100.00""#, r#""debits":"900.00""#, 1)).await;
    names!(log, at::T1, "LGR-6");
}

#[tokio::test]
async fn the_number_of_an_entry() {
    let log = filled().await;
    change_line(&log, at::T2, |line| line.replacen(r#""number":1"#, r#""number":3"#, 1)).await;
    names!(log, at::T2, "LGR-6");
}

#[tokio::test]
async fn a_refusal_that_becomes_a_success() {
    let log = filled().await;
    let success = row_of(&log, at::T2).await;
    let success = event_schemas::Record::read(&success.records).unwrap().event;
    change_record(&log, at::TOO_MUCH, |record| record.event = success).await;
    names!(log, at::TOO_MUCH, "LGR-6");
}

#[tokio::test]
async fn a_success_that_becomes_a_refusal() {
    let log = filled().await;
    let refusal = row_of(&log, at::NONE).await;
    let refusal = event_schemas::Record::read(&refusal.records).unwrap().event;
    change_record(&log, at::T1, |record| {
        let Event::CommandRefused(mut refused) = refusal else { panic!("a refusal") };
        let command = refused.command.get().replace(r#""0""#, r#""5""#);
        refused.command = serde_json::value::RawValue::from_string(command).unwrap();
        record.event = refused.into();
    })
    .await;
    names!(log, at::T1, "LGR-6");
}

#[tokio::test]
async fn the_figures_of_a_refusal() {
    let log = filled().await;
    change_line(&log, at::TOO_MUCH, |line| {
        line.replacen(r#""available":"77.66""#, r#""available":"7.66""#, 1)
    })
    .await;
    names!(log, at::TOO_MUCH, "LGR-6");
}

#[tokio::test]
async fn which_refusal_it_is() {
    let log = filled().await;
    change_line(&log, at::AGAIN, |line| line.replacen("\"number\":702", "\"number\":701", 1)).await;
    names!(log, at::AGAIN, "LGR-6");
}

#[tokio::test]
async fn the_command_of_a_refusal() {
    let log = filled().await;
    change_line(&log, at::NONE, |line| line.replacen("post_transaction", "post_translation", 1)).await;
    names!(log, at::NONE, "a refusal keeps its command");
}

#[tokio::test]
async fn an_account_that_was_opened() {
    let log = filled().await;
    change_line(&log, at::T1, |line| line.replace("equity:opening", "income:opening")).await;
    names!(log, at::T1, "LGR-6");
}

#[tokio::test]
async fn a_limit() {
    let log = filled().await;
    change_line(&log, at::LIMITS, |line| line.replacen(r#""floor":"10.00""#, r#""floor":"1.00""#, 1)).await;
    // Possible in itself; the refusal that rests on it is not.
    make_roots_anew(&log).await;
    let finding = checked(&log).await.unwrap_err();
    assert_eq!(sequence_of(finding.place), at::TOO_MUCH, "{finding}");
}

#[tokio::test]
async fn what_a_reversal_names() {
    let log = filled().await;
    change_record(&log, at::REVERSED, |record| {
        let Event::TransactionReversed(reversed) = &mut record.event else { panic!("a reversal") };
        reversed.original_seq = Sequence(at::T1);
    })
    .await;
    names!(log, at::REVERSED, "LGR-6");
}

#[tokio::test]
async fn an_effective_time_that_no_command_asked_for() {
    let log = filled().await;
    change_record(&log, at::LIMITS, |record| record.envelope.effective_at.0 -= 1).await;
    names!(log, at::LIMITS, "LGR-6");
}

#[tokio::test]
async fn an_effective_time_in_the_future() {
    let log = filled().await;
    change_record(&log, at::T1, |record| record.envelope.effective_at.0 += 1).await;
    names!(log, at::T1, "LGR-6");
}

#[tokio::test]
async fn a_sequence() {
    let log = filled().await;
    change_record(&log, at::T2, |record| record.envelope.sequence = Sequence(at::NONE)).await;
    names!(log, at::T2, "LOG-1");
}

#[tokio::test]
async fn records_that_changed_places() {
    let log = filled().await;
    let row = row_of(&log, at::MANY).await;
    let lines: Vec<Vec<u8>> = row.lines().map(|(_, line)| line.to_vec()).collect();
    let swapped = [&lines[1], &lines[0], &lines[2]].map(Vec::as_slice).join(&b'\n');
    log.tamper(row.first, |row| row.records = Bytes::from(swapped));
    names!(log, at::MANY, "LOG-1");
}

#[tokio::test]
async fn records_that_changed_places_and_numbers() {
    let log = filled().await;
    let row = row_of(&log, at::MANY).await;
    let mut records: Vec<_> =
        row.lines().map(|(_, line)| event_schemas::Record::read(line).unwrap()).collect();
    records.swap(0, 1);
    for (record, sequence) in records.iter_mut().zip(at::MANY..) {
        record.envelope.sequence = Sequence(sequence);
    }
    let lines: Vec<Vec<u8>> = records.iter().map(event_schemas::Record::to_bytes).collect();
    log.tamper(row.first, |row| row.records = Bytes::from(lines.join(&b'\n')));
    names!(log, at::MANY, "LGR-6");
}

#[tokio::test]
async fn a_key_that_was_used_before() {
    let log = filled().await;
    change_record(&log, at::RENAMED, |record| record.envelope.key = "t1".parse().unwrap()).await;
    names!(log, at::RENAMED, "LGR-5");
}

#[tokio::test]
async fn a_key_that_is_used_twice_in_one_row() {
    let log = filled().await;
    change_record(&log, at::MANY + 2, |record| record.envelope.key = "m1".parse().unwrap()).await;
    names!(log, at::MANY + 2, "LGR-5");
}

#[tokio::test]
async fn a_key_that_is_used_twice_in_one_batch() {
    let log = filled().await;
    change_record(&log, at::ATOMIC_REFUSED + 2, |record| record.envelope.key = "b1".parse().unwrap()).await;
    names!(log, at::ATOMIC_REFUSED + 2, "LGR-5");
    let finding = checked(&log).await.expect_err("it was doctored");
    assert!(finding.found.contains("twice in one batch"), "{finding}");
}

#[tokio::test]
async fn a_ledger_that_was_never_opened() {
    let log = filled().await;
    change_record(&log, at::NONE, |record| record.envelope.ledger = "others".parse().unwrap()).await;
    names!(log, at::NONE, "ledger is open");
}

#[tokio::test]
async fn a_ledger_that_is_opened_too_late() {
    let log = filled().await;
    change_record(&log, at::OPEN, |record| record.envelope.ledger = "others".parse().unwrap()).await;
    make_roots_anew(&log).await;
    let finding = checked(&log).await.unwrap_err();
    assert_eq!(sequence_of(finding.place), at::T1, "{finding}");
}

#[tokio::test]
async fn a_time_that_goes_back() {
    let log = filled().await;
    change_record(&log, at::T2, |record| record.envelope.recorded_at = Ts(1)).await;
    names!(log, at::T2, "recorded_at");
}

#[tokio::test]
async fn a_blank_in_the_text() {
    let log = filled().await;
    change_line(&log, at::T2, |line| line.replacen(r#","batch""#, r#", "batch""#, 1)).await;
    names!(log, at::T2, "can be read");
}

#[tokio::test]
async fn text_that_reads_the_same_and_is_written_otherwise() {
    let log = filled().await;
    change_line(&log, at::T2, |line| line.replacen(r#""key":"t2""#, r#""key":"\u0074\u0032""#, 1)).await;
    // The reader refuses it already: only what would be written again as it stands is a record.
    names!(log, at::T2, "can be read");
    assert!(checked(&log).await.unwrap_err().found.contains("as it would be written again"));
}

#[tokio::test]
async fn a_record_that_is_cut_short() {
    let log = filled().await;
    change_line(&log, at::MANY + 1, |line| line[..line.len() - 9].to_owned()).await;
    names!(log, at::MANY + 1, "can be read");
}

#[tokio::test]
async fn an_item_of_an_atomic_batch() {
    let log = filled().await;
    change_line(&log, at::ATOMIC + 1, |line| line.replacen(r#""amount":"2.00""#, r#""amount":"2.01""#, 1))
        .await;
    // All of the batch is refused then, so already its first record is wrong.
    names!(log, at::ATOMIC, "LGR-6");
}

#[tokio::test]
async fn the_item_at_fault_in_a_refused_batch() {
    let log = filled().await;
    change_line(&log, at::ATOMIC_REFUSED, |line| line.replacen(r#""index":"1""#, r#""index":"2""#, 1)).await;
    names!(log, at::ATOMIC_REFUSED, "LGR-6");
}

#[tokio::test]
async fn a_place_in_a_batch() {
    let log = filled().await;
    change_record(&log, at::ATOMIC + 1, |record| record.envelope.batch.index = 2).await;
    names!(log, at::ATOMIC + 1, "batch is numbered");
}

#[tokio::test]
async fn the_count_of_a_batch() {
    for count in [0, 4] {
        let log = filled().await;
        change_record(&log, at::ATOMIC, |record| record.envelope.batch.count = count).await;
        names!(log, at::ATOMIC, "batch");
    }
}

#[tokio::test]
async fn what_no_rule_derives_is_seen_by_the_root_alone() {
    let log = filled().await;
    change_line(&log, at::RENAMED + 4, |line| line.replacen("from the mine", "from the sea", 1)).await;
    let finding = checked(&log).await.unwrap_err();
    assert!(matches!(finding.place, Place::Row { .. }), "{finding}");
    assert_eq!(sequence_of(finding.place), at::RENAMED + 4, "{finding}");
    // Who makes all roots anew is found out only by somebody who kept the tree head.
    let kept = log.head().await.unwrap().root;
    make_roots_anew(&log).await;
    assert_ne!(checked(&log).await.unwrap().tree_head, kept.to_string());
}

#[tokio::test]
async fn a_root() {
    let log = filled().await;
    log.tamper(Sequence(at::T2), |row| row.root = Root([7; 32]));
    let finding = checked(&log).await.unwrap_err();
    assert_eq!(finding.place.to_string(), "row 1:3 to 1:3");
    assert!(finding.broken.contains("LOG-4"), "{finding}");
}

#[tokio::test]
async fn what_a_row_says_of_its_records() {
    let log = filled().await;
    log.tamper(Sequence(at::T2), |row| row.tree_size += 1);
    assert_eq!(sequence_of(checked(&log).await.unwrap_err().place), at::T2);
    let log = filled().await;
    log.tamper(Sequence(at::T2), |row| row.recorded_at.0 += 1);
    assert_eq!(sequence_of(checked(&log).await.unwrap_err().place), at::T2);
    for epoch in [0, 9] {
        let log = filled().await;
        log.tamper(Sequence(at::T2), |row| row.epoch = Epoch(epoch));
        let finding = checked(&log).await.unwrap_err();
        assert_eq!(sequence_of(finding.place), at::T2, "{finding}");
        assert!(finding.broken.contains("LOG-3"), "{finding}");
    }
}

#[tokio::test]
async fn a_row_that_is_missing() {
    let log = filled().await;
    let next = row_of(&log, at::NONE).await;
    log.tamper(Sequence(at::T2), |row| *row = next);
    let finding = checked(&log).await.unwrap_err();
    assert_eq!(finding.place.to_string(), "after record 1:2");
    assert!(finding.broken.contains("LOG-1") && finding.found.contains("1:4"), "{finding}");
}

#[tokio::test]
async fn a_row_with_a_record_too_many() {
    let log = filled().await;
    let doubled = row_of(&log, at::T2).await.records;
    log.tamper(Sequence(at::T2), |row| row.records = [&*doubled, b"\n", &doubled].concat().into());
    let finding = checked(&log).await.unwrap_err();
    assert_eq!(sequence_of(finding.place), at::T2, "{finding}");
}

#[tokio::test]
async fn the_genesis_record() {
    let log = filled().await;
    log.tamper(Sequence::GENESIS, |row| {
        row.records =
            String::from_utf8(row.records.to_vec()).unwrap().replace("\"books\"", "\"boots\"").into();
    });
    let finding = checked(&log).await.unwrap_err();
    assert_eq!(finding.place.to_string(), "row 1:0 to 1:0", "{finding}");
}

#[tokio::test]
async fn money_out_of_nothing_in_canonical_bytes() {
    let log = filled().await;
    change_record(&log, at::T1, |record| {
        let Event::TransactionPosted(posted) = &mut record.event else { panic!("a posting") };
        posted.entries[0].amount = Quantity::new(99_999, 2);
        posted.entries[0].after.debits = Quantity::new(99_999, 2);
    })
    .await;
    names!(log, at::T1, "LGR-6");
}

#[tokio::test]
async fn a_snapshot_of_other_books() {
    let log = filled().await;
    let info = log.newest_snapshots().await.unwrap().remove(0);
    let mut snapshot = log.snapshot(&info).await.unwrap();
    let mut bytes = snapshot.bytes.to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    snapshot.bytes = bytes.into();
    log.put_snapshot(&snapshot).await.unwrap();
    let finding = checked(&log).await.unwrap_err();
    assert_eq!(finding.place.to_string(), "snapshot at 1:8");
}

#[tokio::test]
async fn a_snapshot_of_another_program_is_counted_and_let_be() {
    let log = filled().await;
    let info = log.newest_snapshots().await.unwrap().remove(0);
    let mut snapshot = log.snapshot(&info).await.unwrap();
    snapshot.fingerprint = "0-another".to_owned();
    snapshot.bytes = Bytes::from_static(b"other");
    log.put_snapshot(&snapshot).await.unwrap();
    assert_eq!(checked(&log).await.unwrap().snapshots_skipped, 1);
}

/// Every byte of a record matters: whichever one is changed, somebody notices.
#[tokio::test]
async fn any_byte() {
    let log = filled().await;
    for row in rows(&log).await {
        for at in (0..row.records.len()).step_by(7) {
            let mut bytes = row.records.to_vec();
            bytes[at] ^= 1;
            log.tamper(row.first, |row| row.records = bytes.into());
            let finding = checked(&log).await.expect_err("it was doctored");
            let first = sequence_of(finding.place);
            assert!((row.first.0..=row.last.0).contains(&first), "{finding}");
            let records = row.records.clone();
            log.tamper(row.first, |row| row.records = records);
        }
    }
    verify(Arc::new(log), Progress::default()).await.unwrap().unwrap();
}
