//! What can keep a private Postgres from starting, each in words that say what to do.

use std::{io, path::PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum PrivatePostgresError {
    #[error(
        "no Postgres server found (looked for `postgres` and `initdb` of version {MAJOR_MIN} or newer in {looked_in}); \
         install it (Debian: apt-get install postgresql) or name its bin folder",
        MAJOR_MIN = super::binaries::MAJOR_MIN
    )]
    BinariesNotFound { looked_in: String },

    #[error("{folder} cannot be entered by user {user}, who runs Postgres when started as root: `chmod a+x {folder}` or choose another data folder", folder = folder.display())]
    NotTraversable { folder: PathBuf, user: String },

    #[error("the data folder {data_dir} is in use by process {pid}", data_dir = data_dir.display())]
    InUse { data_dir: PathBuf, pid: String },

    #[error(
        "the data in {data_dir} is of Postgres {found}, but only {have} is installed: install Postgres {found}, or move the data with pg_upgrade",
        data_dir = data_dir.display()
    )]
    OtherVersion { data_dir: PathBuf, found: String, have: String },

    #[error("{folder} is not empty and holds no Postgres data: choose another data folder", folder = folder.display())]
    ForeignFolder { folder: PathBuf },

    #[error("the database that was in {data_dir} is gone: put it back, or restore a backup", data_dir = data_dir.display())]
    Gone { data_dir: PathBuf },

    #[error("the socket folder {folder} belongs to somebody else or is open to others: remove it", folder = folder.display())]
    ForeignSocketFolder { folder: PathBuf },

    #[error("initdb failed: {stderr}")]
    InitdbFailed { stderr: String },

    #[error("Postgres ended while starting ({status}); the end of its log:\n{log}")]
    EndedAtStart { status: String, log: String },

    #[error("Postgres was not ready after {waited_s} s; the end of its log:\n{log}")]
    NotReady { waited_s: u64, log: String },

    #[error("cannot {what}")]
    Io {
        what: String,
        #[source]
        source: io::Error,
    },

    #[error("cannot create the database {name}")]
    CreateDatabase {
        name: String,
        #[source]
        source: tokio_postgres::Error,
    },
}

/// Names what was being done when an IO error came.
pub(super) trait Doing<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, PrivatePostgresError>;
}

impl<T, E: Into<io::Error>> Doing<T> for Result<T, E> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, PrivatePostgresError> {
        self.map_err(|source| PrivatePostgresError::Io { what: what(), source: source.into() })
    }
}
