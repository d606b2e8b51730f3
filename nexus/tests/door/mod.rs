//! A server in the test's own process, on books in memory (where it is asked for, with views of them in Postgres), and the binary that talks to it.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
};

use chrono::Utc;
use command_api::{
    Engine, Parts, Readiness, ServerConfig,
    keys::{
        Grant, Key, Scope,
        cache::{Keys, MemoryKeys},
    },
};
use event_schemas::Shard;
use event_store::MemoryLog;
use infra::TestPostgres;
use tokio_util::sync::CancellationToken;

pub struct Door {
    pub url: String,
    pub key: String,
    pub folder: tempfile::TempDir,
    stop: CancellationToken,
    runtime: Option<tokio::runtime::Runtime>,
}

struct AlwaysReady;

impl Readiness for AlwaysReady {
    fn ready(&self) -> Result<(), String> {
        Ok(())
    }
}

impl Door {
    pub fn open() -> Self {
        Self::open_on(None)
    }

    /// With views of the books, in a Postgres of the test's own.
    pub fn open_with_views() -> Self {
        let migrate = |url: String| async move { projections::migrate(&url).await.unwrap() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let database = runtime.block_on(TestPostgres::shared().fresh_database("views", migrate));
        Self::open_on(Some(database.url))
    }

    fn open_on(views: Option<String>) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let stop = CancellationToken::new();
        let (url, key) = runtime.block_on(async {
            let log = Arc::new(MemoryLog::new(Shard(1)));
            let (sequencer, _) = sequencer::start(log.clone(), sequencer::Config::default()).await.unwrap();
            let mut engine = Engine::new(sequencer, [7; 32]);
            if let Some(url) = views {
                let pool = event_store::pool(&url, &event_store::PoolOptions::default()).unwrap();
                engine.views = Some(projections::Views::new(pool, Shard(1)));
                // They end with the test's runtime.
                std::mem::forget(projections::start(&url, log, &[]).await.unwrap());
            }
            let scopes = BTreeSet::from_iter(Scope::ALL.iter().copied());
            let (key, token) = Key::issue(None, "test".to_owned(), scopes, Grant::All, Utc::now());
            let source = MemoryKeys::default();
            source.put(key);
            let parts = Parts {
                engine: Some(Arc::new(engine)),
                keys: Keys::load(source).await.unwrap(),
                readiness: Arc::new(AlwaysReady),
                registry: prometheus::Registry::new(),
            };
            let listen = SocketAddr::from(([127, 0, 0, 1], 0));
            let bound = command_api::bind(ServerConfig { listen, ..ServerConfig::default() }).await.unwrap();
            let url = format!("http://{}", bound.address);
            tokio::spawn(bound.serve(parts, stop.clone()));
            (url, token.as_str().to_owned())
        });
        Self { url, key, folder: tempfile::tempdir().unwrap(), stop, runtime: Some(runtime) }
    }

    /// Writes a file into the test's folder.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    pub fn import(&self, file: &Path, mapping: &Path, flags: &[&str]) -> Told {
        let mut command = nexus(&["import", "csv"]);
        command.arg(file).arg("--mapping").arg(mapping).args(flags);
        Told::of(command.env("NEXUS_URL", &self.url).env("NEXUS_KEY", &self.key).output().unwrap())
    }

    /// The binary against this server.
    pub fn run(&self, args: &[&str]) -> Told {
        let mut command = nexus(args);
        Told::of(command.env("NEXUS_URL", &self.url).env("NEXUS_KEY", &self.key).output().unwrap())
    }

    /// Everything that was recorded in a ledger.
    pub fn events(&self, ledger: &str) -> Vec<serde_json::Value> {
        let (mut events, mut after) = (Vec::new(), String::new());
        loop {
            let page = self.call("GET", &format!("/v1/ledgers/{ledger}/events?limit=1000{after}"), None);
            events.extend(page["events"].as_array().unwrap_or_else(|| panic!("{page}")).iter().cloned());
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return events,
            }
        }
    }

    pub fn call(&self, method: &str, path: &str, body: Option<&str>) -> serde_json::Value {
        let runtime = self.runtime.as_ref().unwrap();
        runtime.block_on(async {
            let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
            let mut request = reqwest::Client::new().request(method, format!("{}{path}", self.url));
            request = request.bearer_auth(&self.key);
            if let Some(body) = body {
                request = request.header("content-type", "application/json").body(body.to_owned());
            }
            let bytes = request.send().await.unwrap().bytes().await.unwrap();
            serde_json::from_slice(&bytes).unwrap()
        })
    }

    /// The balance of an account in its only currency, debits less credits.
    pub fn balance(&self, ledger: &str, account: &str) -> String {
        let view = self.call("GET", &format!("/v1/ledgers/{ledger}/accounts/{account}"), None);
        view["balances"][0]["posted"]["balance"].as_str().unwrap_or_else(|| panic!("{view}")).to_owned()
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The binary, with nothing of this machine's settings.
pub fn nexus(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nexus"));
    command.args(args);
    for name in ["NEXUS_URL", "NEXUS_KEY", "NEXUS_DATA", "DATABASE_URL"] {
        command.env_remove(name);
    }
    command
}

/// What the binary said.
pub struct Told {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Told {
    pub fn of(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            code: output.status.code().unwrap_or(-1),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    /// `posted`, `already there`, `refused`, as the report counts them.
    #[track_caller]
    pub fn counts(&self) -> [u64; 3] {
        ["posted", "already there", "refused"].map(|word| {
            let count = self
                .out
                .lines()
                .find_map(|line| line.trim().strip_suffix(word)?.trim().replace(',', "").parse().ok());
            count.unwrap_or_else(|| panic!("no count of {word}:\n{}\n{}", self.out, self.err))
        })
    }
}
