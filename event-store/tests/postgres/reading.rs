//! Readers: complete whatever else is open, in pages, and the same bytes in SQL.

use std::time::Duration;

use event_schemas::Sequence;
use event_store::LogError;
use futures_util::{StreamExt, TryStreamExt};

use crate::support::{Pen, PostgresWorld, World};

#[tokio::test]
async fn a_reader_who_tails_skips_nothing_while_other_transactions_are_open() {
    let world = PostgresWorld::new().await;
    // Transactions begun before, with a number and a snapshot, some of them ended midway and some later.
    let mut open = Vec::new();
    for _ in 0..3 {
        let client = world.client().await;
        client
            .batch_execute(
                "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT pg_current_xact_id(), count(*) FROM log",
            )
            .await
            .unwrap();
        open.push(client);
    }
    let log = world.other().await;
    let tailing = tokio::spawn(async move {
        let (mut after, mut seen) = (Sequence(0), Vec::new());
        while after < Sequence(300) {
            log.wait_past(after, Duration::from_secs(30)).await.unwrap();
            let rows: Vec<_> = log.rows(after, None).try_collect().await.unwrap();
            for row in &rows {
                seen.extend(row.lines().map(|(sequence, _)| sequence.0).filter(|s| *s > after.0));
            }
            after = rows.last().map_or(after, |row| row.last);
        }
        seen
    });
    let mut pen = Pen::take(world.one()).await;
    for n in 0..150 {
        pen.append(2).await;
        if n % 50 == 49 {
            open.pop().unwrap().batch_execute("COMMIT").await.unwrap();
        }
    }
    assert_eq!(tailing.await.unwrap(), (1..=300).collect::<Vec<_>>());
}

#[tokio::test]
async fn more_rows_than_a_page_are_read_and_a_reader_may_leave_at_any_time() {
    let world = PostgresWorld::new().await;
    let mut pen = Pen::take(world.one()).await;
    for _ in 0..2100 {
        pen.append(1).await;
    }
    let rows: Vec<_> = pen.log.rows(Sequence(0), None).try_collect().await.unwrap();
    assert_eq!(rows.len(), 2100);
    // More than there are connections.
    for _ in 0..20 {
        let mut rows = pen.log.rows(Sequence(0), None);
        rows.next().await.unwrap().unwrap();
    }
    assert_eq!(pen.log.head().await.unwrap(), pen.head);
}

#[tokio::test]
async fn a_hole_and_a_damaged_row_are_errors() {
    let world = PostgresWorld::new().await;
    let mut pen = Pen::take(world.one()).await;
    for _ in 0..3 {
        pen.append(2).await;
    }
    let thief = world.client().await;
    let damage = "ALTER TABLE log_1_0 DISABLE TRIGGER append_only;
                  UPDATE log_1_0 SET records = 'x' WHERE first & 255 = 5";
    thief.batch_execute(damage).await.unwrap();
    let read: Result<Vec<_>, _> = pen.log.rows(Sequence(0), None).try_collect().await;
    assert!(matches!(read, Err(LogError::DamagedRow { first: Sequence(5), .. })), "{read:?}");
    assert!(pen.log.record(Sequence(5)).await.is_err());
    thief.batch_execute("DELETE FROM log_1_0 WHERE first & 255 = 3").await.unwrap();
    let read: Result<Vec<_>, _> = pen.log.rows(Sequence(0), None).try_collect().await;
    let hole = matches!(read, Err(LogError::Hole { after: Sequence(2), found: Sequence(5) }));
    assert!(hole || matches!(read, Err(LogError::DamagedRow { .. })), "{read:?}");
}

#[tokio::test]
async fn the_view_holds_each_record_byte_for_byte() {
    let world = PostgresWorld::new().await;
    let mut pen = Pen::take(world.one()).await;
    for size in [1, 40, 3] {
        pen.append(size).await;
    }
    let client = world.client().await;
    client.batch_execute("SET ROLE nexus_reader").await.unwrap();
    let sql =
        "SELECT position, sequence, type, ledger, key, (extract(epoch FROM recorded_at) * 1000000)::bigint,
                      record::text, bytes, leaf
               FROM events ORDER BY shard, sequence";
    let rows = client.query(sql, &[]).await.unwrap();
    assert_eq!(rows.len(), 45, "44 and the genesis record");
    assert_eq!(rows[0].get::<_, &str>(2), "log_opened");
    for (sequence, row) in rows.iter().enumerate() {
        let record = pen.log.record(Sequence(sequence as u64)).await.unwrap().unwrap();
        assert_eq!(row.get::<_, &str>(0), format!("1:{sequence}"));
        assert_eq!(row.get::<_, i64>(1), i64::try_from(sequence).unwrap());
        assert_eq!(row.get::<_, &[u8]>(7), record);
        assert_eq!(row.get::<_, &str>(6).as_bytes(), record);
        assert_eq!(row.get::<_, &[u8]>(8), event_store::merkle::leaf(&record));
        if sequence > 0 {
            assert_eq!(row.get::<_, &str>(2), "noted");
            assert_eq!(row.get::<_, &str>(3), "household");
            assert_eq!(row.get::<_, &str>(4), format!("k{sequence}"));
            assert_eq!(row.get::<_, i64>(5), 1_700_000_000_123_456, "to the microsecond");
        }
    }
}

#[tokio::test]
async fn a_stretch_of_records_is_found_by_the_index() {
    let world = PostgresWorld::new().await;
    let mut pen = Pen::take(world.one()).await;
    for size in [4, 4, 4] {
        pen.append(size).await;
    }
    let client = world.client().await;
    for (from, to) in [(0, 99), (1, 1), (3, 6), (8, 8), (9, 12), (12, 3), (13, 20)] {
        let sql = "SELECT sequence FROM events_between(1, $1::bigint, $2::bigint)";
        let rows = client.query(sql, &[&from, &to]).await.unwrap();
        let found: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(found, (from..=to.min(12_i64)).collect::<Vec<_>>(), "{from}..={to}");
    }
}
