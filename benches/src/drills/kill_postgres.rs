//! kill -9 of the embedded Postgres under load, again and again.

use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rustix::process::{Pid, Signal};

use super::Drill;
use super::setting::{PATIENCE, Setting};
use crate::processes;
use crate::server::{Launch, Server};

pub const DRILL: Drill =
    Drill { name: "kill-postgres", about: "kill -9 of the embedded Postgres under load", rounds: 20, run };

fn run(setting: &mut Setting) -> BoxFuture<'_, anyhow::Result<()>> {
    async move {
        let launch = setting.launch("nexus", None);
        let mut server = launch.start().await?;
        setting.open_books(&server).await?;
        for round in 1..=setting.rounds {
            let load = setting.load(&server).await?;
            rustix::process::kill_process(postmaster_of(server.pid()?)?, Signal::KILL)?;
            setting.witness.report.faults += 1;
            server = working_again(server, &launch).await?;
            let attempts = load.stop(Duration::from_secs(5)).await?;
            setting.witness.heard(attempts);
            setting.witness.check(&mut server.api()).await?;
            setting.progress(round);
        }
        server.stop().await?;
        setting.verify_by_replay(&launch).await
    }
    .boxed()
}

/// The server may end with its database, and is then started again, or bring it back by itself.
async fn working_again(mut server: Server, launch: &Launch) -> anyhow::Result<Server> {
    let since = Instant::now();
    loop {
        if server.has_ended()? {
            return launch.start().await;
        }
        // Ready alone might be a word from before the fault: a recorded answer is not.
        let ledger = format!("probe-{}", since.elapsed().as_nanos());
        let key = format!("open-{ledger}");
        if let Ok(answer) = server.api().post("/v1/ledgers", &key, &serde_json::json!({"id": ledger})).await
            && answer.status < 500
        {
            return Ok(server);
        }
        anyhow::ensure!(
            since.elapsed() < PATIENCE,
            "neither ended nor working again:\n{}",
            server.log_tail()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn postmaster_of(server: Pid) -> anyhow::Result<Pid> {
    let children = processes::children_of(server.as_raw_nonzero().get(), "postgres");
    let pid = children.first().copied().and_then(Pid::from_raw);
    pid.ok_or_else(|| anyhow::anyhow!("the server has no Postgres of its own"))
}
