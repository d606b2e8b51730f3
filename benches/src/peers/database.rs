//! The peers' own private Postgres, with the very settings of the embedded one that NEXUS runs on.

use std::path::Path;

use anyhow::Context;
use infra::private_postgres::{Options, PrivatePostgres};
use tokio_postgres::{Client, NoTls};

pub struct PeerDatabase {
    server: PrivatePostgres,
}

impl PeerDatabase {
    pub fn start(folder: &Path) -> anyhow::Result<Self> {
        let options = Options::new(folder);
        // On our own thread: on another, a run that is dropped meanwhile would leave it behind.
        let server = PrivatePostgres::start(options)?;
        Ok(Self { server })
    }

    /// An empty database; answers its connection string.
    pub async fn create(&self, name: &str) -> anyhow::Result<String> {
        self.server.ensure_database(name).await?;
        Ok(self.server.url(name))
    }

    pub async fn connect(&self) -> anyhow::Result<Client> {
        self.connect_to(&self.server.url("postgres")).await
    }

    pub async fn connect_to(&self, url: &str) -> anyhow::Result<Client> {
        let (client, connection) =
            tokio_postgres::connect(url, NoTls).await.context("cannot connect to the peers' Postgres")?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                eprintln!("peer connection ended: {error}");
            }
        });
        Ok(client)
    }

    /// The checkpoint that the last measurement caused should not fall into the next one.
    pub async fn settle(&self) -> anyhow::Result<()> {
        Ok(self.connect().await?.batch_execute("CHECKPOINT").await?)
    }
}
