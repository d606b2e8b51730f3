//! What the machine must offer: Postgres's binaries, a folder that can be reached, room on the disk, a free port.

use std::{
    fs, io,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use infra::private_postgres;

use super::Check;
use crate::{
    config::{DataFolder, Listen},
    folder,
};

const GIB: u64 = 1 << 30;
/// Postgres keeps up to 4 GB of its own log before it clears up.
const DISK_WARN_BYTES: u64 = 8 * GIB;
const DISK_FAIL_BYTES: u64 = GIB / 2;

/// `given`: the database is not ours to run.
pub fn checks(data: &DataFolder, listen: &Listen, given: bool, runs: bool) -> Vec<Check> {
    let mut checks = Vec::new();
    if !given {
        checks.push(binaries());
    }
    checks.push(data_folder(data));
    if !given && data.path.is_dir() {
        checks.extend(reach(&data.path));
    }
    checks.extend(dev_key(data));
    checks.push(disk(&nearest(&data.path)));
    if !runs {
        checks.push(port(listen));
    }
    checks
}

fn binaries() -> Check {
    match private_postgres::installed() {
        Ok(found) => {
            let found: Vec<String> =
                found.iter().map(|found| format!("{} in {}", found.major, found.bin.display())).collect();
            Check::ok("Postgres binaries", found.join(", "))
        }
        Err(error) => Check::fail(
            "Postgres binaries",
            error.to_string(),
            "install them, or use a Postgres of yours (--database)",
        ),
    }
}

fn data_folder(data: &DataFolder) -> Check {
    let path = data.path.display();
    match (data.path.is_dir(), folder::owner(data)) {
        (true, Some(pid)) => Check::ok("data folder", format!("{path}, in use by process {pid}")),
        (true, None) => Check::ok("data folder", format!("{path}, nobody uses it")),
        (false, _) => {
            Check::warn("data folder", format!("{path} is not there yet"), "the first `nexus up` makes it")
        }
    }
}

/// As root, Postgres runs as another user, who must get to the folder too.
fn reach(path: &Path) -> Option<Check> {
    match private_postgres::check_reach(path) {
        Ok(()) => None,
        Err(error) => Some(Check::fail(
            "folder's reach",
            error.to_string(),
            "open the way for that user, or choose another folder (--data)",
        )),
    }
}

fn dev_key(data: &DataFolder) -> Option<Check> {
    let file = data.dev_key();
    let mode = fs::metadata(&file).ok()?.permissions().mode() & 0o777;
    let shown = file.display();
    Some(match mode & 0o077 {
        0 => Check::ok("dev key", format!("{shown}, mode {mode:o}")),
        _ => Check::fail(
            "dev key",
            format!("{shown} can be read by others: mode {mode:o}"),
            format!(
                "remove it and start `nexus up` again: the old key is revoked, a new one made (chmod 600 {shown} if you trust them)"
            ),
        ),
    })
}

fn disk(path: &Path) -> Check {
    let free = match rustix::fs::statvfs(path) {
        Ok(stat) => stat.f_bavail.saturating_mul(stat.f_frsize),
        Err(error) => {
            return Check::warn("disk", format!("cannot be looked at: {error}"), "look at it yourself: df");
        }
    };
    let found = format!("{:.1} GiB free at {}", free as f64 / GIB as f64, path.display());
    match free {
        ..DISK_FAIL_BYTES => Check::fail("disk", found, "make room: Postgres stops when the disk is full"),
        DISK_FAIL_BYTES..DISK_WARN_BYTES => {
            Check::warn("disk", found, "Postgres's own log alone may grow to 4 GB")
        }
        _ => Check::ok("disk", found),
    }
}

fn port(listen: &Listen) -> Check {
    let address = listen.address;
    match TcpListener::bind(address) {
        Ok(_) => Check::ok("port", format!("{address} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Check::fail(
            "port",
            format!("{address} is in use by another program"),
            "stop that one, or listen elsewhere (--listen, NEXUS_LISTEN)",
        ),
        Err(error) => {
            Check::fail("port", format!("{address}: {error}"), "listen elsewhere (--listen, NEXUS_LISTEN)")
        }
    }
}

fn nearest(path: &Path) -> PathBuf {
    path.ancestors().find(|path| path.is_dir()).unwrap_or(Path::new("/")).to_owned()
}
