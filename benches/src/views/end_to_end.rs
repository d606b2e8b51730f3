//! From a request over HTTP, through the log, into every view, at a steady rate; and how far the last view is behind.

use std::time::{Duration, Instant};

use anyhow::Context;
use hdrhistogram::Histogram;
use serde_json::json;
use tokio_postgres::Client;

use super::{LEDGER, Run, build};
use crate::api::Api;
use crate::engine::http_runs::HttpRuns;
use crate::engine::stored::Stored;
use crate::workload::Books;

/// By the rates of the full form.
const NAMES: [&str; 3] = ["views.end_to_end", "views.end_to_end_12k", "views.end_to_end_15k"];
const CONNECTIONS: u64 = 64;
const LIVE_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(2);
const LAG_MAX_US: u64 = 600_000_000;
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
    let lengths = [run.sizes.end_to_end, run.sizes.end_to_end / 3, run.sizes.end_to_end / 3];
    for ((rate, name), (length, seed)) in
        run.sizes.rates.into_iter().zip(NAMES).zip(lengths.into_iter().zip(run.seed..))
    {
        let mut http = HttpRuns::new(&server, books.clone(), seed, length);
        build::caught_up(&client).await?;
        stored.settle().await?;
        let mut lags = Histogram::<u64>::new_with_bounds(1, LAG_MAX_US, 3)?;
        let title = format!("end to end, {rate}/s");
        let load = http.single_open(&title, CONNECTIONS, rate);
        let summary = tokio::select! {
            summary = load => summary?,
            failed = probe(server.api(), &client, &mut lags) => anyhow::bail!("the probe ended: {failed:?}"),
        };
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

/// Posts now and then, and notes how long after the answer the slowest view has read it. Ends only by failing.
async fn probe(mut api: Api, client: &Client, lags: &mut Histogram<u64>) -> anyhow::Result<()> {
    let entry = |account: &str, direction: &str| json!({"account": account, "direction": direction, "amount": "0.01", "currency": "EUR"});
    let body =
        json!({"entries": [entry("equity:funding", "debit"), entry("assets:wallet:000001", "credit")]});
    loop {
        let key = uuid::Uuid::new_v4().to_string();
        let answer = api.post(&format!("/v1/ledgers/{LEDGER}/transactions"), &key, &body).await?;
        let answered = Instant::now();
        let answer: serde_json::Value = serde_json::from_slice(&answer.expect(201, "probe")?.body)?;
        let position = answer["position"].as_str().and_then(|position| position.split_once(':'));
        let position: i64 = position.context("an answer has its position")?.1.parse()?;
        while build::slowest(client, None).await?.is_none_or(|(read, _)| read < position) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        lags.saturating_record(u64::try_from(answered.elapsed().as_micros())?.max(1));
        tokio::time::sleep(PROBE_EVERY).await;
    }
}
