//! The closed loop for callers that speak Postgres: the same window and the same counting as over HTTP.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::loadgen::progress::report_every_second;
use crate::loadgen::{Summary, Tally};

/// A call that takes longer than this has failed the run.
const GRACE: Duration = Duration::from_secs(30);

pub trait Caller: Send + 'static {
    /// One call to its known end; answers how many units it did.
    fn call(&mut self) -> impl Future<Output = anyhow::Result<u64>> + Send;
}

pub async fn measure<C: Caller>(
    name: &str,
    callers: Vec<C>,
    warm_up: Duration,
    length: Duration,
) -> anyhow::Result<Summary> {
    let tally = Arc::new(Mutex::new(Tally::default()));
    let from = Instant::now() + warm_up;
    let until = from + length;
    let progress = tokio::spawn(report_every_second(name.to_owned(), tally.clone()));
    let running: Vec<_> = callers
        .into_iter()
        .map(|mut caller| {
            let tally = tally.clone();
            tokio::spawn(async move {
                let mut since = Instant::now();
                while since < until {
                    let outcome = caller.call().await;
                    let now = Instant::now();
                    let mut tally = tally.lock().expect("no holder of the tally panics");
                    match outcome {
                        Ok(units) => {
                            tally.units_acknowledged += units;
                            if now >= from && now < until {
                                tally.measured(now - since, units);
                            }
                        }
                        Err(error) => tally.error(|| format!("{error:#}")),
                    }
                    since = now;
                }
            })
        })
        .collect();
    let ended =
        tokio::time::timeout(warm_up + length + GRACE, futures_util::future::try_join_all(running)).await;
    progress.abort();
    ended.map_err(|_| anyhow::anyhow!("{name}: calls were still unanswered {GRACE:?} after the end"))??;
    let tally = tally.lock().expect("no holder of the tally panics");
    tally.summary(length).flawless(name)
}
