//! Partitions are there before they are needed, and making them holds nobody up.

use event_schemas::Sequence;
use event_store::{Appended, LogError, NewRow, Root};
use futures_util::TryStreamExt;

use crate::support::{Pen, PostgresWorld, World};

const PARTITION: u64 = 1 << 24;

/// Fills the log up to this sequence with one row of tiny records. Its root is made up: hashing it would take seconds.
async fn fill(pen: &mut Pen, last: Sequence) {
    let count = usize::try_from(last.0 - pen.head.last.0).unwrap();
    let mut records = vec![b'0'; count * 2 - 1];
    records.iter_mut().skip(1).step_by(2).for_each(|byte| *byte = b'\n');
    let row =
        NewRow { records: records.into(), last, tree_size: last.0 + 1, root: Root([7; 32]), ..pen.row(1) };
    let outcome = pen.log.append(&row).await;
    assert!(matches!(outcome, Appended::Stored), "{outcome:?}");
    pen.head.first = row.first;
    pen.head.last = last;
    pen.head.tree_size = row.tree_size;
}

/// A row whose root is made up as well.
async fn append(pen: &mut Pen, count: u64) -> Appended {
    let mut row = pen.row(count);
    row.tree_size = row.last.0 + 1;
    let outcome = pen.log.append(&row).await;
    if matches!(outcome, Appended::Stored) {
        pen.head.first = row.first;
        pen.head.last = row.last;
    }
    outcome
}

#[tokio::test]
async fn the_log_crosses_into_the_next_partition_and_stops_where_there_is_none() {
    let world = PostgresWorld::new().await;
    let mut pen = Pen::take(world.one()).await;
    fill(&mut pen, Sequence(PARTITION - 3)).await;
    // Ends beyond the boundary, in the partition where it starts; the next ones start in the new one.
    for _ in 0..3 {
        assert!(matches!(append(&mut pen, 5).await, Appended::Stored));
    }
    let after = Sequence(PARTITION - 3);
    let rows: Vec<_> = pen.log.rows(after, None).try_collect().await.unwrap();
    let firsts: Vec<u64> = rows.iter().map(|row| row.first.0).collect();
    assert_eq!(firsts, [PARTITION - 2, PARTITION + 3, PARTITION + 8]);
    let record = pen.log.record(Sequence(PARTITION)).await.unwrap().unwrap();
    assert!(record.starts_with(format!(r#"{{"seq":{PARTITION},"#).as_bytes()));
    let client = world.client().await;
    let in_second = client.query_one("SELECT count(*) FROM log_1_1", &[]).await.unwrap().get::<_, i64>(0);
    assert_eq!(in_second, 2);

    fill(&mut pen, Sequence(2 * PARTITION - 1)).await;
    let outcome = append(&mut pen, 1).await;
    assert!(matches!(outcome, Appended::NotStored(LogError::Postgres { .. })), "{outcome:?}");
    pen.log.make_partitions_ahead(pen.head.last).await.unwrap();
    assert!(matches!(append(&mut pen, 1).await, Appended::Stored), "a partition later it goes on");
    assert_eq!(pen.log.head().await.unwrap().last, Sequence(2 * PARTITION));
    let read: Vec<_> = pen.log.rows(Sequence(2), None).map_ok(|row| row.last.0).try_collect().await.unwrap();
    let lasts =
        [PARTITION - 3, PARTITION + 2, PARTITION + 7, PARTITION + 12, 2 * PARTITION - 1, 2 * PARTITION];
    assert_eq!(read, lasts, "a reader goes through all partitions");
}

#[tokio::test]
async fn a_partition_is_made_beside_a_long_reader_and_an_append() {
    let world = PostgresWorld::new().await;
    let mut pen = Pen::take(world.one()).await;
    pen.append(1).await;
    let reader = world.client().await;
    reader.batch_execute("BEGIN; SELECT * FROM log").await.unwrap();
    let writer = world.client().await;
    writer
        .batch_execute("BEGIN; INSERT INTO log SELECT first + 1, last + 1, 0, 3, root, recorded_at, records FROM log WHERE last & 255 = 1")
        .await
        .unwrap();
    pen.log.make_partitions_ahead(Sequence(5 * PARTITION)).await.unwrap();
    writer.batch_execute("ROLLBACK").await.unwrap();
    pen.append(1).await;
    reader.batch_execute("COMMIT").await.unwrap();
}

#[tokio::test]
async fn several_who_make_the_same_partitions_do_not_hinder_each_other() {
    let world = PostgresWorld::new().await;
    let (one, other) = (world.one(), world.other().await);
    let head = Sequence(3 * PARTITION);
    let (a, b) = tokio::join!(one.make_partitions_ahead(head), other.make_partitions_ahead(head));
    a.unwrap();
    b.unwrap();
    one.make_partitions_ahead(head).await.unwrap();
    let client = world.client().await;
    let walls = "SELECT count(*) FROM pg_trigger WHERE tgname = 'append_only' AND tgenabled = 'A'
                 AND tgrelid = ANY (ARRAY['log_1_3', 'log_1_4']::regclass[])";
    assert_eq!(client.query_one(walls, &[]).await.unwrap().get::<_, i64>(0), 2);
    let compression = "SELECT DISTINCT attcompression::text FROM pg_attribute
                       WHERE attname = 'records' AND attrelid::regclass::text LIKE 'log%'";
    assert_eq!(client.query(compression, &[]).await.unwrap().len(), 1, "all compress alike");
}
