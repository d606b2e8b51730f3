//! `bench` and `drill`: both run the `benches` binary, which starts the release build of `nexus` itself.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::requirements;
use crate::workspace::{Profile, Workspace};

pub fn run(workspace: &Workspace, mut args: Vec<String>) -> Result<()> {
    let yes = crate::up::take_flag(&mut args, "--yes");
    if args.is_empty() {
        args.push("--help".to_owned());
    }
    requirements::ensure(workspace, &["build", "bench"], yes)?;
    workspace.build(Profile::Release, &["nexus", "benches"])?;
    let mut command = Command::new(workspace.binary(Profile::Release, "benches"));
    command.current_dir(&workspace.root).args(args);
    Err(command.exec()).context("cannot start the benches binary")
}
