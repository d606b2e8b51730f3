//! Two servers on one database: the owner is frozen under load, the other takes over, the first wakes up.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rustix::process::Signal;
use tokio_postgres::Client;

use super::Drill;
use super::setting::{PATIENCE, Setting};
use crate::server::{Launch, Server};
use crate::witness::Heard;

pub const DRILL: Drill = Drill {
    name: "frozen-owner",
    about: "the owner frozen (SIGSTOP), another takes over, the first wakes: a stale epoch cannot append",
    rounds: 10,
    run,
};

/// About as long as a take-over takes: half of the owners wake in the middle of it.
const TAKE_OVER: Duration = Duration::from_millis(300);
/// How a server says that it found another epoch in force.
const FENCED: &str = "another server has taken over";
const FENCED_EXIT: i32 = 7;

fn run(setting: &mut Setting) -> BoxFuture<'_, anyhow::Result<()>> {
    async move {
        let database = setting.database()?;
        let url = database.create("ledger").await?;
        let client = database.connect_to(&url).await?;
        let launches = ["even", "odd"].map(|data| setting.launch(data, Some(url.clone())));
        let mut owner = launches[0].start().await?;
        setting.open_books(&owner).await?;
        for round in 1..=setting.rounds {
            let old_load = setting.load(&owner).await?;
            owner.signal(Signal::STOP)?;
            setting.witness.report.faults += 1;

            let next = &launches[(round % 2) as usize];
            let successor =
                if round % 2 == 0 { wakes_amid(setting, &owner, next).await? } else { next.start().await? };
            let new_load = setting.load(&successor).await?;
            let last_of_successor = last_row(&client).await?;
            owner.signal(Signal::CONT)?;
            // Awake, with commands decided and clients waiting, and with more of them coming in.
            expect_to_end(setting, &mut owner).await;
            let stale = old_load.stop(Duration::from_secs(2)).await?;
            let left_open = stale.iter().filter(|attempt| !matches!(attempt.heard, Heard::Answer(_))).count();
            setting.witness.report.count("commands that the woken ones did not carry out", left_open as u64);
            new_load.until_more_answered(100, PATIENCE).await?;
            setting.witness.heard(stale);
            setting.witness.heard(new_load.stop(Duration::from_secs(5)).await?);
            owner = successor;
            setting.witness.check(&mut owner.api()).await?;
            check_epochs(setting, &client, last_of_successor).await?;
            setting.progress(round);
        }
        count_fencings(setting, &launches)?;
        setting.check_all(owner, &launches[0]).await
    }
    .boxed()
}

/// Both are awake while the one takes over from the other.
async fn wakes_amid(setting: &mut Setting, owner: &Server, next: &Launch) -> anyhow::Result<Server> {
    let after = setting.part_of(TAKE_OVER);
    let wake = async {
        tokio::time::sleep(after).await;
        owner.signal(Signal::CONT)
    };
    let (successor, woken) = tokio::join!(next.start(), wake);
    woken?;
    setting.witness.report.count("woken in the middle of the take-over", 1);
    successor
}

/// A server that was taken over says so with its exit code.
async fn expect_to_end(setting: &mut Setting, owner: &mut Server) {
    match owner.end(PATIENCE).await {
        Ok(code) => setting.witness.report.violation_if(code != Some(FENCED_EXIT), || {
            format!("the server that was taken over ended with {code:?}:\n{}", owner.log_tail())
        }),
        Err(error) => setting.witness.report.violation(format!("taken over, {error}")),
    }
}

/// Each of the frozen ones must have tried to append and found that it may not, or the drill has shown nothing.
fn count_fencings(setting: &mut Setting, launches: &[Launch]) -> anyhow::Result<()> {
    let mut fenced = 0;
    let mut looked = 0;
    for launch in launches {
        fenced += launch.logged(FENCED)?.len() as u64;
        looked += launch.logged("the outcome of a batch is unknown")?.len() as u64;
    }
    let report = &mut setting.witness.report;
    report.count("woken ones whose session was ended during an INSERT", looked);
    // The others' next INSERT went to the log, named its old epoch and was refused.
    report.count("woken ones whose INSERT was refused for its epoch", fenced.saturating_sub(looked));
    let frozen = report.faults;
    report.violation_if(fenced != frozen, || {
        format!("{frozen} were frozen, {fenced} found themselves taken over")
    });
    Ok(())
}

/// Position and epoch.
async fn last_row(client: &Client) -> anyhow::Result<(i64, i64)> {
    let row = client.query_one("SELECT last, epoch FROM log ORDER BY first DESC LIMIT 1", &[]).await?;
    Ok((row.get(0), row.get(1)))
}

/// LOG-1 and LOG-3 in the table itself: no sequence is missing or doubled, epochs never fall, and from where the
/// successor wrote, all is of its epoch.
async fn check_epochs(setting: &mut Setting, client: &Client, successor: (i64, i64)) -> anyhow::Result<()> {
    let rows = client.query("SELECT first, last, epoch FROM log ORDER BY first", &[]).await?;
    let rows: Vec<(i64, i64, i64)> = rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    let report = &mut setting.witness.report;
    for pair in rows.windows(2) {
        let ((_, last, epoch), (next, _, next_epoch)) = (pair[0], pair[1]);
        report.violation_if(next != last + 1, || format!("the row at {next} follows {last}"));
        report.violation_if(next_epoch < epoch, || {
            format!("a stale epoch appended: {next_epoch} after {epoch} at {next}")
        });
    }
    let (from, epoch) = successor;
    let after: Vec<_> = rows.iter().filter(|(first, ..)| *first > from).collect();
    report.violation_if(after.is_empty(), || "nothing was appended after the frozen one woke".to_owned());
    for (first, _, other) in after {
        report.violation_if(*other != epoch, || format!("{first} has epoch {other}, its writer had {epoch}"));
    }
    Ok(())
}
