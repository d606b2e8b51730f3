//! How fast one core folds the log: each record read and evolved, as a boot and a snapshot do.

use std::hint::black_box;

use event_schemas::{Record, Sequence, Shard};
use event_store::{Log, PostgresLog};
use futures_util::TryStreamExt;
use ledger_core::{Books, NoUndo, evolve};

use super::Run;

/// Folded in all; more would only take longer.
const RECORDS_MAX: u64 = 1_000_000;

pub async fn measure(run: &mut Run<'_>, url: &str) -> anyhow::Result<()> {
    eprintln!("folding up to {RECORDS_MAX} records");
    let log = PostgresLog::connect_reader(url, Shard(1)).await?;
    for _ in 0..run.sizes.repeats {
        let mut books = Books::default();
        let (mut decode_ns, mut fold_ns, mut records) = (0, 0, 0u64);
        let mut rows = log.rows(Sequence::GENESIS, Some(Sequence(RECORDS_MAX)));
        while let Some(row) = rows.try_next().await? {
            // Cut once for the whole row: both passes read the same lines, warm.
            let lines: Vec<&[u8]> =
                row.lines().filter(|(at, _)| *at > Sequence::GENESIS).map(|(_, line)| line).collect();
            decode_ns += core_ns(|| {
                for line in &lines {
                    black_box(Record::read(line).expect("the log is readable"));
                }
            });
            fold_ns += core_ns(|| {
                for line in &lines {
                    evolve(&mut books, &Record::read(line).expect("as above"), &mut NoUndo);
                }
            });
            records += lines.len() as u64;
        }
        anyhow::ensure!(records > 0, "the log is empty");
        run.figures.add("scale.fold.per_s_per_core", records as f64 * 1e9 / fold_ns as f64);
        run.figures.add("scale.fold.decode_ns", decode_ns as f64 / records as f64);
        run.figures.add("scale.fold.evolve_ns", fold_ns.saturating_sub(decode_ns) as f64 / records as f64);
    }
    Ok(())
}

/// The nanoseconds for which this thread had a core.
fn core_ns(work: impl FnOnce()) -> u64 {
    let now = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
    };
    let before = now();
    work();
    now() - before
}
