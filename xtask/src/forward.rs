//! `bench` and `drill`: both run the `benches` binary, which starts the release build of `nexus` itself.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::requirements;
use crate::workspace::Workspace;

pub fn run(workspace: &Workspace, mut args: Vec<String>) -> Result<()> {
    let yes = crate::up::take_flag(&mut args, "--yes");
    if args.is_empty() {
        args.push("--help".to_owned());
    }
    requirements::ensure(workspace, &["build", "bench"], yes)?;
    workspace.build_release(&["nexus", "benches"])?;
    let mut command = Command::new(workspace.release_binary("benches"));
    command.current_dir(&workspace.root).args(args);
    Err(command.exec()).context("cannot start the benches binary")
}
