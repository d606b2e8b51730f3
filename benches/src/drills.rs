//! `benches drill NAME`: faults on purpose, many times over, and the proof that nothing was lost or done twice.
//!
//! A new drill is one file and a line in `DRILLS`.

mod builds;
mod cut_connection;
mod frozen_owner;
mod hang_up;
mod kill_postgres;
mod kill_server;
mod setting;
mod stream;
mod view_kills;
mod view_rebuild;
mod wire;

use crate::ground::Ground;
use crate::machine::{self, Machine};
use crate::workload::keys::SplitMix;
use setting::Setting;

struct Drill {
    name: &'static str,
    about: &'static str,
    /// Without `--rounds`.
    rounds: u64,
    run: for<'a> fn(&'a mut Setting) -> futures_util::future::BoxFuture<'a, anyhow::Result<()>>,
}

const DRILLS: [Drill; 8] = [
    kill_server::DRILL,
    kill_postgres::DRILL,
    frozen_owner::DRILL,
    cut_connection::DRILL,
    hang_up::DRILL,
    stream::DRILL,
    view_kills::DRILL,
    view_rebuild::DRILL,
];

#[derive(clap::Args, Debug)]
pub struct Options {
    /// Which one; without it, they are listed
    name: Option<String>,
    /// Repeats the very same commands and times of the faults
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many faults
    #[arg(long)]
    rounds: Option<u64>,
    /// The longest time under load before each fault
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// How many listen, in the drill `stream`
    #[arg(long, default_value_t = 1_000)]
    subscribers: u64,
    #[command(flatten)]
    ground: Ground,
}

pub async fn run(options: Options) -> anyhow::Result<()> {
    let Some(name) = &options.name else {
        for drill in &DRILLS {
            println!("{:<16} {}", drill.name, drill.about);
        }
        return Ok(());
    };
    let drill = DRILLS.iter().find(|drill| drill.name == name);
    let drill =
        drill.ok_or_else(|| anyhow::anyhow!("no drill is called {name}; without a name they are listed"))?;
    let scratch = options.ground.scratch()?;
    let machine = Machine::look(scratch.path());
    eprintln!("{}: {}; seed {}, {}", drill.name, drill.about, options.seed, machine.describe());
    let mut setting = Setting {
        seed: options.seed,
        rounds: options.rounds.unwrap_or(drill.rounds),
        seconds: options.seconds,
        subscribers: options.subscribers,
        nexus: options.ground.nexus()?,
        folder: scratch.path().to_owned(),
        random: SplitMix(options.seed),
        streams: 0,
        witness: setting::witness(),
    };
    (drill.run)(&mut setting).await?;

    let report = &setting.witness.report;
    println!(
        "| Faults: {} | `cargo xtask drill {} --rounds {}` | {}, {}, seed {}, {} | {} faults: {} |",
        drill.about,
        drill.name,
        setting.rounds,
        machine.describe(),
        chrono::Utc::now().format("%Y-%m-%d"),
        options.seed,
        machine::commit(),
        report.faults,
        report.line()
    );
    let found = serde_json::json!({"drill": drill.name, "seed": options.seed, "found": report});
    println!("{found}");
    anyhow::ensure!(report.violations == 0, "{}: {} violations", drill.name, report.violations);
    anyhow::ensure!(report.faults == setting.rounds, "{} of {} faults caused", report.faults, setting.rounds);
    anyhow::ensure!(report.acknowledged > 0, "a drill without a single acknowledged command proves nothing");
    Ok(())
}
