//! Opening a shard's log, and its beginning: epoch 0 and the genesis row.

use event_schemas::{Sequence, Ts};
use uuid::Uuid;

use super::{Inner, partitions};
use crate::{
    LogClass, LogError, LogId,
    error::Doing,
    log::genesis_record,
    merkle::{Frontier, Root},
};

/// Idempotent, also when several start at once: the first one's genesis row stays.
pub(super) async fn create_if_missing(inner: &Inner) -> Result<(), LogError> {
    let doing = "create the shard's log";
    let mut client = inner.admin.get().await?;
    let shard = i16::try_from(inner.shard.0).expect("a shard's number has 15 bits");
    let found = client.query_opt("SELECT FROM shards WHERE shard = $1", &[&shard]).await;
    if found.doing(doing)?.is_some() {
        return Ok(());
    }
    partitions::make(&client, inner.shard, 0).await?;
    partitions::make(&client, inner.shard, 1).await?;

    let transaction = client.transaction().await.doing(doing)?;
    let created = transaction
        .execute("INSERT INTO shards (shard, epoch) VALUES ($1, 0) ON CONFLICT DO NOTHING", &[&shard])
        .await
        .doing(doing)?;
    if created == 1 {
        let now = transaction.query_one("SELECT clock_timestamp()", &[]).await.doing(doing)?;
        let now = Ts::from_utc(now.get(0));
        let class = if inner.shard.0 == 0 { LogClass::Platform } else { LogClass::Books };
        let record = genesis_record(inner.shard, LogId(Uuid::new_v4()), class, now);
        let Root(root) = genesis_root(&record);
        let at = inner.position(Sequence::GENESIS);
        let insert = "INSERT INTO log (first, last, epoch, tree_size, root, recorded_at, records)
                      VALUES ($1, $1, 0, 1, $2, $3, $4)";
        transaction
            .execute(insert, &[&at, &root.as_slice(), &now.to_utc(), &record.as_bytes()])
            .await
            .doing(doing)?;
    }
    transaction.commit().await.doing(doing)
}

fn genesis_root(record: &str) -> Root {
    let mut frontier = Frontier::new();
    frontier.push(record.as_bytes());
    frontier.root()
}

/// Says it at every start: it costs two thirds of the write speed.
pub(super) async fn check_compression(inner: &Inner) -> Result<(), LogError> {
    let client = inner.admin.get().await?;
    let sql = "SELECT attcompression::text FROM pg_attribute WHERE attrelid = 'log'::regclass AND attname = 'records'";
    let row = client.query_one(sql, &[]).await.doing("look at the log's compression")?;
    if row.get::<_, &str>(0) != "l" {
        tracing::warn!(
            "this Postgres is built without lz4: the log is compressed with pglz, which is three times slower"
        );
    }
    Ok(())
}
