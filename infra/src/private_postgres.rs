//! A Postgres of our own: its own data folder, a unix socket only, no root, gone when we are.
//!
//! Linux only (it leans on `PR_SET_PDEATHSIG` and `/proc`). A start on an existing folder takes ~0.1 s, on a new one the
//! time of `initdb`, ~1 s. All calls block: from async code use `spawn_blocking`.

mod binaries;
mod data_folder;
mod error;
mod process;
mod service_user;

use std::{
    path::{Path, PathBuf},
    process::ExitStatus,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use tokio_postgres::NoTls;

pub use binaries::Binaries;
use data_folder::DataFolder;
pub use error::PrivatePostgresError;
use process::ServerProcess;
use service_user::ServiceUser;

/// The server installations that a start would find, best first.
pub fn installed() -> Result<Vec<Binaries>, PrivatePostgresError> {
    binaries::find(None)
}

/// Whether the user that the server runs as could get to this folder, which must be there.
pub fn check_reach(folder: &Path) -> Result<(), PrivatePostgresError> {
    let installed = binaries::find(None)?;
    ServiceUser::find().check_reach(&installed[0].program("postgres"), folder)
}

/// Whether the user that the server runs as gets to this folder by its mode and those of the folders above it.
pub fn may_enter(folder: &Path) -> bool {
    ServiceUser::find().may_enter(folder)
}

/// How to start a private Postgres.
#[derive(Clone, Debug)]
pub struct Options {
    /// Everything of the server lives here; created when missing.
    pub data_dir: PathBuf,
    /// The folder of `postgres` and `initdb`; `None` = find them.
    pub pg_bin: Option<PathBuf>,
    /// Whether to make a cluster where there is none. False = refuse: where data must be, an empty cluster is a loss hidden.
    pub create: bool,
    /// False only for tests: a crash of the machine (not of the server) may then eat the data.
    pub durable: bool,
    /// Further `name = value` settings; they win over ours.
    pub settings: Vec<(String, String)>,
    /// Long enough for crash recovery.
    pub start_timeout: Duration,
}

impl Options {
    pub fn new(data_dir: impl Into<PathBuf>) -> Options {
        Options {
            data_dir: data_dir.into(),
            pg_bin: None,
            create: true,
            durable: true,
            settings: Vec::new(),
            start_timeout: Duration::from_secs(300),
        }
    }
}

/// A running server; stopped when dropped, and by the kernel when our process dies.
#[derive(Debug)]
pub struct PrivatePostgres {
    process: ServerProcess,
    bin: PathBuf,
    socket_folder: PathBuf,
    /// Holds the folder's lock until the server is gone: fields drop after `Drop::drop`.
    folder: DataFolder,
}

impl PrivatePostgres {
    pub fn start(options: Options) -> Result<PrivatePostgres, PrivatePostgresError> {
        let installed = binaries::find(options.pg_bin.as_deref())?;
        let user = ServiceUser::find();
        if !options.create {
            DataFolder::must_be_there(&options.data_dir)?;
        }
        let folder = DataFolder::lock(&options.data_dir, &user)?;
        let binaries = folder.choose(&installed)?;
        let postgres = binaries.program("postgres");
        let data_dir = folder.pgdata.parent().expect("pgdata is in the data folder").to_owned();
        user.check_reach(&postgres, &data_dir)?;
        if options.create {
            folder.init(binaries, &user, options.durable)?;
        }
        folder.wait_for_former_server()?;
        let socket_folder = folder.socket_folder(&user)?;

        let mut command = user.command(&postgres);
        command.arg("-D").arg(&folder.pgdata).arg("-k").arg(&socket_folder).args(["-h", "", "-p", "5432"]);
        for (name, value) in settings(&options) {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        let log = folder.open_log(&user)?;
        let process = ServerProcess::spawn(command, log)?;
        let server = PrivatePostgres { process, bin: binaries.bin.clone(), socket_folder, folder };
        server.wait_until_ready(options.start_timeout)?;
        tracing::info!(pid = server.pid(), data_dir = %data_dir.display(), major = binaries.major, "started private Postgres");
        Ok(server)
    }

    fn wait_until_ready(&self, timeout: Duration) -> Result<(), PrivatePostgresError> {
        let since = Instant::now();
        while !self.folder.is_ready(self.pid()) {
            let log = || self.folder.log_tail();
            if let Some(status) = self.process.wait(Duration::from_millis(5)) {
                return Err(PrivatePostgresError::EndedAtStart { status: status.to_string(), log: log() });
            }
            if since.elapsed() > timeout {
                return Err(PrivatePostgresError::NotReady { waited_s: timeout.as_secs(), log: log() });
            }
        }
        Ok(())
    }

    /// A connection string for tokio-postgres and libpq. The superuser `postgres` needs no password: only the
    /// server's own user and root can enter the socket's folder.
    pub fn url(&self, database: &str) -> String {
        let database = database.replace('\\', r"\\").replace('\'', r"\'");
        format!("host={} user=postgres dbname='{database}'", self.socket_folder.display())
    }

    /// Creates the database unless it is there.
    pub async fn ensure_database(&self, name: &str) -> Result<(), PrivatePostgresError> {
        let result = ensure_database(&self.url("postgres"), name).await;
        result.map_err(|source| PrivatePostgresError::CreateDatabase { name: name.to_owned(), source })
    }

    /// A program of the server's own version, such as `pg_dump`. May be missing: some distributions pack it apart.
    pub fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }

    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// How the server ended, if it has.
    pub fn exit_status(&self) -> Option<ExitStatus> {
        self.process.wait(Duration::ZERO)
    }

    /// Stops it in order (`fast`: sessions are ended, a checkpoint is written) and waits for the end.
    pub fn stop(self) {}

    /// Ends it without a checkpoint (`immediate`), for data that nobody wants any more.
    pub(crate) fn end_at_once(&self) {
        self.process.signal(Signal::QUIT);
        self.process.wait(Duration::from_secs(10));
    }

    /// For drills: the server gets no chance to write anything. Its former clients' processes end by themselves; the
    /// next start waits for them.
    pub fn kill9(self) {
        self.process.signal(Signal::KILL);
        self.process.wait(Duration::from_secs(60));
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        self.process.signal(Signal::INT);
        if self.process.wait(Duration::from_secs(60)).is_none() {
            tracing::warn!(pid = self.pid(), "Postgres did not stop within 60 s: stopping it at once");
            self.process.signal(Signal::QUIT);
            self.process.wait(Duration::from_secs(10));
        }
        // Only a folder under /tmp is ours to remove; the one inside the data folder may stay.
        let inside = self.folder.pgdata.with_file_name("socket");
        if self.socket_folder != inside {
            let _ = std::fs::remove_dir(&self.socket_folder);
        }
    }
}

async fn ensure_database(url: &str, name: &str) -> Result<(), tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    let connection = tokio::spawn(connection);
    let found = client.query_opt("SELECT FROM pg_database WHERE datname = $1", &[&name]).await?;
    if found.is_none() {
        client.batch_execute(&format!(r#"CREATE DATABASE "{}""#, name.replace('"', r#""""#))).await?;
    }
    drop(client);
    let _ = connection.await;
    Ok(())
}

/// Settings of a ledger: an answered command is on the disk, and the disk is written in few large pieces.
fn settings(options: &Options) -> Vec<(String, String)> {
    let durability = if options.durable { "on" } else { "off" };
    let shared_buffers_mb = if options.durable { shared_buffers_mb() } else { 128 };
    let ours = [
        ("fsync", durability.to_owned()),
        ("synchronous_commit", "on".to_owned()),
        ("full_page_writes", durability.to_owned()),
        ("shared_buffers", format!("{shared_buffers_mb}MB")),
        // Checkpoints come from time, not from volume: full-page images after each one cost more than the rows.
        ("max_wal_size", "4GB".to_owned()),
        ("min_wal_size", if options.durable { "512MB" } else { "80MB" }.to_owned()),
        ("checkpoint_timeout", "15min".to_owned()),
        ("wal_buffers", "16MB".to_owned()),
        // Records are compressed already; compressing their pages again only costs time in the commit path.
        ("wal_compression", "off".to_owned()),
        ("max_connections", "100".to_owned()),
        ("jit", "off".to_owned()),
        ("timezone", "UTC".to_owned()),
        ("log_timezone", "UTC".to_owned()),
        ("log_line_prefix", "%m [%p] %q%u@%d ".to_owned()),
        ("log_checkpoints", "off".to_owned()),
    ];
    let ours = ours.into_iter().map(|(name, value)| (name.to_owned(), value));
    ours.chain(options.settings.iter().cloned()).collect()
}

/// A quarter of the memory, between 128 MB and 1 GB.
fn shared_buffers_mb() -> u64 {
    let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total_kb = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|kb| kb.parse::<u64>().ok())
        .unwrap_or(0);
    (total_kb / 1024 / 4).clamp(128, 1024)
}
