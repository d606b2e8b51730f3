//! The keys in Postgres: `door.api_keys`, with this crate's own migrations.

use std::collections::BTreeSet;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use deadpool_postgres::Pool;
use event_store::LogError;
use tokio_postgres::{NoTls, Row};

use super::{
    Grant, Key, Scope,
    cache::{KeySource, KeySourceError},
};

/// The grant of all ledgers, as it is stored.
const ALL_LEDGERS: &str = "*";

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// Where refinery keeps which of the door's migrations have run.
const HISTORY: &str = "door_schema_history";

/// Makes or updates the door's tables in the database behind this connection string.
pub async fn migrate(url: &str) -> Result<(), LogError> {
    let failed = |source| LogError::Postgres { doing: "connect to migrate the door's tables", source };
    let (mut client, connection) = tokio_postgres::connect(url, NoTls).await.map_err(failed)?;
    let connection = tokio::spawn(connection);
    let result = event_store::migrate_with(&mut client, embedded::migrations::runner(), HISTORY).await;
    drop(client);
    // A template database can only be cloned when nobody is connected: leave when we have left.
    let _ = connection.await;
    result
}

#[derive(Clone)]
pub struct PostgresKeys {
    pool: Pool,
}

impl PostgresKeys {
    pub fn new(pool: Pool) -> Self {
        Self { pool }
    }

    pub async fn insert(&self, key: &Key) -> Result<(), KeySourceError> {
        let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.name()).collect();
        let ledgers: Vec<&str> = match &key.ledgers {
            Grant::All => vec![ALL_LEDGERS],
            Grant::Only(ledgers) => ledgers.iter().map(String::as_str).collect(),
        };
        let client = self.pool.get().await.map_err(unreadable)?;
        client
            .execute(
                "INSERT INTO door.api_keys (id, name, hash, scopes, ledgers, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
                &[&key.id, &key.name, &key.hash.as_slice(), &scopes, &ledgers, &key.created_at],
            )
            .await
            .map_err(unreadable)?;
        Ok(())
    }

    /// The secret by which repeats are told from other requests: made once, the same for all doors of this database.
    pub async fn request_secret(&self) -> Result<[u8; 32], KeySourceError> {
        let client = self.pool.get().await.map_err(unreadable)?;
        let made: [u8; 32] = rand::random();
        client
            .execute(
                "INSERT INTO door.secrets (name, secret) VALUES ('request', $1) ON CONFLICT DO NOTHING",
                &[&made.as_slice()],
            )
            .await
            .map_err(unreadable)?;
        let row = client
            .query_one("SELECT secret FROM door.secrets WHERE name = 'request'", &[])
            .await
            .map_err(unreadable)?;
        let secret: &[u8] = row.try_get(0).map_err(unreadable)?;
        secret.try_into().map_err(unreadable)
    }

    /// Answers whether there was such a key. Revoking twice keeps the first time.
    pub async fn revoke(&self, id: &str, now: DateTime<Utc>) -> Result<bool, KeySourceError> {
        let client = self.pool.get().await.map_err(unreadable)?;
        let rows = client
            .execute(
                "UPDATE door.api_keys SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1",
                &[&id, &now],
            )
            .await
            .map_err(unreadable)?;
        Ok(rows == 1)
    }
}

#[async_trait]
impl KeySource for PostgresKeys {
    async fn load(&self) -> Result<Vec<Key>, KeySourceError> {
        let client = self.pool.get().await.map_err(unreadable)?;
        let rows = client
            .query(
                "SELECT id, name, hash, scopes, ledgers, created_at, revoked_at FROM door.api_keys ORDER BY created_at, id",
                &[],
            )
            .await
            .map_err(unreadable)?;
        rows.iter().map(key).collect()
    }
}

fn key(row: &Row) -> Result<Key, KeySourceError> {
    let hash: &[u8] = row.try_get("hash").map_err(unreadable)?;
    let scopes: Vec<&str> = row.try_get("scopes").map_err(unreadable)?;
    let ledgers: Vec<String> = row.try_get("ledgers").map_err(unreadable)?;
    let id: String = row.try_get("id").map_err(unreadable)?;
    Ok(Key {
        actor: super::actor(&id),
        id,
        name: row.try_get("name").map_err(unreadable)?,
        hash: hash.try_into().map_err(unreadable)?,
        // A scope of a newer version is none of ours: the key keeps the others.
        scopes: scopes.iter().filter_map(|scope| scope.parse::<Scope>().ok()).collect(),
        ledgers: if ledgers.iter().any(|ledger| ledger == ALL_LEDGERS) {
            Grant::All
        } else {
            Grant::Only(BTreeSet::from_iter(ledgers))
        },
        created_at: row.try_get("created_at").map_err(unreadable)?,
        revoked_at: row.try_get("revoked_at").map_err(unreadable)?,
    })
}

fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> KeySourceError {
    KeySourceError(Box::new(error))
}
