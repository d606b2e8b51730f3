//! kill -9 of the process that folds the views, at any moment of its life: afterwards each is what a fold from the beginning is.

use std::path::Path;
use std::process::Stdio;

use anyhow::Context;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::process::{Child, Command};

use super::Drill;
use super::builds::{Build, Builds, live, names};
use super::setting::{PATIENCE, Setting};

pub const DRILL: Drill = Drill {
    name: "view-kills",
    about: "kill -9 of the views' projector under load: no row is missing or there twice",
    rounds: 100,
    run,
};

const COMMANDS_PER_SECOND: u32 = 500;
/// No more than one kill in so many may strike a projector before its first batch.
const IDLE_ONE_IN: u64 = 2;

fn run(setting: &mut Setting) -> BoxFuture<'_, anyhow::Result<()>> {
    async move {
        let mut launch = setting.launch("nexus", None);
        launch.views = false;
        let server = launch.start().await?;
        setting.open_books(&server).await?;
        let builds = Builds::connect(&launch.data).await?;
        let mut read = 0;
        for round in 1..=setting.rounds {
            let mut projector = projector(&setting.nexus, &builds.url)?;
            let load = setting.paced_load(&server, COMMANDS_PER_SECOND).await?;
            projector.start_kill()?;
            projector.wait().await?;
            setting.witness.report.faults += 1;
            let attempts = load.stop(PATIENCE).await?;
            setting.witness.heard(attempts);
            setting.witness.check(&mut server.api()).await?;
            let now = builds.progress().await?;
            setting
                .witness
                .report
                .count("kills of a projector that had folded something", u64::from(now > read));
            read = now;
            setting.progress(round);
        }
        let struck = setting.witness.report.counted("kills of a projector that had folded something");
        anyhow::ensure!(struck * IDLE_ONE_IN >= setting.rounds, "most kills struck before the first batch");

        let mut projector = projector(&setting.nexus, &builds.url)?;
        let head = builds.head().await?;
        let is_there = |all: &[Build]| {
            names(all).iter().all(|view| live(all, view).is_some_and(|build| build.position >= head))
        };
        let grown = builds.until("every view has read the log", is_there).await?;
        for view in names(&grown) {
            builds.command(&setting.nexus, &["rebuild", &view]).await?;
        }
        let is_rebuilt = |all: &[Build]| {
            let done = |view: &String| {
                let newest = all.iter().filter(|build| build.view == *view).max_by_key(|build| build.number);
                newest
                    .is_some_and(|newest| newest.is_compared && matches!(&*newest.state, "live" | "differs"))
            };
            names(all).iter().all(done)
        };
        let rebuilt = builds.until("every view is built anew", is_rebuilt).await?;
        for view in names(&rebuilt) {
            let before = live(&grown, &view).context("it was live")?;
            let after = live(&rebuilt, &view).filter(|after| after.number > before.number);
            let Some(after) = after else {
                setting.witness.report.violation(format!("{view}: two builds differ"));
                continue;
            };
            let (grown, rebuilt) = (builds.sums(before).await?, builds.sums(after).await?);
            setting
                .witness
                .report
                .violation_if(grown != rebuilt, || format!("{view}: grown {grown:?}, rebuilt {rebuilt:?}"));
            let rows: i64 = rebuilt.iter().map(|(_, rows, _)| rows).sum();
            setting.witness.report.count("views compared", 1);
            setting.witness.report.count("rows compared", rows.unsigned_abs());
            // The audit holds each record once.
            if let Some((_, records, _)) =
                rebuilt.iter().find(|(table, ..)| view == "audit" && table == "records")
            {
                setting.witness.report.violation_if(*records != after.position, || {
                    format!("the audit has {records} of {} records", after.position)
                });
            }
        }
        setting.witness.report.violation_if(rebuilt.iter().any(|build| build.is_halted), || {
            format!("a view has halted: {rebuilt:?}")
        });
        projector.start_kill()?;
        projector.wait().await?;
        setting.check_all(server, &launch).await
    }
    .boxed()
}

/// A process of its own that folds all views.
fn projector(nexus: &Path, url: &str) -> anyhow::Result<Child> {
    let mut command = Command::new(nexus);
    command.args(["projector", "--database", url]).env("RUST_LOG", "warn");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.kill_on_drop(true).spawn().context("cannot start a projector")
}
