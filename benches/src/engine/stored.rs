//! What the log takes on disk: asked of the server's own Postgres, through the socket in its data folder.

use std::path::{Path, PathBuf};

use anyhow::Context;
use tokio_postgres::{Client, NoTls};

/// How far below the data folder the socket is looked for.
const DEPTH_MAX: usize = 3;

const BYTES: &str = "SELECT coalesce(sum(pg_total_relation_size(inhrelid)), 0)::int8
    FROM pg_inherits WHERE inhparent = 'log'::regclass";

pub struct Stored {
    client: Client,
    url: String,
}

impl Stored {
    /// Finds the database that holds the log.
    pub async fn connect(data: &Path) -> anyhow::Result<Self> {
        let socket = socket_folder(data, DEPTH_MAX);
        let socket = socket.with_context(|| format!("no Postgres socket below {}", data.display()))?;
        let names = "SELECT datname FROM pg_database WHERE NOT datistemplate";
        for row in connect(&url(&socket, "postgres")).await?.query(names, &[]).await? {
            let url = url(&socket, row.get(0));
            let client = connect(&url).await?;
            let holds_log = client.query_one("SELECT to_regclass('log') IS NOT NULL", &[]).await?;
            if holds_log.get(0) {
                return Ok(Self { client, url });
            }
        }
        anyhow::bail!("none of the server's databases holds a log")
    }

    /// All partitions with TOAST and indexes.
    pub async fn bytes(&self) -> anyhow::Result<u64> {
        let row = self.client.query_one(BYTES, &[]).await?;
        Ok(u64::try_from(row.get::<_, i64>(0))?)
    }

    /// Of the database that holds the log, for its owner.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub async fn another_client(&self) -> anyhow::Result<Client> {
        connect(&self.url).await
    }

    /// The checkpoint that the last measurement caused should not fall into the next one.
    pub async fn settle(&self) -> anyhow::Result<()> {
        Ok(self.client.batch_execute("CHECKPOINT").await?)
    }

    pub async fn snapshots(&self) -> anyhow::Result<i64> {
        Ok(self.client.query_one("SELECT count(*) FROM snapshots", &[]).await?.get(0))
    }

    /// They are a cache of the log: the next start folds all of it.
    pub async fn forget_snapshots(&self) -> anyhow::Result<()> {
        Ok(self.client.batch_execute("DELETE FROM snapshots").await?)
    }
}

fn socket_folder(folder: &Path, depth: usize) -> Option<PathBuf> {
    if folder.join(".s.PGSQL.5432").exists() {
        return Some(folder.to_owned());
    }
    let below = std::fs::read_dir(folder).ok()?.flatten().filter(|entry| depth > 0 && entry.path().is_dir());
    below.into_iter().find_map(|entry| socket_folder(&entry.path(), depth - 1))
}

fn url(socket: &Path, database: &str) -> String {
    format!("host={} user=postgres dbname='{database}'", socket.display())
}

async fn connect(url: &str) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    // It ends when the server stops, which is no news to us.
    tokio::spawn(connection);
    Ok(client)
}
