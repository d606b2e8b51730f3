//! The folder of a private Postgres: `pgdata/` (the cluster), `socket/`, `server.log`, `lock`.
//!
//! The lock file is held by the process that started the server and is freed by the kernel when that process ends,
//! however it ends. So whoever holds it and still finds a server in `pgdata` has found an orphan on its way out.

use std::{
    fs::{self, File, TryLockError},
    io::{Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use super::{PrivatePostgresError, binaries::Binaries, error::Doing, service_user::ServiceUser};

/// `sun_path` less its closing zero.
const SOCKET_PATH_MAX: usize = 107;
const SOCKET_NAME: &str = ".s.PGSQL.5432";
/// A server that was told to stop writes a checkpoint first.
const STOPPING_PATIENCE: Duration = Duration::from_secs(60);
/// An orphan hears of its parent's death within milliseconds; one that is still up after this has another owner.
const ORPHAN_PATIENCE: Duration = Duration::from_secs(5);
const LOG_BYTES_MAX: u64 = 8 << 20;

#[derive(Debug)]
pub(super) struct DataFolder {
    path: PathBuf,
    pub pgdata: PathBuf,
    pub log: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Refuses a folder without a cluster, and makes nothing in its place.
    pub fn must_be_there(path: &Path) -> Result<(), PrivatePostgresError> {
        match path.join("pgdata/PG_VERSION").exists() {
            true => Ok(()),
            false => Err(PrivatePostgresError::Gone { data_dir: path.to_owned() }),
        }
    }

    /// Creates the folder if needed and locks it for this process.
    pub fn lock(path: &Path, user: &ServiceUser) -> Result<DataFolder, PrivatePostgresError> {
        fs::create_dir_all(path).doing(|| format!("create the folder {}", path.display()))?;
        let path = fs::canonicalize(path).doing(|| format!("find {}", path.display()))?;
        let lock = lock_file(&path)?;
        user.own_folder(&path)?;
        Ok(DataFolder { pgdata: path.join("pgdata"), log: path.join("server.log"), path, _lock: lock })
    }

    /// The installation whose major version made the data; for a new folder the first one.
    pub fn choose<'a>(&self, installed: &'a [Binaries]) -> Result<&'a Binaries, PrivatePostgresError> {
        let Some(found) = self.version()? else {
            return Ok(&installed[0]);
        };
        installed.iter().find(|b| b.major.to_string() == found).ok_or_else(|| {
            let have: Vec<String> = installed.iter().map(|b| b.major.to_string()).collect();
            PrivatePostgresError::OtherVersion { data_dir: self.path.clone(), found, have: have.join(", ") }
        })
    }

    fn version(&self) -> Result<Option<String>, PrivatePostgresError> {
        match fs::read_to_string(self.pgdata.join("PG_VERSION")) {
            Ok(version) => Ok(Some(version.trim().to_owned())),
            Err(_) if !self.pgdata.exists() => Ok(None),
            Err(_) => Err(PrivatePostgresError::ForeignFolder { folder: self.pgdata.clone() }),
        }
    }

    /// Runs `initdb` unless there is a cluster. It works beside and is renamed when whole: a killed `initdb` leaves nothing.
    pub fn init(
        &self,
        binaries: &Binaries,
        user: &ServiceUser,
        durable: bool,
    ) -> Result<(), PrivatePostgresError> {
        if self.pgdata.exists() {
            return Ok(());
        }
        let unfinished = self.path.join("pgdata.unfinished");
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).doing(|| format!("remove {}", unfinished.display()))?;
        }
        let mut initdb = user.command(&binaries.program("initdb"));
        initdb.arg("-D").arg(&unfinished).args([
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--no-locale",
            "--data-checksums",
        ]);
        initdb.args(["--auth-local=trust", "--auth-host=reject", "--no-instructions"]);
        if !durable {
            initdb.arg("--no-sync");
        }
        let output = initdb.output().doing(|| "run initdb".to_owned())?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(PrivatePostgresError::InitdbFailed { stderr });
        }
        fs::rename(&unfinished, &self.pgdata).doing(|| format!("rename {}", unfinished.display()))?;
        File::open(&self.path)
            .and_then(|folder| folder.sync_all())
            .doing(|| format!("sync {}", self.path.display()))
    }

    /// Waits for a former server's processes to go, then clears its pid file.
    ///
    /// Postgres itself judges a left-over pid file by whether *some* process has that number, which after a restart of
    /// a container is often true. A server's processes all have the data folder as working folder: that is sure.
    pub fn wait_for_former_server(&self) -> Result<(), PrivatePostgresError> {
        let since = Instant::now();
        while let Some(pid) = process_in(&self.pgdata) {
            let stopping = self.pid_file_line(STATUS_LINE).is_some_and(|status| status == "stopping");
            let patience = if stopping { STOPPING_PATIENCE } else { ORPHAN_PATIENCE };
            if since.elapsed() > patience {
                return Err(PrivatePostgresError::InUse {
                    data_dir: self.path.clone(),
                    pid: pid.to_string(),
                });
            }
            thread::sleep(Duration::from_millis(10));
        }
        let pid_file = self.pid_file();
        if pid_file.exists() {
            fs::remove_file(&pid_file).doing(|| format!("remove {}", pid_file.display()))?;
        }
        Ok(())
    }

    fn pid_file(&self) -> PathBuf {
        self.pgdata.join("postmaster.pid")
    }

    fn pid_file_line(&self, line: usize) -> Option<String> {
        let text = fs::read_to_string(self.pid_file()).ok()?;
        text.lines().nth(line).map(|l| l.trim().to_owned())
    }

    /// Whether the server with this process id says that it takes connections (what `pg_ctl -w` looks at).
    pub fn is_ready(&self, pid: u32) -> bool {
        self.pid_file_line(0) == Some(pid.to_string())
            && self.pid_file_line(STATUS_LINE).is_some_and(|status| status == "ready")
    }

    /// The log, appended to; started anew when it has grown.
    pub fn open_log(&self, user: &ServiceUser) -> Result<File, PrivatePostgresError> {
        if fs::metadata(&self.log).is_ok_and(|m| m.len() > LOG_BYTES_MAX) {
            let old = self.log.with_extension("log.old");
            fs::rename(&self.log, &old).doing(|| format!("rename {}", self.log.display()))?;
        }
        let file = File::options().create(true).append(true).open(&self.log);
        let file = file.doing(|| format!("write {}", self.log.display()))?;
        user.take(&self.log)?;
        Ok(file)
    }

    pub fn log_tail(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    /// `socket/` in the folder; a short folder under /tmp when that path is too long for a socket, or holds a
    /// character that means something in Postgres's or libpq's settings.
    pub fn socket_folder(&self, user: &ServiceUser) -> Result<PathBuf, PrivatePostgresError> {
        let inside = self.path.join("socket");
        if fits_a_socket(&inside) {
            user.own_folder(&inside)?;
            return Ok(inside);
        }
        let short = short_socket_folder(&self.path, user.uid);
        if let Err(e) = fs::DirBuilder::new().mode(0o700).create(&short)
            && e.kind() != std::io::ErrorKind::AlreadyExists
        {
            return Err(e).doing(|| format!("create {}", short.display()));
        }
        user.take_if_ours(&short)?;
        Ok(short)
    }
}

