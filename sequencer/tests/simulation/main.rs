//! Seeded runs of the machine through crashes, lost answers, fencing races and repeats, against a naive ledger.
//!
//! `NEXUS_SEED` repeats one run, `NEXUS_RUNS` makes it more (or fewer) of them.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod checks;
mod clients;
mod disk;
mod naive;
mod servers;
mod world;

use world::World;

const RUNS: u64 = 2_000;
const STEPS: usize = 120;

fn number_from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// Says how to repeat a run that failed, and how it came there.
struct Telling<'a>(&'a mut World);

impl Drop for Telling<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the last steps:");
            self.0.steps.iter().rev().take(40).rev().for_each(|step| eprintln!("  {step}"));
            eprintln!("NEXUS_SEED={}", self.0.seed);
        }
    }
}

fn run(seed: u64) -> World {
    let mut world = World::new(seed);
    let telling = Telling(&mut world);
    for _ in 0..STEPS {
        telling.0.step();
        telling.0.check();
    }
    telling.0.end();
    drop(telling);
    world
}

#[test]
fn whatever_crashes_an_acknowledged_command_is_recorded_once_and_for_ever() {
    if let Some(seed) = number_from_environment("NEXUS_SEED") {
        run(seed);
        return;
    }
    let runs = number_from_environment("NEXUS_RUNS").unwrap_or(RUNS);
    let mut met = world::Met::default();
    for seed in 0..runs {
        met.add(&run(seed).met);
    }
    eprintln!("{runs} runs: {met:?}");
    if runs >= RUNS {
        // A simulation that never meets what it is for proves nothing.
        met.expect_everything();
    }
}
