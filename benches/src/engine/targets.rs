//! What we hold ourselves to on a machine of two cores, beside what was measured.

use crate::figures::{Figures, rounded};

pub enum Bound {
    AtLeast(f64),
    AtMost(f64),
}
use Bound::{AtLeast, AtMost};

pub const ENGINE: [(&str, Bound); 10] = [
    ("ratio.single_over_echo", AtLeast(0.5)),
    ("http.single.c64.uniform.per_s", AtLeast(20_000.0)),
    ("http.single.c64.open70.p99_ms", AtMost(15.0)),
    ("http.bulk1000.uniform.per_s", AtLeast(150_000.0)),
    ("ratio.bulk_over_append", AtLeast(0.4)),
    ("ratio.hot_over_uniform", AtLeast(0.95)),
    ("ratio.bulk_hot_over_uniform", AtLeast(0.95)),
    ("http.single.c1.over_2_appends_ms", AtMost(0.3)),
    ("ratio.hot_over_row_locks_hot", AtLeast(20.0)),
    ("stored.bytes_per_transfer.bulk", AtMost(200.0)),
];

pub const SCALE: [(&str, Bound); 8] = [
    ("scale.ratio.single_5m_over_100k", AtLeast(0.9)),
    ("scale.ratio.bulk_5m_over_100k", AtLeast(0.9)),
    ("scale.fold.per_s_per_core", AtLeast(1_000_000.0)),
    ("scale.verify.per_s", AtLeast(400_000.0)),
    ("scale.stored.bytes_per_transfer", AtMost(200.0)),
    ("scale.memory_per_idle_account_bytes", AtMost(250.0)),
    ("scale.cold_start_1m_accounts_s", AtMost(5.0)),
    ("scale.cold_start_5m_records_s", AtMost(5.0)),
];

pub const VIEWS: [(&str, Bound); 8] = [
    ("views.balance.entries_1e7.p99_ms", AtMost(3.0)),
    ("views.ratio.balance_p99_1e7_over_1e5", AtMost(2.0)),
    ("views.rebuild.balances.per_s", AtLeast(100_000.0)),
    ("views.search.worst_p99_ms", AtMost(50.0)),
    ("views.statement.lines_10k.p99_ms", AtMost(100.0)),
    ("views.end_to_end.per_s", AtLeast(8_000.0)),
    ("views.end_to_end.lag_p99_ms", AtMost(250.0)),
    ("views.strong_reads.c64.per_s", AtLeast(30_000.0)),
];

pub fn print(figures: &Figures, targets: &[(&str, Bound)]) {
    for (name, bound) in targets {
        let Some(value) = figures.median(name) else {
            eprintln!("  {name:<36} not measured");
            continue;
        };
        let (sign, limit, met) = match bound {
            AtLeast(limit) => ("≥", limit, value >= *limit),
            AtMost(limit) => ("≤", limit, value <= *limit),
        };
        let verdict = if met { "met" } else { "MISSED" };
        eprintln!("  {name:<36} {:>10}  {sign} {limit:<8} {verdict}", rounded(value));
    }
}
