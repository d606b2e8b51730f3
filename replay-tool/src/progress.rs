//! How far a long reading has come: a bar on a terminal, a line now and then elsewhere.

use std::future::Future;
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::report::grouped;

/// Records read, of how many. Clones share the count.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    done: AtomicU64,
    total: AtomicU64,
}

const BAR_EVERY: Duration = Duration::from_millis(200);
const LINE_EVERY: Duration = Duration::from_secs(5);

impl Progress {
    pub(crate) fn expect(&self, total: u64) {
        self.counts.total.store(total, Relaxed);
    }

    pub(crate) fn set(&self, done: u64) {
        self.counts.done.store(done, Relaxed);
    }

    #[must_use]
    pub fn done(&self) -> u64 {
        self.counts.done.load(Relaxed)
    }

    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.total.load(Relaxed)
    }

    /// Shows this count on stderr until `work` is done.
    pub(crate) async fn shown_while<R>(&self, work: impl Future<Output = R>) -> R {
        let bar = std::io::stderr().is_terminal().then(bar);
        let since = Instant::now();
        let mut tick = tokio::time::interval(if bar.is_some() { BAR_EVERY } else { LINE_EVERY });
        tick.tick().await;
        tokio::pin!(work);
        loop {
            tokio::select! {
                result = &mut work => {
                    bar.inspect(ProgressBar::finish_and_clear);
                    return result;
                }
                _ = tick.tick() => match &bar {
                    Some(bar) => {
                        bar.set_length(self.total());
                        bar.set_position(self.done());
                    }
                    None => eprintln!("{}", self.line(since.elapsed())),
                },
            }
        }
    }

    fn line(&self, elapsed: Duration) -> String {
        let (done, total) = (self.done(), self.total());
        let per_s = done as f64 / elapsed.as_secs_f64().max(1e-6);
        let left_s = total.saturating_sub(done) as f64 / per_s.max(1.0);
        format!(
            "{} of {} records, {} records/s, {left_s:.0} s left",
            grouped(done),
            grouped(total),
            grouped(per_s as u64)
        )
    }
}

fn bar() -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:30} {human_pos} of {human_len} records, {per_sec}, {eta} left");
    ProgressBar::new(0).with_style(style.expect("the template is valid"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_the_rate_and_what_is_left() {
        let progress = Progress::default();
        progress.expect(3_000_000);
        progress.set(1_000_000);
        assert_eq!(
            progress.line(Duration::from_secs(2)),
            "1,000,000 of 3,000,000 records, 500,000 records/s, 4 s left"
        );
    }
}
