//! A server with five years of described transactions, and the views of them that searches and statements are answered from.

use std::time::Duration;

use serde_json::json;

use super::dated::ITEMS;
use super::described::Described;
use super::{LEDGER, Run, build};
use crate::engine::stored::Stored;
use crate::loadgen::closed_loop::ClosedLoop;
use crate::server::Server;
use crate::workload::keys::KeySpace;

const FILLED_WITHIN: Duration = Duration::from_secs(900);

pub struct Journal {
    pub server: Server,
    pub transactions: u64,
}

impl Journal {
    /// Filled over HTTP, then read by projectors: the view `transactions`, whose speed is a figure, and `balances` if need be.
    pub async fn build(run: &mut Run<'_>, with_balances: bool) -> anyhow::Result<Journal> {
        let transactions = run.sizes.described_transactions;
        let launch = run.launch("journal", false);
        let server = launch.start().await?;
        fill(run, &server, transactions).await?;
        let stored = Stored::connect(&launch.data).await?;
        let per_s = build::measure(run, &stored, Some("transactions")).await?;
        run.figures.add("views.rebuild.transactions.per_s", per_s);
        if with_balances {
            build::measure(run, &stored, Some("balances")).await?;
        }
        // Postgres does this by itself, a minute after the tables have grown. It must not fall into a few seconds of questions.
        stored.another_client().await?.batch_execute("VACUUM (ANALYZE)").await?;
        stored.settle().await?;
        Ok(Journal { server, transactions })
    }
}

pub fn path(rest: &str) -> String {
    format!("/v1/ledgers/{LEDGER}/{rest}")
}

async fn fill(run: &Run<'_>, server: &Server, transactions: u64) -> anyhow::Result<()> {
    server.api().post("/v1/ledgers", "open", &json!({"id": LEDGER})).await?.expect(201, "open ledger")?;
    let name = "fill: described transactions";
    let all = ClosedLoop {
        name: name.to_owned(),
        address: server.address,
        warm_up: Duration::ZERO,
        length: FILLED_WITHIN,
        requests_max: transactions / ITEMS,
    };
    let keys = KeySpace { seed: run.seed, stream: 0 };
    let source = Described::new(&path("bulk"), &server.token, keys, transactions);
    let stored = all.run(vec![source]).await?.flawless(name)?.units_acknowledged;
    anyhow::ensure!(stored == transactions, "{name}: {stored} of {transactions} stored");
    Ok(())
}
