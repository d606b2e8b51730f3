//! A NEXUS of our own: started on a free port of 127.0.0.1, stopped, killed, frozen, and started again.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::process::{Pid, Signal};
use tokio::process::{Child, Command};

use crate::api::Api;
use crate::processes;

const READY_WITHIN: Duration = Duration::from_secs(120);
const STOPPED_WITHIN: Duration = Duration::from_secs(60);
const GONE_WITHIN: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(10);

/// How to start it. The same launch may be started many times, one after the other.
#[derive(Debug, Clone)]
pub struct Launch {
    pub nexus: PathBuf,
    pub data: PathBuf,
    /// Instead of the embedded Postgres.
    pub database: Option<String>,
    /// Mounts the echo route, for the ceiling.
    pub bench_echo: bool,
    /// Folds the views inside.
    pub views: bool,
}

#[derive(Debug)]
pub struct Server {
    pub address: SocketAddr,
    pub token: String,
    child: Child,
    log: PathBuf,
}

impl Launch {
    /// Returns when the server says that it is ready.
    pub async fn start(&self) -> anyhow::Result<Server> {
        let mut server = self.spawn()?;
        server.wait_until_ready().await?;
        server.token = dev_key(&self.data)?;
        Ok(server)
    }

    /// Returns at once: the server may still be starting, and nobody can talk to it.
    pub fn spawn(&self) -> anyhow::Result<Server> {
        std::fs::create_dir_all(&self.data)?;
        let address = free_address()?;
        let log = self.log();
        let output = std::fs::File::options().create(true).append(true).open(&log)?;
        let mut command = Command::new(&self.nexus);
        command.arg("up").arg("--data").arg(&self.data).arg("--listen").arg(address.to_string());
        if let Some(url) = &self.database {
            command.arg("--database").arg(url);
        }
        if self.bench_echo {
            command.arg("--bench-echo");
        }
        if !self.views {
            command.arg("--no-views");
        }
        // What the caller's shell has set must not change what is measured.
        for (name, _) in
            std::env::vars().filter(|(name, _)| name.starts_with("NEXUS_") || name == "DATABASE_URL")
        {
            command.env_remove(name);
        }
        command.env("RUST_LOG", "warn").stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let child = command.kill_on_drop(true).spawn();
        let child = child.with_context(|| format!("cannot start {}", self.nexus.display()))?;
        Ok(Server { address, token: String::new(), child, log })
    }

    fn log(&self) -> PathBuf {
        self.data.with_extension("log")
    }

    /// What all servers of this launch have logged (warnings and errors) whose message begins like this.
    pub fn logged(&self, message: &str) -> anyhow::Result<Vec<serde_json::Value>> {
        let log = std::fs::read(self.log())?;
        // A server that was killed may have left half a line.
        let lines = String::from_utf8_lossy(&log);
        let lines = lines.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let is_it =
            |line: &serde_json::Value| line["message"].as_str().is_some_and(|it| it.starts_with(message));
        Ok(lines.filter(is_it).collect())
    }
}

impl Server {
    async fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let since = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                anyhow::bail!("the server ended while starting ({status}):\n{}", self.log_tail());
            }
            if Api::is_ready(self.address).await {
                return Ok(());
            }
            let waited = since.elapsed();
            anyhow::ensure!(waited < READY_WITHIN, "the server was not ready in time:\n{}", self.log_tail());
            tokio::time::sleep(POLL).await;
        }
    }

    pub fn api(&self) -> Api {
        Api::new(self.address, &self.token)
    }

    pub fn pid(&self) -> anyhow::Result<Pid> {
        let pid = self.child.id().context("the server has ended")?;
        Pid::from_raw(i32::try_from(pid)?).context("a process id is not 0")
    }

    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        Ok(rustix::process::kill_process(self.pid()?, signal)?)
    }

    pub fn has_ended(&mut self) -> anyhow::Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// The code that it ended with, by itself.
    pub async fn end(&mut self, limit: Duration) -> anyhow::Result<Option<i32>> {
        let ended = tokio::time::timeout(limit, self.child.wait()).await;
        let status = ended.map_err(|_| anyhow::anyhow!("the server goes on:\n{}", self.log_tail()))??;
        Ok(status.code())
    }

    /// SIGTERM, and the wait for an orderly end.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.signal(Signal::TERM)?;
        let ended = tokio::time::timeout(STOPPED_WITHIN, self.child.wait()).await;
        let status =
            ended.map_err(|_| anyhow::anyhow!("the server did not stop:\n{}", self.log_tail()))??;
        anyhow::ensure!(status.success(), "the server stopped with {status}:\n{}", self.log_tail());
        Ok(())
    }

    /// SIGKILL: it gets no chance to finish anything.
    pub async fn kill9(mut self) -> anyhow::Result<()> {
        self.child.start_kill()?;
        self.child.wait().await?;
        Ok(())
    }

    pub fn log_tail(&self) -> String {
        let log = std::fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Server {
    /// One that was not stopped, for its run has failed or was ended: nobody wants its data any more, and it must not
    /// write when they are removed. Its Postgres lives a moment longer, and gets no time for a checkpoint either.
    fn drop(&mut self) {
        let Ok(server) = self.pid() else { return };
        let below = processes::below(server.as_raw_nonzero().get());
        let _ = rustix::process::kill_process(server, Signal::KILL);
        for pid in below.iter().filter_map(|pid| Pid::from_raw(*pid)) {
            // Those that noticed the death of another may be gone.
            let _ = rustix::process::kill_process(pid, Signal::QUIT);
        }
        let since = Instant::now();
        while below.iter().any(|pid| processes::lives(*pid)) && since.elapsed() < GONE_WITHIN {
            std::thread::sleep(POLL);
        }
    }
}

/// Free when we looked. A port that somebody takes in between shows as a failed start.
fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

fn dev_key(data: &Path) -> anyhow::Result<String> {
    let file = data.join("dev-key");
    let key = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(key.trim().to_owned())
}
