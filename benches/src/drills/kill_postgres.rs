//! kill -9 of the embedded Postgres under load, again and again: its head, the process at an append, or all at once.

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

/// Who is killed, in turn.
#[derive(Debug, Clone, Copy)]
enum Struck {
    /// Its sessions may finish their statement before they notice.
    Postmaster,
    /// Postgres then ends all other sessions and recovers by itself.
    Writer,
    All,
}
const IN_TURN: [Struck; 3] = [Struck::Postmaster, Struck::Writer, Struck::All];

fn run(setting: &mut Setting) -> BoxFuture<'_, anyhow::Result<()>> {
    async move {
        let launch = setting.launch("nexus", None);
        let mut server = launch.start().await?;
        setting.open_books(&server).await?;
        for (round, struck) in (1..=setting.rounds).zip(IN_TURN.into_iter().cycle()) {
            let load = setting.load(&server).await?;
            let postmaster = postmaster_of(server.pid()?)?;
            let killed = kill(postmaster, struck).await?;
            setting.witness.report.faults += 1;
            setting.witness.report.count(
                match struck {
                    Struck::Postmaster => "killed: the postmaster",
                    Struck::Writer => "killed: the process at an INSERT",
                    Struck::All => "killed: all processes",
                },
                1,
            );
            until_gone(&killed).await?;
            server = working_again(setting, server, &launch, &killed).await?;
            let attempts = load.stop(Duration::from_secs(5)).await?;
            setting.witness.heard(attempts);
            setting.witness.check(&mut server.api()).await?;
            setting.progress(round);
        }
        setting.check_all(server, &launch).await?;
        let unknown = launch.logged("the outcome of a batch is unknown")?.len() as u64;
        setting.witness.report.count("appends whose outcome it had to look up", unknown);
        anyhow::ensure!(unknown > 0, "no kill struck an append under way");
        Ok(())
    }
    .boxed()
}

async fn kill(postmaster: Pid, struck: Struck) -> anyhow::Result<Vec<Pid>> {
    let killed = match struck {
        Struck::Postmaster => vec![postmaster],
        Struck::Writer => vec![at_an_insert(postmaster).await?],
        // The head first, or it would take the deaths of its processes for crashes and start new ones.
        Struck::All => [vec![postmaster], children_of(postmaster)].concat(),
    };
    for pid in &killed {
        // Those of the head's processes that notice its death may be gone by now.
        match rustix::process::kill_process(*pid, Signal::KILL) {
            Err(error) if error != rustix::io::Errno::SRCH => return Err(error.into()),
            _ => {}
        }
    }
    Ok(killed)
}

/// Postgres shows in a session's command line what it is doing.
async fn at_an_insert(postmaster: Pid) -> anyhow::Result<Pid> {
    let since = Instant::now();
    loop {
        let inserting = children_of(postmaster).into_iter().find(|pid| {
            let line = std::fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).unwrap_or_default();
            String::from_utf8_lossy(&line).trim_end_matches(['\0', ' ']).ends_with("INSERT")
        });
        if let Some(pid) = inserting {
            return Ok(pid);
        }
        anyhow::ensure!(since.elapsed() < PATIENCE, "no INSERT was met in {PATIENCE:?}");
        tokio::task::yield_now().await;
    }
}

/// What was killed must be seen dead, or the answer of a session that has not noticed yet would look like recovery.
async fn until_gone(killed: &[Pid]) -> anyhow::Result<()> {
    let since = Instant::now();
    while killed.iter().any(|pid| processes::lives(pid.as_raw_nonzero().get())) {
        anyhow::ensure!(since.elapsed() < PATIENCE, "a killed process lives on");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

/// The server may end with its database, and is then started again, or bring it back by itself.
async fn working_again(
    setting: &mut Setting,
    mut server: Server,
    launch: &Launch,
    killed: &[Pid],
) -> anyhow::Result<Server> {
    let since = Instant::now();
    loop {
        if server.has_ended()? {
            setting.witness.report.count("the server gave up and was started again", 1);
            return launch.start().await;
        }
        // A session that outlives its head for a moment still answers: only what a living head stands behind counts.
        let headed = postmaster_of(server.pid()?).is_ok_and(|head| !killed.contains(&head));
        if headed && records_again(&server, since).await {
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

/// Ready alone might be a word from before the fault: a recorded answer is not.
async fn records_again(server: &Server, since: Instant) -> bool {
    let ledger = format!("probe-{}", since.elapsed().as_nanos());
    let key = format!("open-{ledger}");
    let answer = server.api().post("/v1/ledgers", &key, &serde_json::json!({"id": ledger})).await;
    answer.is_ok_and(|answer| answer.status < 500)
}

fn postmaster_of(server: Pid) -> anyhow::Result<Pid> {
    let children = children_of(server);
    children.first().copied().ok_or_else(|| anyhow::anyhow!("the server has no Postgres of its own"))
}

fn children_of(parent: Pid) -> Vec<Pid> {
    let children = processes::children_of(parent.as_raw_nonzero().get(), "postgres");
    children.into_iter().filter_map(Pid::from_raw).collect()
}
