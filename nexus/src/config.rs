//! Everything that configures the binary, in one place: a flag wins over the environment, that over the default.

use std::{
    env,
    ffi::OsString,
    net::{SocketAddr, ToSocketAddrs},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use clap::ValueEnum;
use command_api::telemetry::access::Successes;

const DATA_HERE: &str = ".nexus";
/// Root's, where Postgres, which does not run as root, cannot enter the working folder (such as one below /root).
const DATA_OF_ROOT: &str = "/var/lib/nexus";

/// Where `nexus up` keeps everything, and where the client finds its address and key.
#[derive(clap::Args, Debug, Clone)]
pub struct DataFolder {
    /// The data folder
    #[arg(long = "data", value_name = "DIR", env = "NEXUS_DATA", default_value_os_t = default_data())]
    pub path: PathBuf,
}

/// The server that a client command talks to.
#[derive(clap::Args, Debug, Clone)]
#[command(next_help_heading = "Which server")]
pub struct Server {
    #[command(flatten)]
    pub data: DataFolder,

    /// The server's address [default: the server that runs on the data folder]
    #[arg(long, env = "NEXUS_URL")]
    pub url: Option<String>,

    /// The API key [default: the data folder's dev key]
    #[arg(long, value_name = "KEY", env = "NEXUS_KEY", hide_env_values = true)]
    pub api_key: Option<String>,
}

/// Where the door listens.
#[derive(clap::Args, Debug, Clone)]
pub struct Listen {
    /// Where to listen: an address, or a port of 127.0.0.1
    #[arg(
        long = "listen",
        value_name = "ADDR",
        env = "NEXUS_LISTEN",
        default_value = "127.0.0.1:8000",
        value_parser = address
    )]
    pub address: SocketAddr,
}

/// How the door behaves.
#[derive(clap::Args, Debug, Clone)]
pub struct Door {
    #[command(flatten)]
    pub listen: Listen,

    /// Which requests get a line in the log: failures (and slow ones), all, or one success in N
    #[arg(
        long,
        value_name = "failures|all|N",
        env = "NEXUS_ACCESS_LOG",
        default_value = "failures",
        value_parser = successes
    )]
    pub access_log: Successes,

    /// Mounts the route that benches measure as the ceiling
    #[arg(long, hide = true)]
    pub bench_echo: bool,
}

/// A Postgres of the user's own.
#[derive(clap::Args, Debug, Clone)]
pub struct Database {
    /// A Postgres of yours [default: a private one in the data folder]
    #[arg(id = "database", long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub url: Option<String>,
}

/// What is written to standard error, and how.
#[derive(clap::Args, Debug, Clone)]
pub struct Logging {
    /// How the log is written [default: human on a terminal, else json]
    #[arg(long = "log", env = "NEXUS_LOG_FORMAT", value_enum)]
    pub format: Option<LogFormat>,
}

#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Human,
    Json,
}

impl DataFolder {
    /// Holds the dev key's token, mode 600.
    pub fn dev_key(&self) -> PathBuf {
        self.path.join("dev-key")
    }

    /// Holds the address of the server that runs on this folder.
    pub fn address(&self) -> PathBuf {
        self.path.join("address")
    }

    /// Holds the server's process number, and is locked by it while it lives.
    pub fn pid(&self) -> PathBuf {
        self.path.join("nexus.pid")
    }

    /// What a server in the background writes to standard error.
    pub fn log(&self) -> PathBuf {
        self.path.join("nexus.log")
    }

    /// Holds the connection string of the private Postgres while it runs.
    pub fn database(&self) -> PathBuf {
        self.path.join("database")
    }

    /// The private Postgres.
    pub fn postgres(&self) -> PathBuf {
        self.path.join("postgres")
    }

    /// ` --data DIR`, where a command that is typed here needs it.
    pub fn as_flag(&self) -> String {
        if self.path == default_data() {
            return String::new();
        }
        let path = self.path.display().to_string();
        let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@:".contains(c);
        match path.chars().all(plain) {
            true => format!(" --data {path}"),
            false => format!(" --data '{}'", path.replace('\'', r"'\''")),
        }
    }

    /// Why it is not in the working folder, if nobody asked for that.
    pub fn why_elsewhere(&self) -> Option<&'static str> {
        let moved = self.path == Path::new(DATA_OF_ROOT) && self.path == default_data();
        moved.then_some("Postgres, which never runs as root, cannot enter the folder you are in")
    }

    /// The same folder, by its whole path.
    pub fn absolute(&self) -> Result<DataFolder> {
        let path = std::path::absolute(&self.path);
        Ok(DataFolder { path: path.with_context(|| format!("cannot find {}", self.path.display()))? })
    }
}