/// In postmaster.pid, counted from 0.
const STATUS_LINE: usize = 7;

impl ServiceUser {
    /// Everybody may write to /tmp: what we find there under our name need not be ours.
    fn take_if_ours(&self, folder: &Path) -> Result<(), PrivatePostgresError> {
        let metadata = fs::symlink_metadata(folder).doing(|| format!("look at {}", folder.display()))?;
        let ours = metadata.uid() == self.uid || metadata.uid() == rustix::process::geteuid().as_raw();
        if !metadata.is_dir() || !ours || metadata.permissions().mode() & 0o077 != 0 {
            return Err(PrivatePostgresError::ForeignSocketFolder { folder: folder.to_owned() });
        }
        self.take(folder)
    }
}

fn lock_file(path: &Path) -> Result<File, PrivatePostgresError> {
    let name = path.join("lock");
    let file = File::options().create(true).truncate(false).read(true).write(true).open(&name);
    let mut file = file.doing(|| format!("open {}", name.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            let _ = file.read_to_string(&mut pid);
            return Err(PrivatePostgresError::InUse {
                data_dir: path.to_owned(),
                pid: pid.trim().to_owned(),
            });
        }
        Err(TryLockError::Error(e)) => return Err(e).doing(|| format!("lock {}", name.display())),
    }
    // Only for the message above.
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .doing(|| format!("write {}", name.display()))?;
    Ok(file)
}

fn process_in(folder: &Path) -> Option<u32> {
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.find(|pid| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == folder))
}

fn fits_a_socket(folder: &Path) -> bool {
    let Some(text) = folder.to_str() else { return false };
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    text.len() + 1 + SOCKET_NAME.len() <= SOCKET_PATH_MAX && text.chars().all(plain)
}

/// The same for the same data folder, so that nothing piles up.
fn short_socket_folder(data: &Path, uid: u32) -> PathBuf {
    let fnv1a = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let hash = data.as_os_str().as_encoded_bytes().iter().fold(0xcbf2_9ce4_8422_2325, fnv1a);
    PathBuf::from(format!("/tmp/nexus-pg-{uid}-{hash:016x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_goes_to_a_short_folder_when_its_path_is_long_or_odd() {
        assert!(fits_a_socket(Path::new("/var/lib/nexus/postgres/socket")));
        assert!(!fits_a_socket(Path::new("/var/lib/nexus, inc/socket")));
        let longest = format!("/{}", "a".repeat(SOCKET_PATH_MAX - SOCKET_NAME.len() - 2));
        assert!(fits_a_socket(Path::new(&longest)));
        assert!(!fits_a_socket(Path::new(&format!("{longest}a"))));
        assert!(fits_a_socket(&short_socket_folder(Path::new("/any"), u32::MAX)));
    }
}
