//! Where the processor time goes: the generator, the server, and its Postgres share the same cores.

use crate::figures::Figures;
use crate::processes;

/// `sysconf(_SC_CLK_TCK)` is 100 on every Linux that we run on.
const US_PER_TICK: f64 = 10_000.0;

#[derive(Debug, Clone, Copy)]
pub struct CpuTimes {
    harness: u64,
    server: u64,
    postgres: u64,
}

#[derive(Debug, Clone, Copy)]
pub struct CpuPerUnit {
    harness_us: f64,
    server_us: f64,
    postgres_us: f64,
}

impl CpuTimes {
    pub fn now(server: i32) -> Self {
        let processes = processes::all();
        let ticks = |pid: i32| processes.get(&pid).map_or(0, |process| process.ticks);
        let below_server = |pid: i32| {
            let mut parent = processes.get(&pid).map_or(0, |process| process.parent);
            while parent > 1 && parent != server {
                parent = processes.get(&parent).map_or(0, |process| process.parent);
            }
            parent == server
        };
        let postgres = processes.keys().filter(|pid| below_server(**pid)).map(|pid| ticks(*pid)).sum();
        Self { harness: ticks(std::process::id() as i32), server: ticks(server), postgres }
    }

    pub fn since(&self, before: &Self, units: u64) -> CpuPerUnit {
        let per_unit =
            |now: u64, then: u64| now.saturating_sub(then) as f64 * US_PER_TICK / units.max(1) as f64;
        CpuPerUnit {
            harness_us: per_unit(self.harness, before.harness),
            server_us: per_unit(self.server, before.server),
            postgres_us: per_unit(self.postgres, before.postgres),
        }
    }
}

impl CpuPerUnit {
    pub fn add_to(&self, figures: &mut Figures, name: &str) {
        figures.add(format!("{name}.cpu_us.harness"), self.harness_us);
        figures.add(format!("{name}.cpu_us.server"), self.server_us);
        figures.add(format!("{name}.cpu_us.postgres"), self.postgres_us);
    }
}

impl std::fmt::Display for CpuPerUnit {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { harness_us, server_us, postgres_us } = self;
        write!(
            to,
            "CPU per unit: server {server_us:.1} µs, Postgres {postgres_us:.1}, generator {harness_us:.1}"
        )
    }
}
