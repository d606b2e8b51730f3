//! The stages of `cargo xtask test`, in the order in which they run: what fails fastest comes first.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::workspace::{Profile, Workspace, run, shown};
use crate::{codegen, schemathesis, tidy};

pub struct Stage {
    pub name: &'static str,
    pub what: &'static str,
    pub run: fn(&Workspace) -> Result<Outcome>,
}

pub enum Outcome {
    Passed(String),
    /// Something is not here that this stage looks at; the reason is shown. Never used for a failure.
    Skipped(String),
}

pub const STAGES: &[Stage] = &[
    Stage { name: "fmt", what: "formatting", run: fmt },
    Stage { name: "tidy", what: "the project's own rules", run: tidy },
    Stage { name: "clippy", what: "lints, warnings denied", run: clippy },
    Stage { name: "codegen", what: "generated files are current", run: generated },
    Stage { name: "tests", what: "cargo test over the workspace", run: tests },
    Stage { name: "berka", what: "a real bank's books, where they are at hand", run: berka },
    Stage { name: "journals", what: "real journals, where they are at hand", run: journals },
    Stage { name: "schemathesis", what: "the door against its own document", run: against_document },
    Stage { name: "bench", what: "the write path measured, short, on the dev profile", run: bench },
    Stage { name: "drills", what: "faults on purpose, a few of each", run: drills },
];

/// These read data that are not in the repository, so they have stages of their own, which show when they were missing.
const BERKA: &str = "the_books_of_a_bank_come_out_to_the_cent";
const JOURNALS: &str = "every_balance_of_real_journals_is_what_their_own_tools_say";

/// The short form of each drill with its rounds: enough to catch what broke, not enough to be evidence.
const DRILLS: &[(&str, &str, &[&str])] = &[
    ("kill-server", "6", &[]),
    ("kill-postgres", "3", &[]),
    ("frozen-owner", "4", &[]),
    ("cut-connection", "10", &[]),
    ("hang-up", "100", &[]),
    ("stream", "2", &["--subscribers", "100"]),
    ("view-kills", "8", &[]),
    ("view-rebuild", "1", &[]),
];

fn passed() -> Result<Outcome> {
    Ok(Outcome::Passed(String::new()))
}

fn fmt(workspace: &Workspace) -> Result<Outcome> {
    run(workspace.cargo(&["fmt", "--all", "--check"]))?;
    passed()
}

fn tidy(workspace: &Workspace) -> Result<Outcome> {
    tidy::run(workspace)?;
    passed()
}

fn clippy(workspace: &Workspace) -> Result<Outcome> {
    let mut args = vec!["clippy", "--workspace", "--all-targets", "--keep-going"];
    args.extend_from_slice(workspace.locked());
    args.extend_from_slice(&["--", "-D", "warnings"]);
    run(workspace.cargo(&args))?;
    passed()
}

fn generated(workspace: &Workspace) -> Result<Outcome> {
    codegen::check(workspace)?;
    passed()
}

fn against_document(workspace: &Workspace) -> Result<Outcome> {
    Ok(Outcome::Passed(schemathesis::stage(workspace)?))
}

fn tests(workspace: &Workspace) -> Result<Outcome> {
    let mut args = vec!["test", "--workspace", "--no-fail-fast"];
    args.extend_from_slice(workspace.locked());
    args.extend_from_slice(&["--", "--skip", BERKA, "--skip", JOURNALS]);
    let mut count = Count::default();
    let ran = run_watched(workspace.cargo(&args), |line| count.add(line));
    ran.with_context(|| count.to_string())?;
    Ok(Outcome::Passed(count.to_string()))
}

fn berka(workspace: &Workspace) -> Result<Outcome> {
    on_real_data(workspace, "berka", BERKA)
}

fn journals(workspace: &Workspace) -> Result<Outcome> {
    on_real_data(workspace, "journals", JOURNALS)
}

