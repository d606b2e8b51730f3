//! Finds the Postgres server binaries that are installed here, and their version.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::PrivatePostgresError;

/// lz4 on a column and `string_to_table` came with 14.
pub(super) const MAJOR_MIN: u32 = 14;

/// Where distributions put `postgres` and `initdb`: a folder per major version, none of them on the PATH.
const VERSIONED: [(&str, &str); 2] = [("/usr/lib/postgresql", ""), ("/usr", "pgsql-")];

/// An installation of the server: the folder of its programs, and its major version.
#[derive(Clone, Debug)]
pub struct Binaries {
    pub bin: PathBuf,
    pub major: u32,
}

impl Binaries {
    pub fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }
}

/// All usable installations, best first: the given folder alone, else what the PATH names, else the newest.
pub(super) fn find(pg_bin: Option<&Path>) -> Result<Vec<Binaries>, PrivatePostgresError> {
    let folders = match pg_bin {
        Some(folder) => vec![folder.to_owned()],
        None => on_path().into_iter().chain(versioned_folders()).collect(),
    };
    let mut found: Vec<Binaries> = Vec::new();
    for folder in &folders {
        let Some(binaries) = probe(folder).filter(|b| b.major >= MAJOR_MIN) else { continue };
        if !found.iter().any(|b| b.bin == binaries.bin) {
            found.push(binaries);
        }
    }
    if found.is_empty() {
        let looked_in = match pg_bin {
            Some(folder) => folder.display().to_string(),
            None => "the PATH, /usr/lib/postgresql/*/bin and /usr/pgsql-*/bin".to_owned(),
        };
        return Err(PrivatePostgresError::BinariesNotFound { looked_in });
    }
    Ok(found)
}

fn on_path() -> Vec<PathBuf> {
    env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default()
}

fn versioned_folders() -> Vec<PathBuf> {
    let mut folders: Vec<(u32, PathBuf)> = Vec::new();
    for (root, prefix) in VERSIONED {
        for entry in fs::read_dir(root).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let version = name.to_str().and_then(|n| n.strip_prefix(prefix)).and_then(|v| v.parse().ok());
            if let Some(version) = version {
                folders.push((version, entry.path().join("bin")));
            }
        }
    }
    folders.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    folders.into_iter().map(|(_, folder)| folder).collect()
}

fn probe(folder: &Path) -> Option<Binaries> {
    // A link on the PATH leads to the folder where all the server's programs are.
    let postgres = fs::canonicalize(folder.join("postgres")).ok()?;
    let bin = postgres.parent()?.to_owned();
    if !bin.join("initdb").is_file() {
        return None;
    }
    let output = Command::new(postgres).arg("--version").output().ok()?;
    let major = major_of(std::str::from_utf8(&output.stdout).ok()?)?;
    Some(Binaries { bin, major })
}

/// `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` → 15; also `17rc1`, `18devel`.
fn major_of(version: &str) -> Option<u32> {
    let number = version.split("(PostgreSQL) ").nth(1)?;
    let digits = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
    number[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_postgres_prints() {
        assert_eq!(major_of("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major_of("postgres (PostgreSQL) 18devel\n"), Some(18));
        assert_eq!(major_of("pgbouncer 1.2"), None);
    }

    #[test]
    fn a_folder_without_a_server_says_where_we_looked() {
        let empty = tempfile::tempdir().unwrap();
        let error = find(Some(empty.path())).unwrap_err();
        assert!(error.to_string().contains(empty.path().to_str().unwrap()), "{error}");
    }
}
