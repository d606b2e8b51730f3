//! The writer's connection is cut in the middle of its INSERTs, in five ways: each answer must still be the true one.

use std::time::{Duration, Instant};

use anyhow::Context;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio_postgres::Client;

use super::Drill;
use super::setting::{PATIENCE, Setting};
use super::wire::{Cut, Wire};
use crate::server::Launch;

pub const DRILL: Drill = Drill {
    name: "cut-connection",
    about: "the writer's connection cut during an INSERT: the true outcome is given",
    rounds: 50,
    run,
};

/// The first has Postgres end a session that is at work on an append, wherever it stands; the others break the wire.
const IN_TURN: [Option<Cut>; 5] =
    [None, Some(Cut::Before), Some(Cut::Amid), Some(Cut::After), Some(Cut::BeforeReply)];

const TERMINATE: &str = r"SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND state = 'active' AND query ~* 'insert\s+into\s+log\M'";

/// How the server says that it met an outcome which it did not know.
const UNKNOWN: &str = "the outcome of a batch is unknown";

fn run(setting: &mut Setting) -> BoxFuture<'_, anyhow::Result<()>> {
    async move {
        let database = setting.database()?;
        let url = database.create("ledger").await?;
        let wire = Wire::start(&url, setting.folder.join("wire")).await?;
        let launch = setting.launch("nexus", Some(wire.url(&url)));
        let mut server = launch.start().await?;
        setting.open_books(&server).await?;
        let client = database.connect_to(&url).await?;
        for (round, cut) in (1..=setting.rounds).zip(IN_TURN.into_iter().cycle()) {
            let load = setting.load(&server).await?;
            let met_before = launch.logged(UNKNOWN)?.len();
            loop {
                match cut {
                    None => terminate(&client).await?,
                    Some(cut) => wire.cut(cut, PATIENCE).await?,
                }
                // It must go on by itself: new answers prove it.
                let went_on = load.until_more_answered(100, PATIENCE).await;
                setting
                    .witness
                    .report
                    .violation_if(went_on.is_err(), || "the server did not go on".to_owned());
                if launch.logged(UNKNOWN)?.len() > met_before || went_on.is_err() {
                    break;
                }
                // The INSERT was over when the session ended. Only a wire breaks where it is told to.
                anyhow::ensure!(cut.is_none(), "the cut {cut:?} was not felt");
                setting.witness.report.count("sessions ended just after an INSERT, not counted", 1);
            }
            setting.witness.report.faults += 1;
            let attempts = load.stop(Duration::from_secs(5)).await?;
            setting.witness.heard(attempts);
            if server.has_ended()? {
                setting.witness.report.violation(format!("the server ended:\n{}", server.log_tail()));
                server = launch.start().await?;
            }
            setting.witness.check(&mut server.api()).await?;
            count_outcome(setting, &launch, met_before, cut, &client).await?;
            setting.progress(round);
        }
        // Past the wire: the tool reads the log itself.
        let direct = Launch { database: Some(url), ..launch };
        setting.check_all(server, &direct).await
    }
    .boxed()
}

async fn terminate(client: &Client) -> anyhow::Result<()> {
    let since = Instant::now();
    while client.query(TERMINATE, &[]).await?.is_empty() {
        anyhow::ensure!(since.elapsed() < PATIENCE, "no INSERT was met in {PATIENCE:?}");
    }
    Ok(())
}

/// Whether the batches whose outcome was unknown had been stored, and whether the kind of cut allows that.
async fn count_outcome(
    setting: &mut Setting,
    launch: &Launch,
    met_before: usize,
    cut: Option<Cut>,
    client: &Client,
) -> anyhow::Result<()> {
    let report = &mut setting.witness.report;
    for line in &launch.logged(UNKNOWN)?[met_before..] {
        let first = line["first"].as_str().and_then(|first| first.parse::<i64>().ok());
        let first = first.with_context(|| format!("a log line that names no sequence: {line}"))?;
        let stored = was_stored(client, first).await?;
        let (what, allowed) = match (cut, stored) {
            (None, true) => ("session ended during an INSERT, stored", true),
            (None, false) => ("session ended during an INSERT, not stored", true),
            (Some(Cut::Before), stored) => ("wire cut before the INSERT", !stored),
            (Some(Cut::Amid), stored) => ("wire cut halfway through the INSERT", !stored),
            (Some(Cut::After), true) => ("wire cut after the INSERT, stored", true),
            (Some(Cut::After), false) => ("wire cut after the INSERT, not stored", true),
            (Some(Cut::BeforeReply), stored) => ("wire cut before the INSERT's answer", stored),
        };
        report.count(what, 1);
        report.violation_if(!allowed, || format!("{what}: stored is {stored}, at {first}"));
    }
    Ok(())
}

/// The server looks with a new epoch. So a row of the epoch of its predecessor is the one whose outcome was unknown, and
/// one of a later epoch was made after it had been found missing.
async fn was_stored(client: &Client, first: i64) -> anyhow::Result<bool> {
    let position = 1 << 48 | first;
    let sql = "SELECT row.epoch = before.epoch FROM log row, log before WHERE row.first = $1 AND before.last = $1 - 1";
    Ok(client
        .query_one(sql, &[&position])
        .await
        .context("no row is at the sequence of the unknown batch")?
        .get(0))
}
