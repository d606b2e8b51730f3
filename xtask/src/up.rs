//! `cargo xtask up`: from a clone to a running ledger in one command.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::requirements;
use crate::workspace::{Profile, Workspace};

pub fn run(workspace: &Workspace, mut args: Vec<String>) -> Result<()> {
    let yes = take_flag(&mut args, "--yes");
    take_flag(&mut args, "--");
    requirements::ensure(workspace, &["build", "up"], yes)?;
    workspace.build(Profile::Release, &["nexus"])?;
    let nexus = workspace.binary(Profile::Release, "nexus");
    eprintln!("the binary is {}", workspace.shown(&nexus));
    // Replaces this process, so that Ctrl-C and the exit code are nexus's own.
    Err(Command::new(&nexus).arg("up").args(args).exec())
        .with_context(|| format!("cannot start {}", nexus.display()))
}

/// Takes the flag out of what we were given; words after `--` belong to the program that we start.
pub fn take_flag(args: &mut Vec<String>, flag: &str) -> bool {
    let ours = args.iter().take_while(|arg| flag == "--" || *arg != "--");
    match ours.into_iter().position(|arg| arg == flag) {
        Some(at) => {
            args.remove(at);
            true
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_flag_before_the_dashes_is_ours() {
        let mut args = words("--yes -- --data books");
        assert!(take_flag(&mut args, "--yes"));
        assert!(take_flag(&mut args, "--"));
        assert_eq!(args, words("--data books"));
    }

    #[test]
    fn a_flag_behind_the_dashes_is_passed_on() {
        let mut args = words("-- --yes");
        assert!(!take_flag(&mut args, "--yes"));
        assert_eq!(args, words("-- --yes"));
    }
}
