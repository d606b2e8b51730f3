//! A door on a real socket, and a client that sends the very bytes a test names.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

use std::{
    collections::BTreeSet,
    fmt::Write,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::Utc;
use command_api::{
    Engine, Parts, Readiness, ServeError, ServerConfig,
    keys::{
        Grant, Key, Scope,
        cache::{Keys, MemoryKeys},
    },
};
use event_schemas::Shard;
use event_store::{Log, MemoryLog};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

pub struct Door {
    pub address: SocketAddr,
    pub keys: Arc<Keys>,
    pub source: MemoryKeys,
    pub ready: Arc<Ready>,
    pub stop: CancellationToken,
    pub served: JoinHandle<Result<(), ServeError>>,
}

#[derive(Default)]
pub struct Ready(pub Mutex<Option<String>>);

impl Readiness for Ready {
    fn ready(&self) -> Result<(), String> {
        self.0.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

pub fn config() -> ServerConfig {
    ServerConfig { listen: SocketAddr::from(([127, 0, 0, 1], 0)), ..ServerConfig::default() }
}

/// A door without an engine.
pub async fn open(config: ServerConfig) -> Door {
    open_with(config, None).await
}

/// A door before books in memory.
pub async fn open_books() -> Door {
    let log = MemoryLog::new(Shard(1));
    open_on(log).await
}

/// A door before books in memory, with views of them in Postgres.
pub async fn open_books_with_views() -> Door {
    let migrate = |url: String| async move { projections::migrate(&url).await.unwrap() };
    let url = infra::TestPostgres::shared().fresh_database("views", migrate).await.url;
    let log = Arc::new(MemoryLog::new(Shard(1)));
    let (sequencer, _) = sequencer::start(log.clone(), sequencer::Config::default()).await.unwrap();
    let mut engine = Engine::new(sequencer, [7; 32]);
    let pool = event_store::pool(&url, &event_store::PoolOptions::default()).unwrap();
    engine.views = Some(projections::Views::new(pool, Shard(1)));
    // They end with the test's runtime.
    std::mem::forget(projections::start(&url, log, &[]).await.unwrap());
    open_with(config(), Some(Arc::new(engine))).await
}

pub async fn open_on(log: MemoryLog) -> Door {
    open_impatient(log, Duration::from_secs(20)).await
}

/// A door that lets callers wait only so long.
pub async fn open_impatient(log: MemoryLog, answer_within: Duration) -> Door {
    let (sequencer, _) = sequencer::start(Arc::new(log), sequencer::Config::default()).await.unwrap();
    let mut engine = Engine::new(sequencer, [7; 32]);
    engine.answer_within = answer_within;
    open_with(config(), Some(Arc::new(engine))).await
}

/// A door before whatever books there are.
pub async fn open_before(log: Arc<dyn Log>, config: ServerConfig) -> Door {
    let (sequencer, _) = sequencer::start(log, sequencer::Config::default()).await.unwrap();
    open_with(config, Some(Arc::new(Engine::new(sequencer, [7; 32])))).await
}

async fn open_with(config: ServerConfig, engine: Option<Arc<Engine>>) -> Door {
    let source = MemoryKeys::default();
    let keys = Keys::load(source.clone()).await.unwrap();
    let ready = Arc::new(Ready::default());
    let parts = Parts {
        engine,
        keys: Arc::clone(&keys),
        readiness: Arc::<Ready>::clone(&ready),
        registry: prometheus::Registry::new(),
    };
    let bound = command_api::bind(config).await.unwrap();
    let (address, stop) = (bound.address, CancellationToken::new());
    let served = tokio::spawn(bound.serve(parts, stop.clone()));
    Door { address, keys, source, ready, stop, served }
}

impl Door {
    /// A fresh key with these scopes, for these ledgers (`*` = all).
    pub async fn key(&self, scopes: &[Scope], ledgers: &[&str]) -> String {
        let grant = if ledgers == ["*"] {
            Grant::All
        } else {
            Grant::Only(ledgers.iter().map(|&ledger| ledger.to_owned()).collect())
        };
        let scopes = BTreeSet::from_iter(scopes.iter().copied());
        let (key, token) = Key::issue(None, "test".to_owned(), scopes, grant, Utc::now());
        self.source.put(key);
        self.keys.refresh().await.unwrap();
        token.as_str().to_owned()
    }

    /// Sends these bytes, then reads until the server closes.
    pub async fn raw(&self, bytes: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // A server that refuses early may close before it has read everything.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        while stream.read_buf(&mut answer).await.is_ok_and(|read| read > 0) {
            if let Some(head) = head_of_endless(&answer) {
                answer.truncate(head);
                break;
            }
        }
        Answer::parse(&answer)
    }

    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: door\r\nConnection: close\r\n");
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        if !body.is_empty() {
            write!(head, "Content-Length: {}\r\n", body.len()).unwrap();
        }
        self.raw(format!("{head}\r\n{body}").as_bytes()).await
    }

    pub async fn get(&self, path: &str, token: &str) -> Answer {
        self.send("GET", path, &[("Authorization", &format!("Bearer {token}"))], "").await
    }

    /// Posts with a key, so that the answer can be foretold.
    pub async fn command(&self, path: &str, token: &str, key: &str, body: &str) -> Answer {
        let authorization = format!("Bearer {token}");
        let headers = [
            ("Authorization", &*authorization),
            ("Content-Type", "application/json"),
            ("Idempotency-Key", key),
        ];
        self.send("POST", path, &headers, body).await
    }

    pub async fn post(&self, path: &str, token: &str, body: &str) -> Answer {
        let authorization = format!("Bearer {token}");
        let headers = [("Authorization", &*authorization), ("Content-Type", "application/json")];
        self.send("POST", path, &headers, body).await
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("an answer with a head");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut body = bytes[end + 4..].to_vec();
        if head.to_lowercase().contains("transfer-encoding: chunked") {
            body = unchunked(&body);
        }
        Self { status, head, body }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.text()))
    }

    /// Status and body in one line, with the request's id taken out.
    pub fn snapshot(&self) -> String {
        let mut text = self.text().to_owned();
        if let Some(at) = text.find(",\"request_id\":\"") {
            let end = at + 15 + text[at + 15..].find('"').unwrap() + 1;
            text.replace_range(at..end, "");
        }
        format!("{} {text}", self.status)
    }
}

/// Of an answer without end its head is all that is waited for: how long it is.
fn head_of_endless(answer: &[u8]) -> Option<usize> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    answer[..end].windows(17).any(|window| window == b"text/event-stream").then_some(end)
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let Some(end) = bytes.windows(2).position(|window| window == b"\r\n") else { return body };
        let len = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).unwrap(), 16).unwrap();
        if len == 0 {
            return body;
        }
        body.extend_from_slice(&bytes[end + 2..end + 2 + len]);
        bytes = &bytes[end + 2 + len + 2..];
    }
}

/// For what must end: a test that would hang fails instead.
pub async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("it ends soon")
}
