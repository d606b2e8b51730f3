//! Every view is built anew and swapped while the books are written and read: whoever asks for what they wrote last gets it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::Context;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, try_join_all};
use serde_json::{Value, json};

use super::Drill;
use super::builds::{Build, Builds, live, names};
use super::setting::{PATIENCE, Setting};
use crate::api::Api;

pub const DRILL: Drill = Drill {
    name: "view-rebuild",
    about: "every view built anew and swapped under load, paced for 2,000 commands/s: readers see their last write, once, always",
    rounds: 5,
    run,
};

const COMMANDS_PER_SECOND: u32 = 2_000;
const READERS: u32 = 4;
const LEDGER: &str = "readers";

/// What a reader has found.
#[derive(Debug, Default)]
struct Found {
    reads: u64,
    /// Answers that said that the view is behind: the wait is two seconds, then one asks again.
    asked_again: u64,
    longest: Duration,
    violations: Vec<String>,
}

fn run(setting: &mut Setting) -> BoxFuture<'_, anyhow::Result<()>> {
    async move {
        let launch = setting.launch("nexus", None);
        let server = launch.start().await?;
        setting.open_books(&server).await?;
        server
            .api()
            .post("/v1/ledgers", "open-readers", &json!({"id": LEDGER}))
            .await?
            .expect(201, "open")?;
        let builds = Builds::connect(&launch.data).await?;
        let is_live =
            |all: &[Build]| !all.is_empty() && names(all).iter().all(|view| live(all, view).is_some());
        let views = names(&builds.until("every view is live", is_live).await?);
        let stop = Arc::new(AtomicBool::new(false));
        let readers: Vec<_> =
            (1..=READERS).map(|number| tokio::spawn(read(server.api(), number, Arc::clone(&stop)))).collect();
        for round in 1..=setting.rounds {
            let load = setting.paced_load(&server, COMMANDS_PER_SECOND).await?;
            for view in &views {
                builds.command(&setting.nexus, &["rebuild", view]).await?;
            }
            let is_done = |all: &[Build]| all.iter().all(|build| build.state != "building");
            let all = builds.until("every view is built anew", is_done).await?;
            setting.witness.report.faults += 1;
            let attempts = load.stop(PATIENCE).await?;
            setting.witness.heard(attempts);
            setting.witness.check(&mut server.api()).await?;
            for build in &all {
                let is_wrong = build.state == "differs" || build.is_halted;
                setting.witness.report.violation_if(is_wrong, || format!("{build:?}"));
                let is_swapped = build.state == "live" && build.is_compared;
                setting.witness.report.count("builds found equal and swapped in", u64::from(is_swapped));
            }
            for view in &views {
                builds.command(&setting.nexus, &["drop", view]).await?;
            }
            setting.progress(round);
        }
        stop.store(true, Relaxed);
        for found in try_join_all(readers).await? {
            let found = found?;
            let report = &mut setting.witness.report;
            report.count("reads of a reader's last write", found.reads);
            report.count("reads that were behind for two seconds and asked again", found.asked_again);
            let longest = u64::try_from(found.longest.as_millis())?;
            let before = report.counted("ms of the longest read");
            report.count("ms of the longest read", longest.saturating_sub(before));
            found.violations.into_iter().for_each(|violation| report.violation(violation));
        }
        check_swaps(setting, views.len())?;
        setting.check_all(server, &launch).await
    }
    .boxed()
}

fn check_swaps(setting: &Setting, views: usize) -> anyhow::Result<()> {
    let swapped = setting.witness.report.counted("builds found equal and swapped in");
    let wanted = setting.rounds * views as u64;
    anyhow::ensure!(swapped == wanted, "{swapped} of {wanted} builds were swapped in");
    anyhow::ensure!(setting.witness.report.counted("reads of a reader's last write") > 0, "nobody has read");
    Ok(())
}

/// Writes, and at once asks for what it has written: the balance is the sum of its own postings, the audit's newest line of its
/// account is its last one, and neither ever goes back.
async fn read(mut api: Api, number: u32, stop: Arc<AtomicBool>) -> anyhow::Result<Found> {
    let mut found = Found::default();
    let account = format!("assets:reader:r{number}");
    let mut as_of = [0, 0];
    let mut posted = 0_u64;
    while !stop.load(Relaxed) {
        posted += 1;
        let key = format!("reader-{number}-{posted}");
        let entry = |account: &str, direction| json!({"account": account, "direction": direction, "amount": "1", "currency": "EUR"});
        let body = json!({"entries": [entry(&account, "debit"), entry("equity:opening", "credit")]});
        let answer = api.post(&format!("/v1/ledgers/{LEDGER}/transactions"), &key, &body).await?;
        let answer: Value = serde_json::from_slice(&answer.expect(201, "post")?.body)?;
        let position = answer["position"].as_str().context("an answer has its position")?.to_owned();

        let balances = format!("balances?account={account}&min_position={position}");
        let told = ask(&mut api, &balances, &mut found).await?;
        let balance = told["balances"][0]["balance"].as_str().unwrap_or("nothing").to_owned();
        if balance != format!("{posted}.00") {
            found.violations.push(format!("{account} at {position}: {balance} instead of {posted}.00"));
        }
        goes_on(&told, &position, &mut as_of[0], &mut found);

        let audit = format!("audit?account={account}&limit=1&min_position={position}");
        let told = ask(&mut api, &audit, &mut found).await?;
        if told["records"][0]["key"] != *key || told["records"][0]["position"] != *position {
            found.violations.push(format!("the newest of {account} is {}, not {key}", told["records"][0]));
        }
        goes_on(&told, &position, &mut as_of[1], &mut found);
    }
    Ok(found)
}

/// Asks until the view is there; anything else than its answer or "behind" is wrong.
async fn ask(api: &mut Api, what: &str, found: &mut Found) -> anyhow::Result<Value> {
    let since = Instant::now();
    loop {
        let answer = api.get(&format!("/v1/ledgers/{LEDGER}/{what}")).await?;
        found.longest = found.longest.max(since.elapsed());
        let told: Value = serde_json::from_slice(&answer.body)?;
        match answer.status {
            200 => {
                found.reads += 1;
                return Ok(told);
            }
            409 if told["code"] == "view_behind" => found.asked_again += 1,
            status => found.violations.push(format!("{what}: {status} {told}")),
        }
        anyhow::ensure!(since.elapsed() < PATIENCE, "{what}: not answered in {PATIENCE:?}");
    }
}

/// What a view has shown once it shows for ever.
fn goes_on(told: &Value, position: &str, last: &mut u64, found: &mut Found) {
    let sequence = |text: &str| text.split_once(':').and_then(|(_, sequence)| sequence.parse::<u64>().ok());
    let (now, wanted) = (told["as_of"].as_str().and_then(sequence), sequence(position));
    if now < wanted || now < Some(*last) {
        found.violations.push(format!("as of {now:?}, after {last}, with {position} asked for"));
    }
    *last = now.unwrap_or(*last);
}
