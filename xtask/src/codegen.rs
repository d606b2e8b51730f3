//! `cargo xtask codegen`: what is generated is written by tests, beside the code that it comes from.
//!
//! A generator is a test whose name begins with `generated_`, which compares a committed file with what the code
//! says (`expect_test::expect_file!["../../docs/generated/x.json"].assert_eq(&text)`). Such a test fails when they
//! differ and rewrites the file when `UPDATE_EXPECT=1`. Only the tests named here are compiled for it.

use std::process::Command;

use anyhow::{Result, bail};

use crate::workspace::{Workspace, run as run_command};

/// The test binaries in which generators are.
const GENERATORS: [&str; 3] = ["edge", "golden", "rules"];

pub fn run(workspace: &Workspace, args: &[String]) -> Result<()> {
    match args {
        [] => generate(workspace),
        [flag] if flag == "--check" => check(workspace),
        _ => bail!("usage: cargo xtask codegen [--check]"),
    }
}

fn generate(workspace: &Workspace) -> Result<()> {
    let mut command = generators(workspace, &[]);
    command.env("UPDATE_EXPECT", "1");
    run_command(command)
}

pub fn check(workspace: &Workspace) -> Result<()> {
    let mut command = generators(workspace, workspace.locked());
    command.env_remove("UPDATE_EXPECT");
    run_command(command).map_err(|error| error.context("run `cargo xtask codegen` and commit what it writes"))
}

fn generators(workspace: &Workspace, flags: &[&str]) -> Command {
    let mut args = vec!["test", "--workspace", "--quiet"];
    args.extend_from_slice(flags);
    args.extend(GENERATORS.iter().flat_map(|name| ["--test", name]));
    args.push("generated_");
    workspace.cargo(&args)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// A generator elsewhere would never be run.
    #[test]
    fn each_generator_is_in_a_test_binary_that_is_named() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let known =
            ["command-api/tests/edge.rs", "event-schemas/tests/golden.rs", "ledger-core/tests/script/"];
        let mut folders = vec![root.to_owned()];
        let mut found = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().flatten() {
                let (path, name) = (entry.path(), entry.file_name());
                if path.is_dir() && name != "target" && !name.to_string_lossy().starts_with('.') {
                    folders.push(path);
                } else if path.extension().is_some_and(|of| of == "rs") {
                    let text = std::fs::read_to_string(&path).unwrap();
                    if text.contains(concat!("fn ", "generated_")) {
                        let path = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
                        assert!(known.iter().any(|known| path.starts_with(known)), "{path}");
                        found += 1;
                    }
                }
            }
        }
        assert!(found >= known.len());
    }
}
