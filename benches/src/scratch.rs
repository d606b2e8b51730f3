//! A folder for one run's databases, removed at its end.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// On the disk by convention (`/tmp` is often memory, where a commit costs nothing), and everybody may enter it, as
/// the user that Postgres runs as must.
pub const DEFAULT_ROOT: &str = "/var/tmp";

const REMOVALS_MAX: u32 = 50;

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
            return;
        }
        // After a failed run a Postgres may still be on its way out, and writing.
        for _ in 0..REMOVALS_MAX {
            match std::fs::remove_dir_all(&self.path) {
                Ok(()) => return,
                Err(_) => std::thread::sleep(Duration::from_millis(100)),
            }
        }
        eprintln!("cannot remove {}", self.path.display());
    }
}
