//! From a request over HTTP, through the log, into every view, at a steady rate; and how far the last view is behind.

use std::cell::Cell;
use std::time::{Duration, Instant};

use anyhow::Context;
use hdrhistogram::Histogram;
use serde_json::json;
use tokio_postgres::Client;

use super::{LEDGER, Run, build};
use crate::api::Api;
use crate::engine::http_runs::HttpRuns;
use crate::engine::stored::Stored;
use crate::workload::{Books, Spread};

const CONNECTIONS: u64 = 64;
const LIVE_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(2);
const LAG_MAX: Duration = Duration::from_secs(600);
const PROBE_EVERY: Duration = Duration::from_millis(25);

pub async fn measure(run: &mut Run<'_>) -> anyhow::Result<()> {
    let launch = run.launch("end_to_end", true);
    let server = launch.start().await?;
    let books = Books::new(LEDGER, run.sizes.wallets);
    server.api().open_books(&books).await?;
    let stored = Stored::connect(&launch.data).await?;
    let client = stored.another_client().await?;
    let since = Instant::now();
    while !build::slowest(&client, None).await?.is_some_and(|(_, live)| live) {
        anyhow::ensure!(since.elapsed() < LIVE_WITHIN, "the views are not live");
        tokio::time::sleep(PROBE_EVERY).await;
    }
    let mut http = HttpRuns::new(&server, books, run.seed, run.sizes.end_to_end);
    for (name, rate) in [("views.end_to_end", Some(run.sizes.rate)), ("views.end_to_end_most", None)] {
        build::caught_up(&client).await?;
        stored.settle().await?;
        let mut lags = Histogram::<u64>::new_with_bounds(1, u64::try_from(LAG_MAX.as_micros())?, 3)?;
        let is_over = Cell::new(false);
        let load = async {
            let load = match rate {
                Some(rate) => http.single_open(&format!("end to end, {rate}/s"), CONNECTIONS, rate).await,
                None => http.single("end to end, the most", CONNECTIONS, Spread::Uniform).await,
            };
            is_over.set(true);
            load
        };
        let (summary, probed) = tokio::join!(load, probe(server.api(), &client, &mut lags, &is_over));
        let summary = summary?;
        probed.context("the probe failed")?;
        run.figures.add(format!("{name}.per_s"), summary.per_s);
        run.figures.add(format!("{name}.http_p99_ms"), summary.p99_ms);
        for (percentile, suffix) in [(50.0, "p50"), (99.0, "p99"), (100.0, "max")] {
            let lag = lags.value_at_percentile(percentile) as f64 / 1_000.0;
            run.figures.add(format!("{name}.lag_{suffix}_ms"), lag);
        }
        run.figures.add(format!("{name}.probes"), lags.len() as f64);
    }
    server.stop().await
}

/// Posts now and then, and notes how long after the answer the slowest view has read it. What is under way when the load is over is
/// waited for: it may be what lagged most.
async fn probe(
    mut api: Api,
    client: &Client,
    lags: &mut Histogram<u64>,
    is_over: &Cell<bool>,
) -> anyhow::Result<()> {
    let entry = |account: &str, direction: &str| json!({"account": account, "direction": direction, "amount": "0.01", "currency": "EUR"});
    let body =
        json!({"entries": [entry("equity:funding", "debit"), entry("assets:wallet:000001", "credit")]});
    while !is_over.get() {
        let key = uuid::Uuid::new_v4().to_string();
        let answer = api.post(&format!("/v1/ledgers/{LEDGER}/transactions"), &key, &body).await?;
        let answered = Instant::now();
        let answer: serde_json::Value = serde_json::from_slice(&answer.expect(201, "probe")?.body)?;
        let position = answer["position"].as_str().and_then(|position| position.split_once(':'));
        let position: i64 = position.context("an answer has its position")?.1.parse()?;
        while build::slowest(client, None).await?.is_none_or(|(read, _)| read < position) {
            anyhow::ensure!(answered.elapsed() < LAG_MAX, "the views have not read {position}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
        lags.saturating_record(u64::try_from(answered.elapsed().as_micros())?.max(1));
        tokio::time::sleep(PROBE_EVERY).await;
    }
    Ok(())
}
