//! kill -9 of the server under load, again and again.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::Drill;
use super::setting::Setting;

pub const DRILL: Drill =
    Drill { name: "kill-server", about: "kill -9 of the server under load", rounds: 50, run };

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
            server = launch.start().await?;
            setting.witness.check(&mut server.api()).await?;
            setting.progress(round);
        }
        server.stop().await?;
        setting.verify_by_replay(&launch).await
    }
    .boxed()
}
