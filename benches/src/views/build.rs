//! A view built from nothing by a projector of its own, while nobody writes.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::process::{Child, Command};
use tokio_postgres::Client;

use super::Run;
use crate::engine::stored::Stored;

const BUILT_WITHIN: Duration = Duration::from_secs(1_800);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A projector process, killed when it is dropped.
pub struct Projector(Child);

impl Projector {
    /// Of this view alone, or of all.
    pub fn start(run: &Run<'_>, url: &str, view: Option<&str>) -> anyhow::Result<Projector> {
        let mut command = Command::new(&run.nexus);
        command.arg("projector").args(["--database", url]).args(view);
        command.env("RUST_LOG", "warn").stdin(Stdio::null()).stdout(Stdio::null());
        Ok(Projector(command.kill_on_drop(true).spawn().context("cannot start a projector")?))
    }

    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.0.start_kill()?;
        self.0.wait().await?;
        Ok(())
    }
}

/// Records per second from an empty table to a live view of the whole log.
pub async fn measure(run: &mut Run<'_>, stored: &Stored, view: Option<&str>) -> anyhow::Result<f64> {
    let name = view.unwrap_or("all views");
    let client = stored.another_client().await?;
    let last = last(&client).await?;
    stored.settle().await?;
    let since = Instant::now();
    let projector = Projector::start(run, stored.url(), view)?;
    let mut told = Instant::now();
    loop {
        let slowest = slowest(&client, view).await?;
        if slowest.is_some_and(|(position, live)| live && position >= last) {
            break;
        }
        anyhow::ensure!(since.elapsed() < BUILT_WITHIN, "{name}: not built in time");
        if told.elapsed() > Duration::from_secs(5) {
            told = Instant::now();
            eprintln!("    building {name}: {} of {last}", slowest.map_or(0, |(position, _)| position));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let per_s = last as f64 / since.elapsed().as_secs_f64();
    projector.stop().await?;
    Ok(per_s)
}

/// Waits until all views have read all that there is: what one load left unread is not the next one's lag.
pub async fn caught_up(client: &Client) -> anyhow::Result<()> {
    let (last, since) = (last(client).await?, Instant::now());
    while slowest(client, None).await?.is_none_or(|(position, _)| position < last) {
        anyhow::ensure!(since.elapsed() < BUILT_WITHIN, "the views have not caught up in time");
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}

/// The sequence of the log's last record.
async fn last(client: &Client) -> anyhow::Result<i64> {
    Ok(client.query_one("SELECT max(last) & 281474976710655 FROM log", &[]).await?.get(0))
}

/// How far the slowest of them is, and whether it is live. `None`: it has not begun.
pub async fn slowest(client: &Client, view: Option<&str>) -> anyhow::Result<Option<(i64, bool)>> {
    let there = client.query_one("SELECT to_regclass('view_builds') IS NOT NULL", &[]).await?;
    if !there.get::<_, bool>(0) {
        return Ok(None);
    }
    let sql = "SELECT min(position), bool_and(state = 'live') FROM view_builds
        WHERE state IN ('building', 'live') AND (name = $1 OR $1 IS NULL)";
    let row = client.query_one(sql, &[&view]).await?;
    Ok(row.get::<_, Option<i64>>(0).zip(row.get(1)))
}
