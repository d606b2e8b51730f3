//! Two servers on one database: the owner is frozen under load, the other takes over, the first wakes up.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rustix::process::Signal;
use tokio_postgres::Client;

use super::Drill;
use super::setting::Setting;

pub const DRILL: Drill = Drill {
    name: "frozen-owner",
    about: "the owner frozen (SIGSTOP), another takes over, the first wakes: a stale epoch cannot append",
    rounds: 10,
    run,
};

fn run(setting: &mut Setting) -> BoxFuture<'_, anyhow::Result<()>> {
    async move {
        let database = setting.database().await?;
        let url = database.create("ledger").await?;
        let client = database.connect_to(&url).await?;
        let launches = ["even", "odd"].map(|data| setting.launch(data, Some(url.clone())));
        let mut owner = launches[0].start().await?;
        setting.open_books(&owner).await?;
        for round in 1..=setting.rounds {
            let old_load = setting.load(&owner).await?;
            owner.signal(Signal::STOP)?;
            setting.witness.report.faults += 1;

            let successor = launches[(round % 2) as usize].start().await?;
            let new_load = setting.load(&successor).await?;
            owner.signal(Signal::CONT)?;
            // Awake, with commands decided and clients waiting, and with more of them coming in.
            tokio::time::sleep(Duration::from_millis(500)).await;
            let mut attempts = old_load.stop(Duration::from_secs(2)).await?;
            owner.kill9().await?;
            attempts.extend(new_load.stop(Duration::from_secs(5)).await?);
            owner = successor;
            setting.witness.heard(attempts);
            setting.witness.check(&mut owner.api()).await?;
            check_epochs(setting, &client).await?;
            setting.progress(round);
        }
        owner.stop().await?;
        setting.verify_by_replay(&launches[0]).await
    }
    .boxed()
}

/// LOG-1 and LOG-3 in the table itself: along each shard no sequence is missing or doubled, and epochs never fall.
async fn check_epochs(setting: &mut Setting, client: &Client) -> anyhow::Result<()> {
    let rows = client.query("SELECT first, last, epoch FROM log ORDER BY first", &[]).await?;
    let rows: Vec<(i64, i64, i64)> = rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    let report = &mut setting.witness.report;
    for pair in rows.windows(2) {
        let ((_, last, epoch), (next, _, next_epoch)) = (pair[0], pair[1]);
        if next >> 48 != last >> 48 {
            continue;
        }
        report.violation_if(next != last + 1, || format!("the row at {next} follows {last}"));
        report.violation_if(next_epoch < epoch, || {
            format!("a stale epoch appended: {next_epoch} after {epoch} at {next}")
        });
    }
    Ok(())
}
