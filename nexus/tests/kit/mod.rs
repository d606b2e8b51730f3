//! Runs the built binary on a folder of its own, as its users do.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Child, ChildStdout, Command, Output, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal};

/// For what must happen: a test that would hang fails instead. Long, for busy machines.
const SOON: Duration = Duration::from_secs(60);

/// A data folder, and the address at which its server is to listen.
pub struct Place {
    folder: tempfile::TempDir,
    pub listen: String,
}

/// A server in the foreground; killed when the test ends.
pub struct Up {
    pub child: Child,
    /// What it said until it was ready.
    pub welcome: String,
    out: BufReader<ChildStdout>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Done {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Place {
    pub fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        // As root, the private Postgres runs as somebody else, who must get through.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        // Free when we look; the kernel does not give it out again soon.
        let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        Place { folder, listen }
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// `nexus WORDS`, with nothing of our environment that could configure it.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nexus"));
        for (name, _) in std::env::vars().filter(|(name, _)| {
            name.starts_with("NEXUS_")
                || name.starts_with("OTEL_")
                || name == "DATABASE_URL"
                || name == "RUST_LOG"
        }) {
            command.env_remove(name);
        }
        command.args(words).env("NEXUS_DATA", self.data()).env("NEXUS_LISTEN", &self.listen);
        command.stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub fn nexus(&self, words: &[&str]) -> Done {
        Done::of(self.command(words).output().unwrap())
    }

    /// Runs it to its end, which must be a good one; answers what it printed.
    pub fn run(&self, words: &[&str]) -> String {
        let done = self.nexus(words);
        assert_eq!(done.code, 0, "nexus {words:?}\n{}\n{}", done.out, done.err);
        done.out
    }

    pub fn json(&self, words: &[&str]) -> serde_json::Value {
        let words: Vec<&str> = words.iter().copied().chain(["--json"]).collect();
        serde_json::from_str(&self.run(&words)).unwrap()
    }

    /// Starts it in the foreground and waits until it says that it is ready.
    pub fn up(&self, words: &[&str]) -> Up {
        self.up_with(words, |_| {})
    }

    pub fn up_with(&self, words: &[&str], change: impl FnOnce(&mut Command)) -> Up {
        let words: Vec<&str> = ["up"].iter().chain(words).copied().collect();
        let log = fs::File::create(self.folder.path().join("stderr")).unwrap();
        let mut command = self.command(&words);
        change(&mut command);
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut welcome = String::new();
        while !welcome.contains("the next start goes on") {
            let length = out.read_line(&mut welcome).unwrap();
            assert!(length > 0, "it ended while starting: {welcome}\n{}", self.log());
        }
        Up { child, welcome, out }
    }

    /// What the server in the foreground wrote to standard error.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("stderr")).unwrap_or_default()
    }

    pub fn dev_key(&self) -> String {
        fs::read_to_string(self.data().join("dev-key")).unwrap().trim().to_owned()
    }
}

impl Up {
    pub fn signal(&self, signal: Signal) {
        rustix::process::kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the end; answers the exit code and what was printed since it was ready.
    pub fn ended(mut self) -> (i32, String) {
        let (said, hears) = mpsc::channel();
        let child = Pid::from_child(&self.child);
        thread::spawn(move || {
            if hears.recv_timeout(SOON).is_err() {
                let _ = rustix::process::kill_process(child, Signal::KILL);
            }
        });
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        let status = self.child.wait().unwrap();
        let _ = said.send(());
        (status.code().unwrap_or(-1), rest)
    }

    pub fn stop(self) {
        self.signal(Signal::TERM);
        assert_eq!(self.ended().0, 0);
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Done {
    fn of(output: Output) -> Done {
        Done {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
