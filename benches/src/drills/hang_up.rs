//! Clients that hang up in the middle of a request or before its answer.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::Drill;
use super::setting::{PATIENCE, Setting};
use crate::loadgen::Connection;
use crate::server::Server;
use crate::witness::{Attempt, Heard};
use crate::workload::keys::KeySpace;
use crate::workload::{Spread, Target, Transfers, write_transfer};

pub const DRILL: Drill = Drill {
    name: "hang-up",
    about: "clients that close mid-request or before the answer: a part does nothing, a whole is done once or not",
    rounds: 1_000,
    run,
};

const ROUNDS_PER_CHECK: u64 = 100;
/// About as long as an answer takes: some hang up while their command is decided, some while it is stored.
const ANSWER: Duration = Duration::from_millis(2);

fn run(setting: &mut Setting) -> BoxFuture<'_, anyhow::Result<()>> {
    async move {
        let launch = setting.launch("nexus", None);
        let server = launch.start().await?;
        setting.open_books(&server).await?;
        let keys = KeySpace { seed: !setting.seed, stream: 0 };
        let mut transfers = Transfers::of(keys, setting.witness.books.wallet_count(), Spread::Uniform);
        let mut round = 0;
        while round < setting.rounds {
            let load = setting.load(&server).await?;
            let mut whole = Vec::new();
            for _ in 0..ROUNDS_PER_CHECK.min(setting.rounds - round) {
                round += 1;
                let mut body = Vec::new();
                write_transfer(&setting.witness.books, transfers.next(), None, round, &mut body);
                let key = keys.key(round).as_str().to_owned();
                if hang_up_within(setting, &server, &key, &body).await? {
                    whole.push(Attempt { key, body, heard: Heard::Nothing });
                }
                setting.witness.report.faults += 1;
            }
            whole.extend(load.stop(PATIENCE).await?);
            // Those that were cut short are unknown to the witness: one in the log would be one that nobody sent.
            setting.witness.heard(whole);
            setting.witness.check(&mut server.api()).await?;
            setting.progress(round);
        }
        setting.check_all(server, &launch).await?;
        let report = &setting.witness.report;
        anyhow::ensure!(report.unanswered == report.counted(WHOLE), "clients of the load were not answered");
        Ok(())
    }
    .boxed()
}

const WHOLE: &str = "hung up after the last byte";

/// True when the whole request had gone out.
async fn hang_up_within(
    setting: &mut Setting,
    server: &Server,
    key: &str,
    body: &[u8],
) -> anyhow::Result<bool> {
    let path = setting.witness.books.path("transactions");
    let mut request = Vec::new();
    Target::new("POST", &path, &server.token, "application/json").write(Some(key), body, &mut request);
    let len = u32::try_from(request.len())?;
    // Half of them hang up after the last byte, the others anywhere before it.
    let sent = if setting.random.below(2) == 0 { len } else { setting.random.below(len) };
    let mut connection = Connection::connect(server.address).await?;
    connection.send_only(&request[..sent as usize]).await?;
    if setting.random.below(2) == 0 {
        tokio::time::sleep(setting.part_of(ANSWER)).await;
    }
    if setting.random.below(2) == 0 {
        connection.reset_when_dropped()?;
        setting.witness.report.count("of them by a reset", 1);
    }
    setting.witness.report.count(if sent == len { WHOLE } else { "hung up within the request" }, 1);
    Ok(sent == len)
}
