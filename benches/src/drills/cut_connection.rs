//! The writer's backend is terminated in the middle of its INSERTs: each answer must still be the true one.

use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::Drill;
use super::setting::{PATIENCE, Setting};

pub const DRILL: Drill = Drill {
    name: "cut-connection",
    about: "the writer's backend terminated during an INSERT: the true outcome is given",
    rounds: 50,
    run,
};

/// Only a backend that is at work on an append: that is where an outcome can become unknown.
const CUT: &str = r"SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND state = 'active' AND query ~* 'insert\s+into\s+log\M'";

fn run(setting: &mut Setting) -> BoxFuture<'_, anyhow::Result<()>> {
    async move {
        let database = setting.database().await?;
        let url = database.create("ledger").await?;
        let launch = setting.launch("nexus", Some(url.clone()));
        let mut server = launch.start().await?;
        setting.open_books(&server).await?;
        let client = database.connect_to(&url).await?;
        for round in 1..=setting.rounds {
            let load = setting.load(&server).await?;
            let since = Instant::now();
            while client.query(CUT, &[]).await?.is_empty() {
                anyhow::ensure!(since.elapsed() < PATIENCE, "no INSERT was met in {PATIENCE:?}");
            }
            setting.witness.report.faults += 1;
            // It must go on by itself: new answers prove it.
            let went_on = load.until_more_answered(100, PATIENCE).await;
            setting.witness.report.violation_if(went_on.is_err(), || "the server did not go on".to_owned());
            let attempts = load.stop(Duration::from_secs(5)).await?;
            setting.witness.heard(attempts);
            if server.has_ended()? {
                setting.witness.report.violation(format!("the server ended:\n{}", server.log_tail()));
                server = launch.start().await?;
            }
            setting.witness.check(&mut server.api()).await?;
            setting.progress(round);
        }
        server.stop().await?;
        setting.verify_by_replay(&launch).await
    }
    .boxed()
}
