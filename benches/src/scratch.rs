//! A folder for one run's databases, removed at its end.

use std::path::{Path, PathBuf};

/// On the disk by convention (`/tmp` is often memory, where a commit costs nothing), and everybody may enter it, as
/// the user that Postgres runs as must.
pub const DEFAULT_ROOT: &str = "/var/tmp";

#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    keep: bool,
}

impl Scratch {
    pub fn create(root: &Path, keep: bool) -> std::io::Result<Self> {
        let path = root.join(format!("nexus-bench-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self { path, keep })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.keep {
            eprintln!("kept: {}", self.path.display());
        } else if let Err(error) = std::fs::remove_dir_all(&self.path) {
            eprintln!("cannot remove {}: {error}", self.path.display());
        }
    }
}
