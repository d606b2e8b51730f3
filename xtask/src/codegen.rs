//! `cargo xtask codegen`: what is generated is written by tests, beside the code that it comes from.
//!
//! A generator is a test whose name begins with `generated_`, which compares a committed file with what the code
//! says (`expect_test::expect_file!["../../docs/generated/x.json"].assert_eq(&text)`). Such a test fails when they
//! differ and rewrites the file when `UPDATE_EXPECT=1`. There is nothing else to register.

use anyhow::{Result, bail};

use crate::workspace::{Workspace, run as run_command};

pub fn run(workspace: &Workspace, args: &[String]) -> Result<()> {
    match args {
        [] => generate(workspace),
        [flag] if flag == "--check" => check(workspace),
        _ => bail!("usage: cargo xtask codegen [--check]"),
    }
}

fn generate(workspace: &Workspace) -> Result<()> {
    let mut command = workspace.cargo(&["test", "--workspace", "--quiet", "generated_"]);
    command.env("UPDATE_EXPECT", "1");
    run_command(command)
}

pub fn check(workspace: &Workspace) -> Result<()> {
    let mut args = vec!["test", "--workspace", "--quiet"];
    args.extend_from_slice(workspace.locked());
    args.push("generated_");
    let mut command = workspace.cargo(&args);
    command.env_remove("UPDATE_EXPECT");
    run_command(command).map_err(|error| error.context("run `cargo xtask codegen` and commit what it writes"))
}