/// The test itself knows where it looks, and says so when nothing is there.
fn on_real_data(workspace: &Workspace, file: &str, test: &str) -> Result<Outcome> {
    let mut args = vec!["test", "--workspace", "--test", file];
    args.extend_from_slice(workspace.locked());
    args.extend_from_slice(&["--", "--nocapture", test]);
    let mut count = Count::default();
    let mut skipped = None;
    run_watched(workspace.cargo(&args), |line| {
        count.add(line);
        if let Some((_, reason)) = line.split_once("skipped: ") {
            skipped = Some(reason.trim().to_owned());
        }
    })?;
    match (skipped, count.passed) {
        (Some(reason), _) => Ok(Outcome::Skipped(reason)),
        (None, 1) => passed(),
        (None, _) => bail!("there is no test {test}"),
    }
}

/// It runs, no answer is wrong, money is conserved. How fast it is, is shown and never fails: the machine is anybody's.
fn bench(workspace: &Workspace) -> Result<Outcome> {
    build_benches(workspace)?;
    run(benches(workspace, &["engine", "--quick"]))?;
    run(benches(workspace, &["scale", "--quick"]))?;
    run(benches(workspace, &["views", "--quick"]))?;
    Ok(Outcome::Passed("figures of the dev profile, above".to_owned()))
}

/// All of them, also when one fails; the seed is fixed, so that a red run can be repeated.
fn drills(workspace: &Workspace) -> Result<Outcome> {
    build_benches(workspace)?;
    let mut failed = vec![];
    for (name, rounds, further) in DRILLS {
        let args = ["drill", name, "--rounds", rounds, "--seconds", "0.5", "--seed", "1"];
        if let Err(error) = run(benches(workspace, &[&args, *further].concat())) {
            eprintln!("{error:#}");
            failed.push(*name);
        }
    }
    if !failed.is_empty() {
        bail!("failed drills: {}", failed.join(", "));
    }
    Ok(Outcome::Passed(format!("{} drills", DRILLS.len())))
}

/// On the dev profile, with the tests' features: after the tests only `benches` itself is left to build. A release build
/// takes minutes from nothing.
fn build_benches(workspace: &Workspace) -> Result<()> {
    workspace.build(Profile::Dev, &["nexus", "benches"])
}

/// The benches program, which starts the server that lies beside it.
fn benches(workspace: &Workspace, args: &[&str]) -> Command {
    let mut command = Command::new(workspace.binary(Profile::Dev, "benches"));
    command.current_dir(&workspace.root).args(args);
    command
}

/// Shows the program's own output as it comes, and each of its lines to `see`.
fn run_watched(mut command: Command, mut see: impl FnMut(&str)) -> Result<()> {
    let program = shown(&command);
    let mut child =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start {program}"))?;
    let output = child.stdout.take().context("stdout is piped")?;
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        see(&String::from_utf8_lossy(&line));
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(&line)?;
        stdout.write_all(b"\n")?;
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("`{program}`: {status}");
    }
    Ok(())
}

/// What cargo's `test result:` lines add up to.
#[derive(Default, PartialEq, Debug)]
struct Count {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Count {
    fn add(&mut self, line: &str) {
        let Some((_, figures)) = line.trim().strip_prefix("test result: ").and_then(|it| it.split_once(". "))
        else {
            return;
        };
        for figure in figures.split(';') {
            match figure.trim().split_once(' ') {
                Some((number, "passed")) => self.passed += number.parse().unwrap_or(0),
                Some((number, "failed")) => self.failed += number.parse().unwrap_or(0),
                Some((number, "ignored")) => self.ignored += number.parse().unwrap_or(0),
                _ => {}
            }
        }
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "{} passed, {} failed, {} ignored", self.passed, self.failed, self.ignored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_lines_add_up_and_other_lines_do_not_count() {
        let mut count = Count::default();
        count.add(
            "test result: ok. 7 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s",
        );
        count.add("test a_result_is_shown ... ok");
        count.add("test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished");
        assert_eq!(count, Count { passed: 9, failed: 3, ignored: 1 });
        assert_eq!(count.to_string(), "9 passed, 3 failed, 1 ignored");
    }
}
