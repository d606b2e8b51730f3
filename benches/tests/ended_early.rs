//! A run that is ended by a signal leaves nothing behind: no server, no Postgres, no folder.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

use std::fs::Permissions;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal};

/// Ends the run once it says a line with these words, by when its servers are there.
fn check(run: &[&str], words: &str, signal: Signal, expected_code: i32) {
    let root = tempfile::tempdir().unwrap();
    // As root, the private Postgres runs as somebody else, who must get through.
    std::fs::set_permissions(root.path(), Permissions::from_mode(0o755)).unwrap();
    let benches = Path::new(env!("CARGO_BIN_EXE_benches"));
    let nexus = benches.with_file_name("nexus");
    assert!(nexus.is_file(), "the server's binary is built by `cargo test --workspace`");

    let mut command = Command::new(benches);
    command.args(run).arg("--data-root").arg(root.path()).arg("--nexus").arg(nexus);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = String::new();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    while !told.contains(words) {
        assert!(stderr.read_line(&mut told).unwrap() > 0, "it ended by itself:\n{told}");
    }
    assert!(processes_that_name(root.path()).len() > 1, "a server and more:\n{told}");
    rustix::process::kill_process(Pid::from_child(&child), signal).unwrap();
    for line in stderr.lines() {
        told += &(line.unwrap() + "\n");
    }
    assert_eq!(child.wait().unwrap().code(), Some(expected_code), "{told}");
    assert!(told.contains("ended by SIG"), "{told}");

    assert_eq!(processes_that_name(root.path()), Vec::<String>::new());
    let left: Vec<_> = std::fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, Vec::<std::path::PathBuf>::new());
}

/// The command lines of all processes that work in the folder.
fn processes_that_name(folder: &Path) -> Vec<String> {
    let folder = folder.to_str().unwrap();
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = entries.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.contains(folder)).collect()
}

#[test]
fn a_bench_that_is_terminated_leaves_nothing() {
    check(&["engine", "--wallets", "100"], "opening 100 wallets", Signal::TERM, 143);
}

#[test]
fn a_drill_that_is_interrupted_leaves_nothing() {
    // Both of its servers and its Postgres run.
    check(&["drill", "frozen-owner", "--seconds", "0.1"], "round 1 of", Signal::INT, 130);
}
