//! From the start of the process to `/health/ready`: after an orderly stop and after a kill.
//!
//! Postgres starts anew each time too; after a kill it recovers first. The operating system's cache stays warm.

use std::time::{Duration, Instant};

use event_schemas::Shard;
use event_store::PostgresLog;

use super::Run;
use crate::engine::stored::Stored;
use crate::server::{Launch, Server};

const SNAPSHOT_WITHIN: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(100);

pub async fn timed(launch: &Launch) -> anyhow::Result<Duration> {
    let (server, took) = started(launch).await?;
    server.stop().await?;
    Ok(took)
}

pub async fn measure(run: &mut Run<'_>, launch: &Launch, server: Server) -> anyhow::Result<()> {
    let mut server = server;
    let mut worst: f64 = 0.0;
    // In this order: the snapshot that the server made on its way is older than the log's end, that of a stop is not.
    for end in [End::Killed, End::Stopped, End::KilledWithoutSnapshot] {
        let name = format!("scale.cold_start_1m_accounts.{}_s", end.name());
        for _ in 0..run.sizes.repeats {
            // A server that started without a snapshot makes one at once: not while it is killed.
            ensure_snapshot(launch, run.sizes.many_accounts).await?;
            if end == End::KilledWithoutSnapshot {
                Stored::connect(&launch.data).await?.forget_snapshots().await?;
            }
            match end {
                End::Stopped => server.stop().await?,
                End::Killed | End::KilledWithoutSnapshot => server.kill9().await?,
            }
            let took;
            (server, took) = started(launch).await?;
            eprintln!("{name}: {:.2} s", took.as_secs_f64());
            run.figures.add(&name, took.as_secs_f64());
        }
        worst = worst.max(run.figures.median(&name).expect("measured"));
    }
    run.figures.add("scale.cold_start_1m_accounts_s", worst);
    server.stop().await
}

/// How the server before ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It made a snapshot of its last state.
    Stopped,
    /// The newest snapshot is the one made on the way; what came after it is folded.
    Killed,
    /// All of the log is folded.
    KilledWithoutSnapshot,
}

impl End {
    fn name(self) -> &'static str {
        match self {
            End::Stopped => "stopped",
            End::Killed => "killed",
            End::KilledWithoutSnapshot => "killed_without_snapshot",
        }
    }
}

async fn started(launch: &Launch) -> anyhow::Result<(Server, Duration)> {
    let since = Instant::now();
    let server = launch.start().await?;
    Ok((server, since.elapsed()))
}

/// Waits for the server's own, which comes by itself once there are records enough and no more to do; else takes one.
pub async fn ensure_snapshot(launch: &Launch, records: u64) -> anyhow::Result<()> {
    let stored = Stored::connect(&launch.data).await?;
    let comes = records >= sequencer::Config::default().snapshot_every;
    let since = Instant::now();
    while stored.snapshots().await? == 0 {
        if !comes {
            let log = PostgresLog::connect(stored.url(), Shard(1)).await?;
            sequencer::snapshot::take(&log).await?;
            return Ok(());
        }
        let data = launch.data.display();
        anyhow::ensure!(since.elapsed() < SNAPSHOT_WITHIN, "no snapshot came in {data}");
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}
