//! Where the project lies, how cargo is called in it, and whether anybody can be asked.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::clock::in_words;

#[derive(Clone)]
pub struct Workspace {
    pub root: PathBuf,
    target: PathBuf,
    ci: bool,
}

/// Any integration test would do.
const A_TEST: &str = "life";

#[derive(Clone, Copy)]
pub enum Profile {
    /// What the tests are built with.
    Dev,
    Release,
}

impl Workspace {
    /// Cargo tells a program it runs where its package is; ours lies one folder below the root.
    pub fn find() -> Result<Self> {
        let package =
            std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&package).parent().context("xtask lies in the workspace's root")?.to_path_buf();
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        let ci = std::env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"));
        Ok(Self { root, target, ci })
    }

    pub fn in_ci(&self) -> Self {
        Self { ci: true, ..self.clone() }
    }

    pub fn is_ci(&self) -> bool {
        self.ci
    }

    /// A question makes sense only where somebody sees it and can answer.
    pub fn can_ask(&self) -> bool {
        !self.ci && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    pub fn cargo(&self, args: &[&str]) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(&self.root).args(args);
        if self.ci {
            // Incremental files are written for a second build, which CI never makes.
            command.env("CARGO_INCREMENTAL", "0");
        }
        command
    }

    /// In CI the committed Cargo.lock is what was tested: a build that would change it fails.
    pub fn locked(&self) -> &'static [&'static str] {
        if self.ci { &["--locked"] } else { &[] }
    }

    pub fn target(&self) -> &Path {
        &self.target
    }

    pub fn binary(&self, profile: Profile, name: &str) -> PathBuf {
        let folder = match profile {
            Profile::Dev => "debug",
            Profile::Release => "release",
        };
        self.target.join(folder).join(name)
    }

    /// Always with `--workspace`: features unify over what is selected, and building one package alone would compile
    /// its dependencies a second time with other features.
    pub fn build(&self, profile: Profile, binaries: &[&str]) -> Result<()> {
        let name = match profile {
            Profile::Dev => "dev",
            Profile::Release => "release",
        };
        let mut args = vec!["build", "--workspace", "--profile", name];
        args.extend_from_slice(self.locked());
        for binary in binaries {
            args.extend_from_slice(&["--bin", binary]);
        }
        if let Profile::Dev = profile {
            // Cargo counts in what the tests ask of dependencies (say tokio's `test-util`) only when a test is built,
            // too. Without one, most dependencies would be compiled a second time.
            args.extend_from_slice(&["--test", A_TEST]);
        }
        let started = Instant::now();
        run(self.cargo(&args))?;
        eprintln!("built {} ({name}) in {}", binaries.join(" and "), in_words(started.elapsed()));
        Ok(())
    }

    /// The path as somebody standing in the root would type it.
    pub fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }
}

/// Runs to the end with our own stdin, stdout and stderr; anything but success is an error.
pub fn run(mut command: Command) -> Result<()> {
    let program = shown(&command);
    let status = command.status().with_context(|| format!("cannot start `{program}`"))?;
    if !status.success() {
        bail!("`{program}` failed: {status}");
    }
    Ok(())
}

pub fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let mut words = vec![program.to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|arg| arg.to_string_lossy().into_owned()));
    words.join(" ")
}
