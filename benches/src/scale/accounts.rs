//! A million accounts: what each takes in the server's memory, and how soon the server is there again.

use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::json;

use super::{Run, cold_start};
use crate::loadgen::closed_loop::ClosedLoop;
use crate::server::Server;
use crate::workload::keys::KeySpace;
use crate::workload::{Books, OpenAccounts};

const LEDGER: &str = "bank";
const CONNECTIONS: usize = 128;
const OPENED_WITHIN: Duration = Duration::from_secs(900);
/// Memory is taken as the least within so long after the last request: a snapshot takes more for a while.
const SETTLES_WITHIN: Duration = Duration::from_secs(8);

pub async fn measure(run: &mut Run<'_>) -> anyhow::Result<()> {
    let launch = run.launch("accounts");
    let server = launch.start().await?;
    let body = json!({"id": LEDGER, "accounts": "open_explicitly"});
    server.api().post("/v1/ledgers", "open", &body).await?.expect(201, "open ledger")?;

    let sizes = run.sizes;
    open(run, &server, 0, sizes.few_accounts).await?;
    let few = settled_memory(&server).await?;
    open(run, &server, sizes.few_accounts, sizes.accounts_at_snapshot).await?;
    cold_start::ensure_snapshot(&launch, sizes.accounts_at_snapshot).await?;
    open(run, &server, sizes.accounts_at_snapshot, sizes.many_accounts).await?;
    let many = settled_memory(&server).await?;
    let accounts = sizes.many_accounts - sizes.few_accounts;
    run.figures.add("scale.memory_per_idle_account_bytes", (many as f64 - few as f64) / accounts as f64);
    run.figures.add("scale.memory_1m_accounts_mb", many as f64 / 1e6);
    cold_start::measure(run, &launch, server).await
}

async fn open(run: &Run<'_>, server: &Server, from: u64, to: u64) -> anyhow::Result<()> {
    let books = Books::new(LEDGER, 0);
    let name = format!("open accounts {from} to {to}");
    let all = ClosedLoop {
        name: name.clone(),
        address: server.address,
        warm_up: Duration::ZERO,
        length: OPENED_WITHIN,
        requests_max: to - from,
    };
    let source = OpenAccounts::new(&books, &server.token, KeySpace { seed: run.seed, stream: 0 }, from);
    let done = all.run(vec![source; CONNECTIONS]).await?.flawless(&name)?;
    anyhow::ensure!(done.units_acknowledged == to - from, "{name}: {} opened", done.units_acknowledged);
    Ok(())
}

async fn settled_memory(server: &Server) -> anyhow::Result<u64> {
    let since = Instant::now();
    let mut least = u64::MAX;
    while since.elapsed() < SETTLES_WITHIN {
        least = least.min(resident_bytes(server.pid()?.as_raw_nonzero().get())?);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(least)
}

/// By the kernel's account: all that the server's process holds, its code and its buffers too.
fn resident_bytes(pid: i32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes * 1024)
}
