//! The stages of `cargo xtask test`, in the order in which they run: what fails fastest comes first.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::workspace::{Workspace, run, shown};
use crate::{codegen, schemathesis, tidy};

pub struct Stage {
    pub name: &'static str,
    pub what: &'static str,
    pub run: fn(&Workspace) -> Result<Outcome>,
}

pub enum Outcome {
    Passed(String),
    /// Something is not here that this stage looks at; the reason is shown. Never used for a failure.
    #[allow(dead_code, reason = "the stages that read data from beside the repository are not written yet")]
    Skipped(String),
}

pub const STAGES: &[Stage] = &[
    Stage { name: "fmt", what: "formatting", run: fmt },
    Stage { name: "tidy", what: "the project's own rules", run: tidy },
    Stage { name: "clippy", what: "lints, warnings denied", run: clippy },
    Stage { name: "codegen", what: "generated files are current", run: generated },
    Stage { name: "tests", what: "cargo test over the workspace", run: tests },
    Stage { name: "schemathesis", what: "the door against its own document", run: against_document },
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

/// Shows cargo's own output as it comes and counts what its result lines say.
fn tests(workspace: &Workspace) -> Result<Outcome> {
    let mut args = vec!["test", "--workspace", "--no-fail-fast"];
    args.extend_from_slice(workspace.locked());
    let mut command = workspace.cargo(&args);
    let program = shown(&command);
    let mut child =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start {program}"))?;
    let output = child.stdout.take().context("stdout is piped")?;
    let mut count = Count::default();
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        count.add(&String::from_utf8_lossy(&line));
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(&line)?;
        stdout.write_all(b"\n")?;
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("{count}; `{program}`: {status}");
    }
    Ok(Outcome::Passed(count.to_string()))
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
