//! What all drills share: seeded choices, servers to start, load to put on them, and the last checks.

use std::path::PathBuf;
use std::time::Duration;

use tokio::process::Command;

use crate::peers::PeerDatabase;
use crate::server::{Launch, Server};
use crate::witness::{Load, Witness};
use crate::workload::Books;
use crate::workload::keys::SplitMix;

const WALLETS: u32 = 100;
const CONNECTIONS: u64 = 16;
/// A fault strikes a server that has answered so many commands since the last.
const ANSWERED_BEFORE_FAULT: u64 = 100;
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Setting {
    pub seed: u64,
    pub rounds: u64,
    pub seconds: f64,
    /// Of the drill `stream`.
    pub subscribers: u64,
    pub nexus: PathBuf,
    pub folder: PathBuf,
    pub random: SplitMix,
    /// Streams of keys used so far.
    pub streams: u64,
    pub witness: Witness,
}

pub fn witness() -> Witness {
    Witness::new(&Books::new("drill", WALLETS))
}

impl Setting {
    pub fn launch(&self, data: &str, database: Option<String>) -> Launch {
        Launch {
            nexus: self.nexus.clone(),
            data: self.folder.join(data),
            database,
            bench_echo: false,
            views: true,
        }
    }

    /// A Postgres beside the servers, for drills in which they share one or in which we must reach it ourselves.
    pub fn database(&self) -> anyhow::Result<PeerDatabase> {
        PeerDatabase::start(&self.folder.join("postgres"))
    }

    pub async fn open_books(&self, server: &Server) -> anyhow::Result<()> {
        server.api().open_books(&self.witness.books).await?;
        Ok(())
    }

    /// Load that has run for a seeded time up to `--seconds` and is at work.
    pub async fn load(&mut self, server: &Server) -> anyhow::Result<Load> {
        self.load_of(server, None).await
    }

    /// The same, with so many commands a second in all.
    pub async fn paced_load(&mut self, server: &Server, per_second: u32) -> anyhow::Result<Load> {
        let of_each = Duration::from_secs(CONNECTIONS) / per_second;
        self.load_of(server, Some(of_each)).await
    }

    async fn load_of(&mut self, server: &Server, pace: Option<Duration>) -> anyhow::Result<Load> {
        let first = self.streams;
        self.streams += CONNECTIONS;
        let load = Load::start(server, &self.witness.books, self.seed, first..self.streams, pace);
        load.until_answered(ANSWERED_BEFORE_FAULT, PATIENCE).await?;
        tokio::time::sleep(self.part_of(Duration::from_secs_f64(self.seconds))).await;
        Ok(load)
    }

    pub fn progress(&self, round: u64) {
        eprintln!("  round {round} of {}: {}", self.rounds, self.witness.report.line());
    }

    /// A seeded part of a length of time.
    pub fn part_of(&mut self, longest: Duration) -> Duration {
        longest.mul_f64(f64::from(self.random.below(1_000_000)) / 1e6)
    }

    /// After the last round, over everything: the log read once more, the sums, the stop, and the tool that verifies logs.
    pub async fn check_all(&mut self, server: Server, launch: &Launch) -> anyhow::Result<()> {
        let mut api = server.api();
        self.witness.check_all_again(&mut api).await?;
        let totals = api.totals(&self.witness.books).await?;
        let sums = totals.check();
        self.witness.report.violation_if(sums.is_err(), || format!("{sums:?}"));
        drop(api);
        server.stop().await?;
        self.verify_by_replay(launch).await
    }

    /// Every record of the log re-decided, every root: by the tool for it, on the stopped server's data.
    async fn verify_by_replay(&mut self, launch: &Launch) -> anyhow::Result<()> {
        let mut command = Command::new(&self.nexus);
        command.args(["replay", "verify"]);
        match &launch.database {
            Some(url) => command.arg("--database").arg(url),
            None => command.arg("--data").arg(&launch.data),
        };
        let output = command.kill_on_drop(true).output().await?;
        let text =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        self.witness.report.violation_if(!output.status.success(), || format!("replay verify: {text}"));
        eprintln!("  replay verify: {}", text.lines().last().unwrap_or_default());
        Ok(())
    }
}
