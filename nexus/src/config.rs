//! Everything that configures the binary, in one place: a flag wins over the environment, that over the default.

use std::path::PathBuf;

/// Where `nexus up` keeps everything, and where the client finds its address and key.
#[derive(clap::Args, Debug, Clone)]
pub struct DataFolder {
    /// The data folder
    #[arg(long = "data", value_name = "DIR", env = "NEXUS_DATA", default_value = ".nexus")]
    pub path: PathBuf,
}

/// The server that a client command talks to.
#[derive(clap::Args, Debug, Clone)]
pub struct Server {
    #[command(flatten)]
    pub data: DataFolder,

    /// The server's address; else the one that runs on the data folder
    #[arg(long, env = "NEXUS_URL")]
    pub url: Option<String>,

    /// The API key; else the data folder's dev key
    #[arg(long, env = "NEXUS_KEY", hide_env_values = true)]
    pub key: Option<String>,
}

impl DataFolder {
    /// Holds the dev key's token, mode 600.
    pub fn dev_key(&self) -> PathBuf {
        self.path.join("dev-key")
    }

    /// Holds the address of the server that runs on this folder; gone when none does.
    pub fn address(&self) -> PathBuf {
        self.path.join("address")
    }
}
