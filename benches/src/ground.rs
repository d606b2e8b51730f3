//! What every measurement and drill stands on: the server's binary, and a folder for the databases.

use std::path::PathBuf;

use crate::scratch::{self, Scratch};

#[derive(clap::Args, Debug, Clone)]
pub struct Ground {
    /// The server's binary; else the one beside this program
    #[arg(long, value_name = "PATH")]
    nexus: Option<PathBuf>,
    /// Where the databases of the run are put (and removed); must be on a real disk
    #[arg(long, value_name = "DIR", default_value = scratch::DEFAULT_ROOT)]
    data_root: PathBuf,
    /// Keep the databases
    #[arg(long)]
    keep: bool,
}

impl Ground {
    /// `target/release/nexus` beside this very program, unless told otherwise.
    pub fn nexus(&self) -> anyhow::Result<PathBuf> {
        let path = match &self.nexus {
            Some(path) => path.clone(),
            None => std::env::current_exe()?.with_file_name("nexus"),
        };
        anyhow::ensure!(path.is_file(), "{} is missing: build it, or say --nexus PATH", path.display());
        Ok(path)
    }

    pub fn scratch(&self) -> std::io::Result<Scratch> {
        Scratch::create(&self.data_root, self.keep)
    }
}
