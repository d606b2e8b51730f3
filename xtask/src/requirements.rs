//! What the machine must have beside Rust, how to see that it is there, and how to get it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::workspace::{Workspace, run, shown};

/// One line adds a package; `needed_by` names `build`, `up`, `bench`, or a stage of `test`.
const REQUIREMENTS: &[Requirement] = &[
    Requirement { name: "a C compiler and linker", from: Apt("gcc"), needed_by: &["build"], is_there: cc },
    Requirement {
        name: "the C library's headers",
        from: Apt("libc6-dev"),
        needed_by: &["build"],
        is_there: libc,
    },
    Requirement {
        name: "Postgres 14 or newer (server binaries)",
        from: Apt("postgresql"),
        needed_by: &["up", "bench", "tests", "codegen", "schemathesis", "berka", "journals", "drills"],
        is_there: postgres,
    },
    Requirement {
        name: "Python 3.11 or newer",
        from: Apt("python3"),
        needed_by: &["schemathesis"],
        is_there: python,
    },
    Requirement {
        name: "Python's virtual environments",
        from: Apt("python3-venv"),
        needed_by: &["schemathesis"],
        is_there: venv,
    },
    Requirement { name: "rustfmt", from: Rustup("rustfmt"), needed_by: &["fmt"], is_there: rustfmt },
    Requirement { name: "clippy", from: Rustup("clippy"), needed_by: &["clippy"], is_there: clippy },
];

/// What tests do without, too: they say that they skip what they would have used it for.
const WISHED_FOR: &[Requirement] = &[Requirement {
    name: "hledger 1.25 or newer, with which exports are compared",
    from: Apt("hledger"),
    needed_by: &["tests", "journals"],
    is_there: hledger,
}];

struct Requirement {
    name: &'static str,
    from: Source,
    needed_by: &'static [&'static str],
    is_there: fn() -> bool,
}

