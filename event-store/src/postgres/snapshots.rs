//! Snapshots, in chunks: a value of 1 GB is the most that Postgres takes, and a copy of it the most that we want to make.

use bytes::{Bytes, BytesMut};
use event_schemas::{Sequence, Ts};
use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};

use super::Inner;
use crate::{LogError, Snapshot, SnapshotInfo, error::Doing, log::SNAPSHOTS_KEPT};

const CHUNK_BYTES_MAX: usize = 4 << 20;

pub(super) async fn put(inner: &Inner, snapshot: &Snapshot) -> Result<(), LogError> {
    let doing = "store a snapshot";
    let mut client = inner.admin.get().await?;
    let transaction = client.transaction().await.doing(doing)?;
    let (shard, sequence) = (shard(inner), to_i64(snapshot.sequence.0));
    let fingerprint = &snapshot.fingerprint;
    let again = "DELETE FROM snapshots WHERE (shard, sequence, fingerprint) = ($1, $2, $3)";
    transaction.execute(again, &[&shard, &sequence, fingerprint]).await.doing(doing)?;
    let insert =
        "INSERT INTO snapshots (shard, sequence, fingerprint, digest, size) VALUES ($1, $2, $3, $4, $5)";
    let digest: [u8; 32] = Sha256::digest(&snapshot.bytes).into();
    let size = to_i64(snapshot.bytes.len() as u64);
    transaction
        .execute(insert, &[&shard, &sequence, fingerprint, &digest.as_slice(), &size])
        .await
        .doing(doing)?;
    let insert = "INSERT INTO snapshot_chunks (shard, sequence, fingerprint, number, bytes) VALUES ($1, $2, $3, $4, $5)";
    let insert = transaction.prepare(insert).await.doing(doing)?;
    for (number, chunk) in (0_i32..).zip(snapshot.bytes.chunks(CHUNK_BYTES_MAX)) {
        transaction
            .execute(&insert, &[&shard, &sequence, fingerprint, &number, &chunk])
            .await
            .doing(doing)?;
    }
    let kept = to_i64(SNAPSHOTS_KEPT as u64);
    transaction.execute(PRUNE, &[&shard, fingerprint, &kept]).await.doing(doing)?;
    transaction.commit().await.doing(doing)
}

const PRUNE: &str = "
    DELETE FROM snapshots old
    USING (SELECT sequence, fingerprint,
                  row_number() OVER (PARTITION BY fingerprint ORDER BY sequence DESC) AS age
           FROM snapshots WHERE shard = $1) aged
    WHERE old.shard = $1 AND old.sequence = aged.sequence AND old.fingerprint = aged.fingerprint
      AND aged.age > CASE WHEN aged.fingerprint = $2 THEN $3::bigint ELSE 1 END";

pub(super) async fn newest(inner: &Inner) -> Result<Vec<SnapshotInfo>, LogError> {
    let client = inner.readers.get().await?;
    let sql = "SELECT sequence, fingerprint, digest, size, made_at FROM snapshots
               WHERE shard = $1 ORDER BY sequence DESC, made_at DESC";
    let rows = client.query(sql, &[&shard(inner)]).await.doing("list the snapshots")?;
    let infos = rows.iter().filter_map(|row| {
        Some(SnapshotInfo {
            sequence: Sequence(u64::try_from(row.get::<_, i64>(0)).ok()?),
            fingerprint: row.get(1),
            digest: row.get::<_, &[u8]>(2).try_into().ok()?,
            size: u64::try_from(row.get::<_, i64>(3)).ok()?,
            made_at: Ts::from_utc(row.get(4)),
        })
    });
    Ok(infos.collect())
}

pub(super) async fn get(inner: &Inner, info: &SnapshotInfo) -> Result<Snapshot, LogError> {
    let doing = "read a snapshot";
    let client = inner.readers.get().await?;
    let sql = "SELECT bytes FROM snapshot_chunks WHERE shard = $1 AND sequence = $2 AND fingerprint = $3 ORDER BY number";
    let statement = client.prepare_cached(sql).await.doing(doing)?;
    let (shard, sequence) = (shard(inner), to_i64(info.sequence.0));
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 3] = [&shard, &sequence, &info.fingerprint];
    let chunks = client.query_raw(&statement, parameters).await.doing(doing)?;
    let mut chunks = std::pin::pin!(chunks);
    let mut bytes = BytesMut::new();
    let mut digest = Sha256::new();
    while let Some(row) = chunks.try_next().await.doing(doing)? {
        let chunk: &[u8] = row.get(0);
        digest.update(chunk);
        bytes.extend_from_slice(chunk);
    }
    let bytes: Bytes = bytes.freeze();
    if <[u8; 32]>::from(digest.finalize()) != info.digest {
        return Err(LogError::DamagedSnapshot { sequence: info.sequence });
    }
    Ok(Snapshot { sequence: info.sequence, fingerprint: info.fingerprint.clone(), bytes })
}

fn shard(inner: &Inner) -> i16 {
    i16::try_from(inner.shard.0).expect("a shard's number has 15 bits")
}

fn to_i64(number: u64) -> i64 {
    i64::try_from(number).expect("sequences have 48 bits, memory less than 63")
}
