//! The load harness and the drills: `benches engine`, `benches one NAME`, `benches drill NAME`.

mod api;
mod drills;
mod engine;
mod figures;
mod ground;
mod loadgen;
mod machine;
mod output;
mod peers;
mod processes;
mod scale;
mod scratch;
mod server;
mod signals;
mod views;
mod witness;
mod workload;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Measures NEXUS against its ceilings and against plain Postgres, on this machine")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Throughput and latency of the write path, its ceilings, and what plain Postgres does
    Engine(engine::Options),
    /// Millions of records and accounts: throughput, fold, verification, memory, cold start
    Scale(scale::Options),
    /// The views: how fast they are built, how soon they answer, how far they are behind
    Views(views::Options),
    /// One of these measurements alone, for a profiler
    One(engine::one::Options),
    /// Faults on purpose: kills, freezes, cut connections
    Drill(drills::Options),
}

// One thread, however many connections: the generator must cost little on the cores that it shares with the server.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let command = Arguments::parse().command;
    // What a run has started and stored goes with the run itself, whether it ends or is dropped here.
    tokio::select! {
        done = run(command) => done.map(|()| ExitCode::SUCCESS),
        ended = signals::ended() => {
            let signal = ended?;
            eprintln!("ended by {}: what was started is stopped, what was stored is removed", signal.name);
            Ok(signal.exit_code())
        }
    }
}

async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Engine(options) => engine::run(options).await,
        Command::Scale(options) => scale::run(options).await,
        Command::Views(options) => views::run(options).await,
        Command::One(options) => engine::one::run(options).await,
        Command::Drill(options) => drills::run(options).await,
    }
}
