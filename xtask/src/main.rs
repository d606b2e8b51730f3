//! `cargo xtask`: the project's own automation, so that CI, README and people run the same commands.

mod clock;
mod codegen;
mod forward;
mod requirements;
mod schemathesis;
mod stages;
mod test;
mod tidy;
mod up;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};
use workspace::Workspace;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  up [--yes] [-- ARGS]      check what is needed, build the nexus binary, run `nexus up ARGS`
  test [--only STAGE]...    everything that must hold: formats, lints, rules, generated files, tests
       [--skip STAGE]...
       [--yes] [--list]
  ci                        the same, without asking anything
  tidy                      the project's own rules about its files
  codegen [--check]         write what is generated from code (or say what differs)
  bench NAME [ARGS]         build for release, then measure: `bench engine --quick --json FILE`
  drill NAME [ARGS]         build for release, then run a fault or acceptance drill with full counts

--yes, or CI=true in the environment, installs missing system packages without asking.
";

fn main() -> ExitCode {
    match run(std::env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut args: Vec<String>) -> Result<()> {
    if args.is_empty() {
        print!("{USAGE}");
        return Ok(());
    }
    let command = args.remove(0);
    let workspace = Workspace::find()?;
    match command.as_str() {
        "up" => up::run(&workspace, args),
        "test" => test::run(&workspace, args),
        "ci" => test::run(&workspace.in_ci(), args),
        "tidy" => tidy::run(&workspace),
        "codegen" => codegen::run(&workspace, &args),
        "bench" => forward::run(&workspace, args),
        "drill" => forward::run(&workspace, [vec![command], args].concat()),
        "help" | "-h" | "--help" => {
            print!("{USAGE}");
            Ok(())
        }
        other => bail!("no such command: {other}\n\n{USAGE}"),
    }
}
