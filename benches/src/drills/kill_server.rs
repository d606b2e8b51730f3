//! kill -9 of the server under load, and now and then once more while it starts again.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::Drill;
use super::setting::Setting;

pub const DRILL: Drill =
    Drill { name: "kill-server", about: "kill -9 of the server under load", rounds: 50, run };

/// In every so many rounds, the server is killed while it starts again, too.
const ALSO_AT_START_EVERY: u64 = 3;
/// About as long as a start takes: the kill strikes the database's recovery, the take-over or the fold.
const START: Duration = Duration::from_millis(500);

fn run(setting: &mut Setting) -> BoxFuture<'_, anyhow::Result<()>> {
    async move {
        let launch = setting.launch("nexus", None);
        let mut server = launch.start().await?;
        setting.open_books(&server).await?;
        for round in 1..=setting.rounds {
            let load = setting.load(&server).await?;
            server.kill9().await?;
            setting.witness.report.faults += 1;
            // Nobody is left to answer: what is in flight stays unknown.
            let attempts = load.stop(Duration::ZERO).await?;
            setting.witness.heard(attempts);
            if round % ALSO_AT_START_EVERY == 0 {
                let starting = launch.spawn()?;
                tokio::time::sleep(setting.part_of(START)).await;
                starting.kill9().await?;
                setting.witness.report.count("more kills while it started again", 1);
            }
            server = launch.start().await?;
            setting.witness.check(&mut server.api()).await?;
            setting.progress(round);
        }
        setting.check_all(server, &launch).await?;
        // A kill that left nobody without an answer has struck an idle server.
        let report = &setting.witness.report;
        anyhow::ensure!(report.unanswered >= report.faults, "not every kill struck commands under way");
        Ok(())
    }
    .boxed()
}
