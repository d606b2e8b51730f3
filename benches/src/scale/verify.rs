//! `nexus replay verify` on the full log, beside its idle server.

use std::time::Duration;

use anyhow::Context;
use serde::Deserialize;
use tokio::process::Command;

use super::Run;
use crate::server::Launch;

#[derive(Deserialize)]
struct Verified {
    records: u64,
    took: Duration,
}

pub async fn measure(run: &mut Run<'_>, launch: &Launch) -> anyhow::Result<()> {
    for _ in 0..run.sizes.repeats {
        eprintln!("verifying");
        let mut command = Command::new(&launch.nexus);
        command.args(["replay", "verify", "--json", "--data"]).arg(&launch.data);
        let output = command
            .env_remove("DATABASE_URL")
            .kill_on_drop(true)
            .output()
            .await
            .context("cannot start nexus")?;
        let told = String::from_utf8_lossy(&output.stdout);
        anyhow::ensure!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
        let verified: Verified = serde_json::from_str(&told).context("what verify tells")?;
        run.figures.add("scale.verify.per_s", verified.records as f64 / verified.took.as_secs_f64());
    }
    Ok(())
}
