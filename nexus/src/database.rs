//! The database of a data folder, for tools that work on it directly: whether or not its server runs.

use std::fs;

use anyhow::{Context, Result};
use tokio_util::sync::CancellationToken;

use crate::{
    config::{DataFolder, Database},
    exit::Exit,
    folder::{self, LockedFolder},
    private::Keeper,
};

/// A database to work on, and what must be put back afterwards.
pub struct OpenDatabase {
    url: String,
    /// A private Postgres that was started for this.
    ours: Option<(Keeper, LockedFolder)>,
}

impl OpenDatabase {
    /// The given database; else the private Postgres of the server that runs on the folder; else that Postgres, started.
    pub async fn open(data: &DataFolder, database: &Database) -> Result<OpenDatabase> {
        if let Some(url) = &database.url {
            return Ok(OpenDatabase { url: url.clone(), ours: None });
        }
        let data = data.absolute()?;
        if folder::owner(&data).is_some() {
            return Ok(OpenDatabase { url: of_running(&data)?, ours: None });
        }
        if !data.postgres().is_dir() {
            let shown = data.path.display();
            return Err(Exit::NotRunning.because(format!(
                "there is no ledger in {shown} yet; make one (nexus up --data {shown}), or name a database (--database)"
            )));
        }
        let locked = LockedFolder::lock(&data)?;
        let keeper = Keeper::start(&data.postgres(), CancellationToken::new()).await?;
        Ok(OpenDatabase { url: keeper.url.clone(), ours: Some((keeper, locked)) })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub async fn close(self) -> Result<()> {
        match self.ours {
            Some((keeper, _locked)) => keeper.stop().await,
            None => Ok(()),
        }
    }
}

/// Only the private one is written down: a given database's URL may hold a password.
pub fn of_running(data: &DataFolder) -> Result<String> {
    let file = data.database();
    let url = fs::read_to_string(&file).with_context(|| {
        format!(
            "the server on {} uses a database that it was given: name it here too (--database, DATABASE_URL)",
            data.path.display()
        )
    })?;
    Ok(url.trim().to_owned())
}
