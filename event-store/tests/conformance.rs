//! What every log promises, held against both adapters. `one` and `other` are two servers on the same log.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use bytes::Bytes;
use event_schemas::Sequence;
use event_store::{Appended, LogError, Snapshot, merkle::Frontier};
use futures_util::TryStreamExt;
use support::{Held, MemoryWorld, Pen, PostgresWorld, World};

macro_rules! conformance {
    ($($name:ident),* $(,)?) => {
        mod memory_log { $(#[tokio::test] async fn $name() { super::$name(super::MemoryWorld::new()).await; })* }
        mod postgres_log { $(#[tokio::test] async fn $name() { super::$name(super::PostgresWorld::new().await).await; })* }
    };
}

conformance!(
    a_new_log_holds_its_genesis_record,
    the_log_reads_back_dense_and_hashed_as_written,
    a_row_that_leaves_a_gap_is_refused,
    a_row_has_at_most_one_successor,
    a_stale_epoch_cannot_append,
    take_over_waits_for_the_statement_in_flight,
    of_two_who_take_over_at_once_one_may_append,
    an_append_goes_on_without_its_caller,
    a_lost_answer_is_unknown_and_the_log_tells_the_truth,
    nothing_is_appended_before_an_unknown_outcome_is_settled,
    reading_from_the_middle_of_a_row_yields_that_row,
    reading_ends_with_the_row_that_holds_until,
    a_record_is_found_by_its_sequence,
    who_waits_is_woken_by_an_append_of_another_server,
    waiting_ends_with_its_time,
    the_newest_two_snapshots_are_kept,
    a_snapshot_that_is_gone_is_damaged,
    the_clock_is_close,
);

async fn a_new_log_holds_its_genesis_record(world: impl World) {
    let log = world.one();
    let head = log.head().await.unwrap();
    assert_eq!((head.epoch.0, head.first, head.last, head.tree_size), (0, Sequence(0), Sequence(0), 1));
    let genesis = log.record(Sequence::GENESIS).await.unwrap().unwrap();
    let text = std::str::from_utf8(&genesis).unwrap();
    assert!(text.contains(&format!(r#""log":"{}""#, head.log_id)), "{text}");
    let mut frontier = Frontier::new();
    frontier.push(&genesis);
    assert_eq!(frontier.root(), head.root);
    assert_eq!(world.other().await.head().await.unwrap(), head, "the second server finds the same log");
    assert!(log.rows(Sequence::GENESIS, None).try_collect::<Vec<_>>().await.unwrap().is_empty());
}

async fn the_log_reads_back_dense_and_hashed_as_written(world: impl World) {
    let mut pen = Pen::take(world.one()).await;
    let sizes = [1, 3, 1, 70, 2, 1024, 1];
    for size in sizes {
        pen.append(size).await;
    }
    let rows: Vec<_> = pen.log.rows(Sequence::GENESIS, None).try_collect().await.unwrap();
    assert_eq!(rows, pen.written.iter().map(event_store::NewRow::stored).collect::<Vec<_>>());
    let mut frontier = Frontier::new();
    frontier.push(&pen.log.record(Sequence::GENESIS).await.unwrap().unwrap());
    let mut next = 1;
    for row in &rows {
        for (sequence, line) in row.lines() {
            assert_eq!(sequence.0, next, "LOG-1: dense");
            assert!(line.starts_with(format!(r#"{{"seq":{next},"#).as_bytes()));
            frontier.push(line);
            next += 1;
        }
        assert_eq!(row.root, frontier.root(), "LOG-4");
        assert_eq!(row.tree_size, frontier.size());
    }
    let head = pen.log.head().await.unwrap();
    assert_eq!(head, pen.head);
    assert_eq!(head.last.0, sizes.iter().sum::<u64>());
}

async fn a_row_that_leaves_a_gap_is_refused(world: impl World) {
    let mut pen = Pen::take(world.one()).await;
    pen.append(3).await;
    let mut far = pen.row(1);
    far.first = far.first.next();
    far.last = far.last.next();
    far.tree_size += 1;
    assert!(matches!(pen.log.append(&far).await, Appended::Fenced));
    let mut wrong_predecessor = pen.row(1);
    wrong_predecessor.previous_first = Sequence(2);
    assert!(matches!(pen.log.append(&wrong_predecessor).await, Appended::Fenced));
    assert_eq!(pen.log.head().await.unwrap(), pen.head);
    pen.append(1).await;
}

async fn a_row_has_at_most_one_successor(world: impl World) {
    let mut pen = Pen::take(world.one()).await;
    pen.append(2).await;
    let (one, two) = (pen.row(2), pen.row(3));
    assert!(matches!(pen.log.append(&one).await, Appended::Stored));
    assert!(matches!(pen.log.append(&two).await, Appended::Fenced), "LOG-4");
    assert!(matches!(pen.log.append(&one).await, Appended::Fenced), "not even the same row twice");
    assert_eq!(pen.log.row_starting_at(one.first).await.unwrap(), Some(one.stored()));
}

async fn a_stale_epoch_cannot_append(world: impl World) {
    let mut old = Pen::take(world.one()).await;
    old.append(2).await;
    assert!(old.log.is_owner().await.unwrap());
    let mut new = Pen::take(world.other().await).await;
    assert!(new.log.is_owner().await.unwrap() && !old.log.is_owner().await.unwrap());
    assert_eq!(new.head.epoch.0, old.head.epoch.0 + 1);
    // In Postgres its session was ended: then it may first find out that.
    let mut outcome = old.try_append(1).await;
    if matches!(outcome, Appended::Unknown(_)) {
        assert_eq!(old.log.row_starting_at(Sequence(3)).await.unwrap(), None);
        outcome = Appended::Fenced;
    }
    assert!(matches!(outcome, Appended::Fenced | Appended::NotStored(_)), "LOG-3: {outcome:?}");
    new.append(1).await;
    assert_eq!(old.log.head().await.unwrap(), new.head);
}

async fn take_over_waits_for_the_statement_in_flight(world: impl World) {
    let mut old = Pen::take(world.one()).await;
    old.append(2).await;
    let row = old.row(1);
    let held = world.hold_next_append(&row).await;
    let appending = tokio::spawn({
        let (log, row) = (old.log.clone(), row.clone());
        async move { log.append(&row).await }
    });
    let release = held.reached().await;
    let other = world.other().await;
    let mut taking_over = tokio::spawn(async move { other.take_over().await.unwrap() });
    world.somebody_waits_for_the_epoch().await;
    assert!(tokio::time::timeout(Duration::ZERO, &mut taking_over).await.is_err(), "it waits");
    release.release().await;
    assert!(matches!(appending.await.unwrap(), Appended::Stored));
    let head = taking_over.await.unwrap();
    assert_eq!(head.last, row.last, "the new writer knows of the row that was in flight");
}

async fn of_two_who_take_over_at_once_one_may_append(world: impl World) {
    let (one, other) = (world.one(), world.other().await);
    for _ in 0..5 {
        let (a, b) = tokio::join!(Pen::take(one.clone()), Pen::take(other.clone()));
        assert_ne!(a.head.epoch, b.head.epoch);
        let (mut winner, mut loser) = if a.head.epoch > b.head.epoch { (a, b) } else { (b, a) };
        let (lost, won) = tokio::join!(loser.try_append(1), winner.try_append(1));
        assert!(!matches!(lost, Appended::Stored), "LOG-3: {lost:?}");
        assert!(matches!(won, Appended::Stored), "{won:?}");
    }
}

async fn an_append_goes_on_without_its_caller(world: impl World) {
    let pen = Pen::take(world.one()).await;
    let row = pen.row(4);
    let held = world.hold_next_append(&row).await;
    let appending = tokio::spawn({
        let (log, row) = (pen.log.clone(), row.clone());
        async move { log.append(&row).await }
    });
    let release = held.reached().await;
    appending.abort();
    assert!(appending.await.unwrap_err().is_cancelled());
    release.release().await;
    assert_eq!(pen.log.wait_past(Sequence(3), Duration::from_secs(30)).await.unwrap(), Sequence(4));
    assert_eq!(pen.log.row_starting_at(row.first).await.unwrap(), Some(row.stored()));
}

async fn a_lost_answer_is_unknown_and_the_log_tells_the_truth(world: impl World) {
    let mut pen = Pen::take(world.one()).await;
    pen.append(2).await;
    for stored in [true, false, true] {
        let row = pen.row(2);
        world.cut_next_append(stored).await;
        let outcome = pen.log.append(&row).await;
        assert!(matches!(outcome, Appended::Unknown(_)), "{outcome:?}");
        let head = pen.log.take_over().await.unwrap();
        let found = pen.log.row_starting_at(row.first).await.unwrap();
        assert_eq!(found, stored.then(|| row.stored()));
        assert_eq!(head.last == row.last, stored);
        pen = Pen::take(pen.log).await;
        pen.append(1).await;
    }
}

async fn nothing_is_appended_before_an_unknown_outcome_is_settled(world: impl World) {
    let mut pen = Pen::take(world.one()).await;
    world.cut_next_append(false).await;
    assert!(matches!(pen.try_append(1).await, Appended::Unknown(_)));
    let outcome = pen.log.append(&pen.written[0]).await;
    assert!(matches!(outcome, Appended::NotStored(LogError::Unsettled)), "{outcome:?}");
    let mut pen = Pen::take(pen.log).await;
    pen.append(1).await;
}

async fn reading_from_the_middle_of_a_row_yields_that_row(world: impl World) {
    let mut pen = Pen::take(world.one()).await;
    for size in [4, 4, 4] {
        pen.append(size).await;
    }
    let firsts = async |after| {
        let rows: Vec<_> = pen.log.rows(Sequence(after), None).try_collect().await.unwrap();
        rows.iter().map(|row| row.first.0).collect::<Vec<_>>()
    };
    assert_eq!(firsts(0).await, [1, 5, 9]);
    assert_eq!(firsts(3).await, [1, 5, 9]);
    assert_eq!(firsts(4).await, [5, 9]);
    assert_eq!(firsts(5).await, [5, 9]);
    assert_eq!(firsts(11).await, [9]);
    assert_eq!(firsts(12).await, [0; 0]);
    assert_eq!(firsts(99).await, [0; 0]);
}

async fn reading_ends_with_the_row_that_holds_until(world: impl World) {
    let mut pen = Pen::take(world.one()).await;
    for size in [4, 4, 4] {
        pen.append(size).await;
    }
    let firsts = async |after, until| {
        let rows: Vec<_> = pen.log.rows(Sequence(after), Some(Sequence(until))).try_collect().await.unwrap();
        rows.iter().map(|row| row.first.0).collect::<Vec<_>>()
    };
    assert_eq!(firsts(0, 4).await, [1]);
    assert_eq!(firsts(0, 5).await, [1, 5]);
    assert_eq!(firsts(6, 7).await, [5]);
    assert_eq!(firsts(7, 7).await, [0; 0]);
    assert_eq!(firsts(8, 2).await, [0; 0]);
    assert_eq!(firsts(0, 99).await, [1, 5, 9]);
}

async fn a_record_is_found_by_its_sequence(world: impl World) {
    let mut pen = Pen::take(world.one()).await;
    pen.append(3).await;
    pen.append(2).await;
    for sequence in 1..=5 {
        let record = pen.log.record(Sequence(sequence)).await.unwrap().unwrap();
        assert!(record.starts_with(format!(r#"{{"seq":{sequence},"#).as_bytes()), "{record:?}");
    }
    assert_eq!(pen.log.record(Sequence(6)).await.unwrap(), None);
    assert_eq!(pen.log.row_starting_at(Sequence(2)).await.unwrap(), None, "a row does not start there");
}

async fn who_waits_is_woken_by_an_append_of_another_server(world: impl World) {
    let (mut pen, other) = (Pen::take(world.one()).await, world.other().await);
    for sequence in 0..5 {
        let waiting = tokio::spawn({
            let other = other.clone();
            async move { other.wait_past(Sequence(sequence), Duration::from_secs(30)).await.unwrap() }
        });
        tokio::task::yield_now().await;
        pen.append(1).await;
        assert_eq!(waiting.await.unwrap(), Sequence(sequence + 1));
    }
    assert_eq!(other.wait_past(Sequence(2), Duration::ZERO).await.unwrap(), Sequence(5), "no need to wait");
}

async fn waiting_ends_with_its_time(world: impl World) {
    let mut pen = Pen::take(world.one()).await;
    pen.append(2).await;
    assert_eq!(pen.log.wait_past(Sequence(2), Duration::from_millis(20)).await.unwrap(), Sequence(2));
}

async fn the_newest_two_snapshots_are_kept(world: impl World) {
    let log = world.one();
    let snapshot = |sequence, fingerprint: &str, size: usize| Snapshot {
        sequence: Sequence(sequence),
        fingerprint: fingerprint.to_owned(),
        bytes: Bytes::from(vec![u8::try_from(sequence).unwrap(); size]),
    };
    // The largest needs several chunks, the empty one none.
    let made = [(10, "a", 100), (20, "a", 9 << 20), (30, "a", 0), (25, "b", 7), (35, "b", 8), (40, "a", 5)];
    for (sequence, fingerprint, size) in made {
        log.put_snapshot(&snapshot(sequence, fingerprint, size)).await.unwrap();
    }
    log.put_snapshot(&snapshot(40, "a", 6)).await.unwrap();
    let infos = world.other().await.newest_snapshots().await.unwrap();
    let kept: Vec<_> = infos.iter().map(|i| (i.sequence.0, i.fingerprint.as_str(), i.size)).collect();
    assert_eq!(kept, [(40, "a", 6), (35, "b", 8), (30, "a", 0)], "two of its own kind, one of each other");
    assert_eq!(log.snapshot(&infos[0]).await.unwrap(), snapshot(40, "a", 6));
    assert_eq!(log.snapshot(&infos[2]).await.unwrap(), snapshot(30, "a", 0));
    log.put_snapshot(&snapshot(50, "a", 9 << 20)).await.unwrap();
    let newest = &log.newest_snapshots().await.unwrap()[0];
    assert_eq!(log.snapshot(newest).await.unwrap(), snapshot(50, "a", 9 << 20));
}

async fn a_snapshot_that_is_gone_is_damaged(world: impl World) {
    let log = world.one();
    for sequence in 1..=3 {
        let snapshot = Snapshot {
            sequence: Sequence(sequence),
            fingerprint: "f".to_owned(),
            bytes: Bytes::from_static(b"state"),
        };
        log.put_snapshot(&snapshot).await.unwrap();
        let mut info = log.newest_snapshots().await.unwrap().remove(0);
        info.digest[0] ^= 1;
        assert!(matches!(log.snapshot(&info).await, Err(LogError::DamagedSnapshot { .. })));
    }
    let mut gone = log.newest_snapshots().await.unwrap().remove(0);
    gone.sequence = Sequence(1);
    assert!(matches!(log.snapshot(&gone).await, Err(LogError::DamagedSnapshot { .. })));
}

async fn the_clock_is_close(world: impl World) {
    let skew = world.one().clock_skew().await.unwrap();
    assert!(skew.abs() < 1_000_000, "{skew} µs");
}