enum Source {
    Apt(&'static str),
    Rustup(&'static str),
}
use Source::{Apt, Rustup};

/// Checks what the given uses need. Missing things are installed when `yes`, in CI, or when the answer to the
/// question is yes; otherwise the error holds the commands to type. What is only wished for is no error when it stays missing.
pub fn ensure(workspace: &Workspace, uses: &[&str], yes: bool) -> Result<()> {
    install(workspace, &missing(REQUIREMENTS, uses), yes)?;
    if let Err(error) = install(workspace, &missing(WISHED_FOR, uses), yes) {
        eprintln!("{error:#}\n\ngoing on: tests skip what they cannot do without it");
    }
    Ok(())
}

fn install(workspace: &Workspace, missing: &[&Requirement], yes: bool) -> Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let commands = install_commands(missing);
    let names: Vec<_> = missing.iter().map(|requirement| requirement.name).collect();
    eprintln!("missing: {}", names.join(", "));
    if commands.is_empty() {
        bail!("no apt-get here: please install {} by your system's own means", names.join(", "));
    }
    let typed: Vec<_> = commands.iter().map(shown).collect();
    if !(yes || workspace.is_ci() || (workspace.can_ask() && confirmed(&typed)?)) {
        bail!("install with:\n\n    {}\n\nor let `--yes` do it", typed.join(" \\\n    && "));
    }
    for mut command in commands {
        command.env("DEBIAN_FRONTEND", "noninteractive");
        run(command)?;
    }
    let still: Vec<_> = missing.iter().filter(|it| !(it.is_there)()).map(|it| it.name).collect();
    if !still.is_empty() {
        bail!("installed, yet not found: {}", still.join(", "));
    }
    Ok(())
}

fn missing(list: &'static [Requirement], uses: &[&str]) -> Vec<&'static Requirement> {
    list.iter()
        .filter(|requirement| requirement.needed_by.iter().any(|it| uses.contains(it)))
        .filter(|requirement| !(requirement.is_there)())
        .collect()
}

/// Empty where packages are missing and there is no apt-get.
fn install_commands(missing: &[&Requirement]) -> Vec<Command> {
    let mut packages = vec![];
    let mut components = vec![];
    for requirement in missing {
        match requirement.from {
            Apt(package) => packages.push(package),
            Rustup(component) => components.push(component),
        }
    }
    let mut commands = vec![];
    if !packages.is_empty() {
        if on_path("apt-get").is_none() {
            return vec![];
        }
        commands.push(as_root(&["apt-get", "update"]));
        commands.push(as_root(
            &[&["apt-get", "install", "-y", "--no-install-recommends"], &packages[..]].concat(),
        ));
    }
    if !components.is_empty() {
        let mut command = Command::new("rustup");
        command.args(["component", "add"]).args(components);
        commands.push(command);
    }
    commands
}

fn as_root(words: &[&str]) -> Command {
    let words = if is_root() { words.to_vec() } else { [&["sudo"], words].concat() };
    let mut command = Command::new(words[0]);
    command.args(&words[1..]);
    command
}

fn confirmed(typed: &[String]) -> Result<bool> {
    eprint!("\n    {}\n\nRun this now? [Y/n] ", typed.join("\n    "));
    std::io::stderr().flush()?;
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer)?;
    // A closed stdin is no answer, and no answer is no.
    Ok(read > 0 && matches!(answer.trim().to_lowercase().as_str(), "" | "y" | "yes"))
}

fn is_root() -> bool {
    let uid = Command::new("id").arg("-u").output();
    uid.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn cc() -> bool {
    on_path("cc").is_some()
}

/// Whatever compiler is there is asked, because headers lie in different folders for each architecture.
fn libc() -> bool {
    let compiled = Command::new("cc")
        .args(["-E", "-include", "stdio.h", "-x", "c", "/dev/null", "-o", "/dev/null"])
        .stderr(Stdio::null())
        .status();
    compiled.is_ok_and(|status| status.success())
}

/// Looks where `infra` looks: distributions keep the server's binaries off the PATH, a folder for each major version.
fn postgres() -> bool {
    let has_server = |bin: &Path| bin.join("initdb").is_file() && bin.join("postgres").is_file();
    if on_path("initdb").and_then(|initdb| initdb.parent().map(has_server)).unwrap_or(false) {
        return true;
    }
    [("/usr/lib/postgresql", ""), ("/usr", "pgsql-")].iter().any(|(root, prefix)| {
        std::fs::read_dir(root).into_iter().flatten().flatten().any(|entry| {
            let name = entry.file_name();
            let major = name.to_str().and_then(|name| name.strip_prefix(prefix)?.parse::<u32>().ok());
            major.is_some_and(|major| major >= 14) && has_server(&entry.path().join("bin"))
        })
    })
}

/// Older ones know no reports with a row for each commodity.
fn hledger() -> bool {
    let mut command = Command::new("hledger");
    command.args(["-f", "/dev/null", "balance", "--layout=bare"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn python() -> bool {
    python_runs("import sys; sys.exit(sys.version_info < (3, 11))")
}

/// Debian splits off what a virtual environment gets its pip from.
fn venv() -> bool {
    python_runs("import venv, ensurepip")
}

fn python_runs(script: &str) -> bool {
    let mut command = Command::new("python3");
    command.args(["-c", script]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn rustfmt() -> bool {
    answers_version("fmt")
}

fn clippy() -> bool {
    answers_version("clippy")
}

fn answers_version(subcommand: &str) -> bool {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args([subcommand, "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

pub fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| Path::is_file(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_use_that_is_named_exists() {
        let stages = crate::stages::STAGES.iter().map(|stage| stage.name);
        let known: Vec<_> = ["build", "up", "bench"].into_iter().chain(stages).collect();
        for requirement in REQUIREMENTS.iter().chain(WISHED_FOR) {
            for needed_by in requirement.needed_by {
                assert!(known.contains(needed_by), "{}: no such use: {needed_by}", requirement.name);
            }
        }
    }

    #[test]
    fn what_is_missing_is_installed_in_one_go_after_an_update() {
        let absent =
            |package| Requirement { name: package, from: Apt(package), needed_by: &[], is_there: || false };
        let (first, second) = (absent("gcc"), absent("postgresql"));
        let typed: Vec<_> = install_commands(&[&first, &second]).iter().map(shown).collect();
        if on_path("apt-get").is_none() {
            assert!(typed.is_empty());
            return;
        }
        assert!(typed[0].ends_with("apt-get update"), "{typed:?}");
        assert!(typed[1].ends_with("apt-get install -y --no-install-recommends gcc postgresql"), "{typed:?}");
    }
}
