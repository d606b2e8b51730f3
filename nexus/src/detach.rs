//! `nexus up --detach`: the same program once more, in the background, and the wait until it is ready.

use std::{
    fs::{self, OpenOptions},
    io::{BufRead, BufReader, Read, Seek, SeekFrom},
    os::unix::fs::OpenOptionsExt,
    process::{Command, ExitStatus, Stdio},
};

use anyhow::{Context, Result};

use crate::{
    config::{self, DataFolder},
    exit::Exit,
    folder,
    say::say,
};

/// The last words of a block of output; what follows is for nobody.
const END: &str = "\u{4}";

/// Starts us again without a terminal and prints what that one prints until it is ready.
pub async fn start(data: &DataFolder) -> Result<()> {
    let data = data.clone();
    tokio::task::spawn_blocking(move || start_and_wait(&data)).await.context("the start broke off")?
}

fn start_and_wait(data: &DataFolder) -> Result<()> {
    folder::make(&data.path)?;
    let log = data.log();
    let opened = OpenOptions::new().create(true).append(true).read(true).mode(0o600).open(&log);
    let file = opened.with_context(|| format!("cannot write {}", log.display()))?;
    let logged = file.metadata()?.len();
    let mut child = Command::new(std::env::current_exe().context("cannot find our own program")?)
        .args(config::our_arguments().map(|arg| if arg == "--detach" { "--detached".into() } else { arg }))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(file)
        .spawn()
        .context("cannot start in the background")?;

    let words = BufReader::new(child.stdout.take().expect("its output is piped"));
    for line in words.lines() {
        let line = line.context("the server's words cannot be read")?;
        if line == END {
            return Ok(());
        }
        say(&format!("{line}\n"));
    }
    let status = child.wait().context("the server is gone")?;
    Err(why_it_ended(data, status, logged))
}

/// The server has said all: whoever waits goes on.
pub fn release_waiting() {
    say(&format!("{END}\n"));
}

/// Ctrl-C in the terminal, and its end, are no longer for us.
pub fn leave_terminal() {
    // Fails only for one that leads a group already, and is then on its own anyway.
    let _ = rustix::process::setsid();
}

/// The child's own last words, with its own number.
fn why_it_ended(data: &DataFolder, status: ExitStatus, logged: u64) -> anyhow::Error {
    let mut words = String::new();
    if let Ok(mut log) = fs::File::open(data.log()) {
        let _ = log.seek(SeekFrom::Start(logged)).and_then(|_| log.read_to_string(&mut words));
    }
    let last = words.lines().rev().find_map(|line| line.strip_prefix("nexus: "));
    let message = match last {
        Some(last) => last.to_owned(),
        None => format!("the server ended while starting ({status}); its log is {}", data.log().display()),
    };
    let number = status.code().and_then(|code| u8::try_from(code).ok());
    match number.and_then(Exit::of_number) {
        Some(exit) => exit.because(message),
        None => anyhow::anyhow!(message),
    }
}
