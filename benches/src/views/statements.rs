//! Statements of ten thousand lines, each in one answer.
//!
//! Of the described transactions, because each of their lines has something to tell; the busiest account has a sixth of all
//! entries, 340,000 of the full form's.

use super::asks::{Asks, Units, ask};
use super::described;
use super::journal::Journal;
use super::{Run, journal};
use crate::workload::keys::{SplitMix, mix};

/// Each has at least 40,000 of two million entries: half of the years hold the lines.
const BUSIEST: u32 = 5;

/// Each line has them.
const LINE: &str = r#""counter_accounts":["#;

pub async fn measure(run: &mut Run<'_>, journal: &Journal) -> anyhow::Result<()> {
    let lines = run.sizes.statement_lines;
    let url = journal::path("statement");
    let path = move |random: &mut SplitMix| {
        let account = described::path(random.below(BUSIEST));
        let from = described::day(random.below(described::DAYS / 2));
        format!("{url}?account={account}&from={from}&limit={lines}")
    };
    let source = Asks::new(&journal.server.token, mix(!run.seed), Units::Exactly(lines, LINE), path);
    let summary = ask(&journal.server, "statement", run.sizes.searched_for, vec![source]).await?;
    run.figures.add_latencies("views.statement.lines_10k", &summary);
    Ok(())
}
