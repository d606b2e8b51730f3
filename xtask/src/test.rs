//! `cargo xtask test`: runs the stages, shows each one's time, and sums up.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::clock::in_words;
use crate::requirements;
use crate::stages::{Outcome, STAGES, Stage};
use crate::workspace::Workspace;

struct Selection {
    stages: Vec<&'static Stage>,
    yes: bool,
    list: bool,
}

pub fn run(workspace: &Workspace, args: Vec<String>) -> Result<()> {
    let selection = parse(args)?;
    if selection.list {
        for stage in selection.stages {
            println!("{:<12} {}", stage.name, stage.what);
        }
        return Ok(());
    }
    let mut uses = vec!["build"];
    uses.extend(selection.stages.iter().map(|stage| stage.name));
    requirements::ensure(workspace, &uses, selection.yes)?;

    let started = Instant::now();
    let mut rows = vec![];
    for stage in &selection.stages {
        eprintln!("\n=== {}: {}", stage.name, stage.what);
        let stage_started = Instant::now();
        let outcome = (stage.run)(workspace);
        if let Err(error) = &outcome {
            eprintln!("{}: {error:#}", stage.name);
        }
        let took = stage_started.elapsed();
        eprintln!("=== {} took {}", stage.name, in_words(took));
        rows.push((stage.name, outcome, took));
    }
    sum_up(&rows, started.elapsed())
}

/// A later stage still runs when an earlier one fails: one run tells everything that is wrong.
fn sum_up(rows: &[(&str, Result<Outcome>, Duration)], took: Duration) -> Result<()> {
    println!("\n{:<12} {:>12}  result", "stage", "time");
    let mut failed = vec![];
    for (name, outcome, took) in rows {
        let result = match outcome {
            Ok(Outcome::Passed(note)) if note.is_empty() => "ok".to_owned(),
            Ok(Outcome::Passed(note)) => format!("ok: {note}"),
            Ok(Outcome::Skipped(reason)) => format!("skipped: {reason}"),
            Err(error) => {
                failed.push(*name);
                format!("FAILED: {error}")
            }
        };
        println!("{name:<12} {:>12}  {result}", in_words(*took));
    }
    println!("{:<12} {:>12}  {} of {} stages failed", "all", in_words(took), failed.len(), rows.len());
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

fn parse(args: Vec<String>) -> Result<Selection> {
    let (mut only, mut skip) = (vec![], vec![]);
    let mut selection = Selection { stages: vec![], yes: false, list: false };
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--yes" => selection.yes = true,
            "--list" => selection.list = true,
            "--only" => only.push(stage_named(args.next())?),
            "--skip" => skip.push(stage_named(args.next())?),
            other => bail!("test takes --only STAGE, --skip STAGE, --yes and --list, not {other}"),
        }
    }
    let chosen =
        |stage: &&Stage| (only.is_empty() || only.contains(&stage.name)) && !skip.contains(&stage.name);
    selection.stages = STAGES.iter().filter(chosen).collect();
    if selection.stages.is_empty() {
        bail!("nothing left to run");
    }
    Ok(selection)
}

fn stage_named(name: Option<String>) -> Result<&'static str> {
    let known: Vec<_> = STAGES.iter().map(|stage| stage.name).collect();
    match known.iter().find(|stage| name.as_deref() == Some(*stage)) {
        Some(stage) => Ok(stage),
        None => bail!("the stages are {}, not {}", known.join(", "), name.as_deref().unwrap_or("(nothing)")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Result<Vec<&'static str>> {
        let args = text.split_whitespace().map(str::to_owned).collect();
        Ok(parse(args)?.stages.iter().map(|stage| stage.name).collect())
    }

    #[test]
    fn all_stages_run_unless_some_are_named() {
        assert_eq!(names("").expect("no flag is needed").len(), STAGES.len());
        assert_eq!(names("--only tidy --only fmt").expect("both exist"), ["fmt", "tidy"]);
        assert!(!names("--skip clippy").expect("it exists").contains(&"clippy"));
    }

    #[test]
    fn a_stage_that_does_not_exist_is_refused() {
        assert!(names("--only tydi").is_err());
        assert!(names("--only").is_err());
        assert!(names("--only tidy --skip tidy").is_err());
    }

    #[test]
    fn one_failed_stage_fails_the_run() {
        let fine = ("fmt", Ok(Outcome::Passed(String::new())), Duration::ZERO);
        assert!(sum_up(&[fine], Duration::ZERO).is_ok());
        let broken = ("tests", Err(anyhow::anyhow!("3 failed")), Duration::ZERO);
        assert!(sum_up(&[broken], Duration::ZERO).is_err());
    }
}
