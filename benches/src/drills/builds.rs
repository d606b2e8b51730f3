//! The views' builds as the database has them: what the drills on views wait for and compare.

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::process::Command;
use tokio_postgres::Client;

use super::setting::PATIENCE;
use crate::engine::stored::Stored;

const LOOK_EVERY: Duration = Duration::from_millis(20);

pub struct Builds {
    client: Client,
    pub url: String,
}

/// One build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    pub view: String,
    pub number: i32,
    pub state: String,
    pub position: i64,
    pub is_halted: bool,
    pub is_compared: bool,
    pub schema: String,
}

/// A table's name, its rows, and a sum of their hashes.
pub type Sum = (String, i64, String);

impl Builds {
    /// Of the database of the server that runs on this data folder.
    pub async fn connect(data: &Path) -> anyhow::Result<Builds> {
        let stored = Stored::connect(data).await?;
        Ok(Builds { client: stored.another_client().await?, url: stored.url().to_owned() })
    }

    pub async fn all(&self) -> anyhow::Result<Vec<Build>> {
        let sql = "SELECT name, build, state, position, halted_at IS NOT NULL, compared_at IS NOT NULL,
                          format('view_%s_%s_%s_%s', name, version, build, shard)
                   FROM view_builds ORDER BY name, build";
        let rows = self.client.query(sql, &[]).await?;
        let build = |row: &tokio_postgres::Row| Build {
            view: row.get(0),
            number: row.get(1),
            state: row.get(2),
            position: row.get(3),
            is_halted: row.get(4),
            is_compared: row.get(5),
            schema: row.get(6),
        };
        Ok(rows.iter().map(build).collect())
    }

    /// How far the views are, all together: it grows with every batch of any of them.
    pub async fn progress(&self) -> anyhow::Result<i64> {
        let there = self.client.query_one("SELECT to_regclass('view_builds') IS NOT NULL", &[]).await?;
        match there.get(0) {
            false => Ok(0),
            true => Ok(self.all().await?.iter().map(|build| build.position).sum()),
        }
    }

    pub async fn head(&self) -> anyhow::Result<i64> {
        let sql = "SELECT last & ((1::bigint << 48) - 1) FROM log ORDER BY first DESC LIMIT 1";
        Ok(self.client.query_one(sql, &[]).await?.get(0))
    }

    /// Until it is so of all builds, which are then told.
    pub async fn until(&self, what: &str, is_so: impl Fn(&[Build]) -> bool) -> anyhow::Result<Vec<Build>> {
        let since = Instant::now();
        loop {
            let all = self.all().await?;
            if is_so(&all) {
                return Ok(all);
            }
            anyhow::ensure!(since.elapsed() < PATIENCE * 5, "{what}: not so in time: {all:#?}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Every table of a build, by SQL of our own.
    pub async fn sums(&self, build: &Build) -> anyhow::Result<Vec<Sum>> {
        let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = $1 ORDER BY 1";
        let mut sums = Vec::new();
        for row in self.client.query(tables, &[&build.schema]).await? {
            let table: String = row.get(0);
            let sql = format!(
                "SELECT count(*), coalesce(sum(('x' || left(md5(t::text), 15))::bit(60)::bigint::numeric), 0)::text
                 FROM {}.{table} t",
                build.schema
            );
            let sum = self.client.query_one(&sql, &[]).await?;
            sums.push((table, sum.get(0), sum.get(1)));
        }
        Ok(sums)
    }

    /// `nexus views …` on this database.
    pub async fn command(&self, nexus: &Path, arguments: &[&str]) -> anyhow::Result<()> {
        let mut command = Command::new(nexus);
        command.arg("views").args(arguments).args(["--database", &self.url]).env_remove("DATABASE_URL");
        let output = command.kill_on_drop(true).output().await?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        anyhow::ensure!(output.status.success(), "nexus views {arguments:?}: {said}");
        Ok(())
    }
}

/// Names of the views, once each.
pub fn names(builds: &[Build]) -> Vec<String> {
    let mut names: Vec<String> = builds.iter().map(|build| build.view.clone()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The one that is asked.
pub fn live<'a>(builds: &'a [Build], view: &str) -> Option<&'a Build> {
    builds.iter().find(|build| build.view == view && build.state == "live")
}
