//! Balances at two times: on few entries, on many, and how fast the view of them is built.

use std::time::Duration;

use chrono::{TimeDelta, Utc};

use super::asks::{Asks, Units, ask};
use super::dated::{Dated, ITEMS, PAST_DAYS};
use super::{LEDGER, Run, build};
use crate::engine::stored::Stored;
use crate::loadgen::Summary;
use crate::loadgen::closed_loop::ClosedLoop;
use crate::server::Server;
use crate::workload::keys::{KeySpace, SplitMix};
use crate::workload::{Books, transfers};

const FILLED_WITHIN: Duration = Duration::from_secs(900);
const STRONG_CONNECTIONS: u64 = 64;

pub async fn measure(run: &mut Run<'_>) -> anyhow::Result<()> {
    let few = on(run, "few", run.sizes.few_transfers, "1e5").await?;
    let many = on(run, "many", run.sizes.many_transfers, "1e7").await?;
    run.figures.add("views.ratio.balance_p99_1e7_over_1e5", many.p99_ms / few.p99_ms);
    all_late(run).await
}

async fn on(run: &mut Run<'_>, name: &str, transfers: u64, entries: &str) -> anyhow::Result<Summary> {
    let launch = run.launch(name, false);
    let server = launch.start().await?;
    let books = fill(run, &server, transfers, 5).await?;
    let stored = Stored::connect(&launch.data).await?;
    let per_s = build::measure(run, &stored, Some("balances")).await?;
    if transfers == run.sizes.many_transfers {
        run.figures.add("views.rebuild.balances.per_s", per_s);
    }
    stored.settle().await?;
    let last = transfers;
    let asks = Asks::new(&server.token, run.seed + 1, Units::Answers, one_at_two_times(&books, last));
    let length = run.sizes.asked_for;
    let summary = ask(&server, &format!("{name}: balance at two times"), length, vec![asks]).await?;
    run.figures.add_latencies(&format!("views.balance.entries_{entries}"), &summary);
    if transfers == run.sizes.many_transfers {
        let books = books.clone();
        let strong = move |random: &mut SplitMix| {
            books.path(&format!("accounts/{}", books.wallet(random.below(books.wallet_count()))))
        };
        let connections = 1..=STRONG_CONNECTIONS;
        let asks =
            connections.map(|n| Asks::new(&server.token, run.seed + n, Units::Answers, strong.clone()));
        let summary = ask(&server, "strong reads", length, asks.collect()).await?;
        run.figures.add("views.strong_reads.c64.per_s", summary.per_s);
    }
    server.stop().await?;
    Ok(summary)
}

/// One account (in a third of the questions the one with a third of all entries), any time of the last year or of the run,
/// as known at any position.
fn one_at_two_times(
    books: &Books,
    last: u64,
) -> impl FnMut(&mut SplitMix) -> String + Clone + Send + 'static {
    let (books, now) = (books.clone(), Utc::now());
    move |random| {
        let wallet = if random.below(3) == 0 { transfers::HOT } else { random.below(books.wallet_count()) };
        let back = i64::from(random.below(PAST_DAYS * 86_400));
        let back = if random.below(2) == 0 { back } else { back % 60 };
        let at = (now - TimeDelta::seconds(back)).format("%Y-%m-%dT%H:%M:%SZ");
        // Its accounts are open by then.
        let opened = u64::from(books.wallet_count()) * 2 + 2;
        let known = opened + u64::from(random.below(u32::try_from(last).unwrap_or(u32::MAX)));
        let wallet = books.wallet(wallet);
        books.path(&format!("balances?account={wallet}&at={at}&known_at=1:{known}"))
    }
}

/// Every transfer is late: the dearest there is.
async fn all_late(run: &mut Run<'_>) -> anyhow::Result<()> {
    let launch = run.launch("late", false);
    let server = launch.start().await?;
    fill(run, &server, run.sizes.late_transfers, 100).await?;
    let stored = Stored::connect(&launch.data).await?;
    let per_s = build::measure(run, &stored, Some("balances")).await?;
    run.figures.add("views.rebuild.balances_all_late.per_s", per_s);
    server.stop().await
}

async fn fill(run: &Run<'_>, server: &Server, transfers: u64, late_percent: u32) -> anyhow::Result<Books> {
    let books = Books::new(LEDGER, run.sizes.wallets);
    server.api().open_books(&books).await?;
    let name = format!("fill: {late_percent} % late");
    let all = ClosedLoop {
        name: name.clone(),
        address: server.address,
        warm_up: Duration::ZERO,
        length: FILLED_WITHIN,
        requests_max: transfers / ITEMS,
    };
    let source =
        |stream| Dated::new(&books, &server.token, KeySpace { seed: run.seed, stream }, late_percent);
    all.run((0..4).map(source).collect()).await?.flawless(&name)?;
    Ok(books)
}
