//! The stage `schemathesis`: a real server, tried against the document that it serves by a program that knows only this.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::workspace::{Profile, Workspace, run, shown};

/// Where the program's configuration, its hooks and its pinned versions are.
const FOLDER: &str = "command-api/tests/schemathesis";

/// What is still running then is stopped, and the stage fails: nothing here takes so long but what hangs.
const INSTALL_WITHIN: Duration = Duration::from_secs(300);
const TRY_WITHIN: Duration = Duration::from_secs(600);

/// Answers how much was tried.
pub fn stage(workspace: &Workspace) -> Result<String> {
    let program = installed(workspace)?;
    workspace.build(Profile::Dev, &["nexus"])?;
    let server = Server::start(workspace.binary(Profile::Dev, "nexus"))?;
    run(server.nexus("demo"))?;
    let tried = tried(workspace, &program, &server)?;
    // Whatever was asked of it, its log must be whole.
    run(server.nexus_with(&["replay", "verify"]))?;
    Ok(tried)
}

/// A virtual environment with the committed versions, made anew when these change.
fn installed(workspace: &Workspace) -> Result<PathBuf> {
    let pins = workspace.root.join(FOLDER).join("requirements.txt");
    let venv = scratch(workspace).join("venv");
    let (program, stamp) = (venv.join("bin/schemathesis"), venv.join("requirements.txt"));
    let wanted = fs::read(&pins).with_context(|| format!("cannot read {}", pins.display()))?;
    if program.exists() && fs::read(&stamp).is_ok_and(|there| there == wanted) {
        return Ok(program);
    }
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(&venv);
    run(make)?;
    let mut pip = Command::new(venv.join("bin/python"));
    // A connection that says nothing for so many seconds is no connection; wheels only, so that nothing is compiled.
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]);
    pip.args(["--timeout", "15", "--retries", "1", "--only-binary", ":all:", "--require-hashes", "-r"]);
    pip.arg(&pins);
    if let Err(error) = within(INSTALL_WITHIN, pip) {
        let (venv, pins) = (workspace.shown(&venv), workspace.shown(&pins));
        bail!(
            "schemathesis cannot be installed ({error:#}). It comes from Python's package index: connect this machine \
             to it or tell pip of a mirror (PIP_INDEX_URL), or put it there by hand:\n\n    \
             {venv}/bin/pip install -r {pins} && cp {pins} {venv}/\n\nor leave it out: --skip schemathesis"
        );
    }
    fs::write(&stamp, wanted)?;
    Ok(program)
}

fn tried(workspace: &Workspace, program: &Path, server: &Server) -> Result<String> {
    let folder = workspace.root.join(FOLDER);
    let mut command = Command::new(program);
    command.arg("--no-color").arg("--config-file").arg(folder.join("schemathesis.toml"));
    command.args(["run", "--checks", "all"]).arg(format!("http://{}/openapi.json", server.address));
    command.env("NEXUS_KEY", server.key()?).env("NEXUS_HOOKS", folder.join("hooks.py"));
    // What it keeps between runs stays out of the tree.
    command.env("PYTHONDONTWRITEBYTECODE", "1").current_dir(scratch(workspace));
    let said = within(TRY_WITHIN, command)?;
    let count = said.lines().find(|line| line.contains(" generated, "));
    Ok(count.context("schemathesis does not say how much it tried")?.trim().to_owned())
}

fn scratch(workspace: &Workspace) -> PathBuf {
    workspace.target().join("schemathesis")
}

/// Runs to the end, for so long at most; shows what it prints as it comes, and answers it.
fn within(limit: Duration, mut command: Command) -> Result<String> {
    let program = shown(&command);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = child.with_context(|| format!("cannot start `{program}`"))?;
    let output = BufReader::new(child.stdout.take().context("stdout is piped")?);
    let reading = thread::spawn(move || {
        let mut said = String::new();
        for line in output.lines().map_while(Result::ok) {
            println!("{line}");
            said += &line;
            said.push('\n');
        }
        said
    });
    let until = Instant::now() + limit;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() > until {
            child.kill()?;
            child.wait()?;
            bail!("`{program}` did not end within {} s", limit.as_secs());
        }
        thread::sleep(Duration::from_millis(50));
    };
    if !status.success() {
        bail!("`{program}` failed: {status}");
    }
    reading.join().map_err(|_| anyhow::anyhow!("reading what `{program}` prints"))
}

/// `nexus up` on a folder that is gone afterwards.
struct Server {
    binary: PathBuf,
    folder: PathBuf,
    address: String,
}

impl Server {
    fn start(binary: PathBuf) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("nexus-schemathesis-{}", std::process::id()));
        fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        // As root, the private Postgres runs as somebody else, who must get through.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))?;
        // Free when we look; the kernel does not give it out again soon.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let server = Self { binary, folder, address };
        run(server.nexus_with(&["up", "--detach", "--listen", &server.address]))?;
        Ok(server)
    }

    fn nexus(&self, command: &str) -> Command {
        self.nexus_with(&[command])
    }

    fn nexus_with(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(words).arg("--data").arg(self.folder.join("data"));
        // What is configured here for another server is not for this one.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("NEXUS_") || name == "DATABASE_URL" {
                command.env_remove(name);
            }
        }
        command
    }

    /// Carries every scope, for every ledger.
    fn key(&self) -> Result<String> {
        let file = self.folder.join("data/dev-key");
        let key = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        Ok(key.trim().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let stopped = self.nexus("down").stdout(Stdio::null()).status();
        if !stopped.is_ok_and(|status| status.success()) {
            eprintln!("the server of {} could not be stopped", self.folder.display());
            return;
        }
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            eprintln!("{} could not be removed: {error}", self.folder.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn what_does_not_end_is_ended() {
        let error = within(Duration::from_millis(100), shell("exec tail -f /dev/null")).unwrap_err();
        assert!(error.to_string().contains("did not end"), "{error}");
    }

    #[test]
    fn what_fails_is_an_error_and_what_is_said_is_kept() {
        assert_eq!(within(TRY_WITHIN, shell("echo one; echo two")).expect("it succeeds"), "one\ntwo\n");
        assert!(within(TRY_WITHIN, shell("exit 3")).is_err());
    }
}
