//! Many subscribers on one ledger under a steady load, while the server is stopped and killed and started again.

mod subscriber;

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, try_join_all};
use tokio::sync::watch;

use super::Drill;
use super::setting::{PATIENCE, Setting};
use crate::server::Server;
use subscriber::{Delays, Heard, Subscriber, Whereabouts};

pub const DRILL: Drill = Drill {
    name: "stream",
    about: "1,000 subscribers at 500 commands/s through restarts: each hears every record once, in order",
    rounds: 10,
    run,
};

/// Of the whole load.
const COMMANDS_PER_SECOND: u32 = 500;

fn run(setting: &mut Setting) -> BoxFuture<'_, anyhow::Result<()>> {
    async move {
        let launch = setting.launch("nexus", None);
        let mut server = launch.start().await?;
        setting.open_books(&server).await?;
        let (tell, told) = watch::channel(whereabouts(&server, None));
        let delays = Delays::default();
        let subscribers: Vec<_> = (0..setting.subscribers)
            .map(|_| {
                let path = setting.witness.books.path("stream");
                tokio::spawn(Subscriber::new(path, told.clone(), delays.clone()).run())
            })
            .collect();
        for round in 1..=setting.rounds {
            let load = setting.paced_load(&server, COMMANDS_PER_SECOND).await?;
            if round % 2 == 0 {
                server.kill9().await?;
            } else {
                // Told to stop, it ends the streams in order.
                server.stop().await?;
            }
            setting.witness.report.faults += 1;
            let attempts = load.stop(Duration::ZERO).await?;
            setting.witness.heard(attempts);
            server = launch.start().await?;
            tell.send_replace(whereabouts(&server, None));
            setting.witness.check(&mut server.api()).await?;
            setting.progress(round);
        }
        // What is heard by those who have come back while it goes on.
        let load = setting.paced_load(&server, COMMANDS_PER_SECOND).await?;
        let attempts = load.stop(PATIENCE).await?;
        setting.witness.heard(attempts);
        setting.witness.check(&mut server.api()).await?;

        let mut expected = Heard::default();
        let books = setting.witness.books.clone();
        server.api().each_event(&books, |event| expected.add(event.seq)).await?;
        tell.send_replace(whereabouts(&server, Some(expected.last)));
        let all = tokio::time::timeout(PATIENCE, try_join_all(subscribers)).await;
        let all =
            all.map_err(|_| anyhow::anyhow!("not all have heard the last record within {PATIENCE:?}"))??;
        compare(setting, &expected, &all, &delays);
        setting.check_all(server, &launch).await
    }
    .boxed()
}

fn whereabouts(server: &Server, until: Option<u64>) -> Whereabouts {
    Whereabouts { address: server.address, token: server.token.as_str().into(), until }
}

fn compare(setting: &mut Setting, expected: &Heard, all: &[Heard], delays: &Delays) {
    let report = &mut setting.witness.report;
    for (number, heard) in all.iter().enumerate() {
        report.violation_if(heard.digest() != expected.digest(), || {
            format!("subscriber {number} heard {heard:?}, the ledger holds {expected:?}")
        });
        report.count("streams taken up again", heard.taken_up_again);
        report.count("streams that ended with a reason", heard.ended_with_reason);
    }
    report.count("subscribers", all.len() as u64);
    report.count("records that each heard", expected.count);
    for (what, quantile) in [("µs from record to reader, p50", 0.5), ("µs from record to reader, p99", 0.99)]
    {
        report.count(what, delays.at(quantile));
    }
}