/// The same for the server and for its clients, as long as they are called from one folder.
pub fn default_data() -> PathBuf {
    env::current_dir().map_or_else(|_| DATA_HERE.into(), |here| default_data_in(&here))
}

fn default_data_in(folder: &Path) -> PathBuf {
    let lives_here = folder.join(DATA_HERE).join("postgres/pgdata").is_dir();
    match lives_here || infra::private_postgres::may_enter(folder) {
        true => DATA_HERE.into(),
        false => DATA_OF_ROOT.into(),
    }
}

/// Which log lines are written: `NEXUS_LOG`, else `RUST_LOG`, in tracing's notation.
pub fn log_filter() -> Option<String> {
    ["NEXUS_LOG", "RUST_LOG"].iter().find_map(|name| env::var(name).ok()).filter(|filter| !filter.is_empty())
}

/// Where traces are sent; nowhere, if nothing is set.
pub fn otlp_endpoint() -> Option<String> {
    env::var("OTEL_EXPORTER_OTLP_ENDPOINT").ok().filter(|endpoint| !endpoint.is_empty())
}

/// What we were called with, for a second start of ourselves.
pub fn our_arguments() -> impl Iterator<Item = OsString> {
    env::args_os().skip(1)
}

/// How the user calls this very program from where they are: `nexus` if the PATH leads to it, else its path.
pub fn how_we_are_called() -> String {
    let Ok(program) = env::current_exe() else { return "nexus".to_owned() };
    let folders = env::var_os("PATH").map(|path| env::split_paths(&path).collect::<Vec<_>>());
    let on_path = folders.into_iter().flatten().map(|folder| folder.join("nexus")).find(|it| it.is_file());
    if on_path.and_then(|found| found.canonicalize().ok()).as_deref() == Some(&program) {
        return "nexus".to_owned();
    }
    match shortest(&program) {
        // A shell looks for a bare name on the PATH alone.
        name if !name.contains('/') => format!("./{name}"),
        path => path,
    }
}

/// Relative to the working folder where it lies in it.
pub fn shortest(path: &Path) -> String {
    let here = env::current_dir().ok();
    let inside = here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned));
    inside.as_deref().unwrap_or(path).display().to_string()
}

/// `127.0.0.1:8000`, `localhost:8000`, `:8000`, `8000`.
fn address(text: &str) -> Result<SocketAddr, String> {
    let full = match text.strip_prefix(':').unwrap_or(text) {
        port if port.parse::<u16>().is_ok() => format!("127.0.0.1:{port}"),
        _ => text.to_owned(),
    };
    let found = full.to_socket_addrs().map_err(|error| format!("{error}; write it like 127.0.0.1:8000"))?;
    found.into_iter().next().ok_or_else(|| "the name has no address".to_owned())
}

fn successes(text: &str) -> Result<Successes, String> {
    match text {
        "failures" => Ok(Successes::None),
        "all" => Ok(Successes::All),
        number => match number.parse() {
            Ok(nth) if nth > 0 => Ok(Successes::Sampled(nth)),
            _ => Err("failures, all, or a number from 1".to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn where_postgres_cannot_enter_roots_data_goes_elsewhere() {
        let here = tempfile::tempdir().unwrap();
        let set = |mode| fs::set_permissions(here.path(), fs::Permissions::from_mode(mode)).unwrap();
        set(0o755);
        assert_eq!(default_data_in(here.path()), Path::new(DATA_HERE));
        set(0o700);
        let closed = if rustix::process::geteuid().is_root() { DATA_OF_ROOT } else { DATA_HERE };
        assert_eq!(default_data_in(here.path()), Path::new(closed));
        // A ledger that is there stays the one that is meant.
        fs::create_dir_all(here.path().join(".nexus/postgres/pgdata")).unwrap();
        assert_eq!(default_data_in(here.path()), Path::new(DATA_HERE));
    }

    #[test]
    fn an_address_may_be_a_port_alone() {
        for text in ["127.0.0.1:8000", ":8000", "8000"] {
            assert_eq!(address(text), Ok(SocketAddr::from(([127, 0, 0, 1], 8000))), "{text}");
        }
        assert!(address("here").unwrap_err().contains("127.0.0.1:8000"));
    }

    #[test]
    fn successes_are_logged_never_always_or_sampled() {
        assert_eq!(successes("failures"), Ok(Successes::None));
        assert_eq!(successes("all"), Ok(Successes::All));
        assert_eq!(successes("100"), Ok(Successes::Sampled(100)));
        assert!(successes("0").is_err());
    }
}
