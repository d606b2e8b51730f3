//! A server on a given database, in the test's own process, so that its books can be looked at.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use chrono::Utc;
use command_api::keys::cache::{Keys, MemoryKeys};
use command_api::keys::{Grant, Key, Scope};
use command_api::{Engine, Parts, Readiness, ServerConfig};
use event_schemas::{Position, Shard};
use event_store::PostgresLog;
use sequencer::{Config, Sequencer, Stopped, snapshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::requests::Request;

/// These are no outcomes of the request's own key, and nothing is recorded: each such answer has another request's id.
const NOT_RECORDED: &[&str] = &["invalid_body", "key_reused", "keys_mixed"];

/// What outlives a server.
pub struct Secrets {
    key: Key,
    token: String,
    of_requests: [u8; 32],
}

pub struct Server {
    url: String,
    token: String,
    client: reqwest::Client,
    sequencer: Sequencer,
    running: JoinHandle<Stopped>,
    serving: JoinHandle<()>,
    stop: CancellationToken,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: bytes::Bytes,
}

struct AlwaysReady;

impl Readiness for AlwaysReady {
    fn ready(&self) -> Result<(), String> {
        Ok(())
    }
}

impl Secrets {
    pub fn make() -> Secrets {
        let scopes = BTreeSet::from_iter(Scope::ALL.iter().copied());
        let (key, token) = Key::issue(None, "test".to_owned(), scopes, Grant::All, Utc::now());
        Secrets { key, token: token.as_str().to_owned(), of_requests: [7; 32] }
    }
}

impl Server {
    pub async fn start(database: &str, secrets: &Secrets) -> Server {
        let log = PostgresLog::connect(database, Shard(1)).await.unwrap();
        let (sequencer, running) = sequencer::start(Arc::new(log), Config::default()).await.unwrap();
        let source = MemoryKeys::default();
        source.put(secrets.key.clone());
        let parts = Parts {
            engine: Some(Arc::new(Engine::new(sequencer.clone(), secrets.of_requests))),
            keys: Keys::load(source).await.unwrap(),
            readiness: Arc::new(AlwaysReady),
            registry: prometheus::Registry::new(),
        };
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let bound = command_api::bind(ServerConfig { listen, ..ServerConfig::default() }).await.unwrap();
        let (url, stop) = (format!("http://{}", bound.address), CancellationToken::new());
        let until = stop.clone();
        let serving = tokio::spawn(async move { bound.serve(parts, until).await.unwrap() });
        let (token, client) = (secrets.token.clone(), reqwest::Client::new());
        Server { url, token, client, sequencer, running, serving, stop }
    }

    pub async fn ask(&self, request: &Request) -> Answer {
        let sent = self
            .client
            .post(format!("{}{}", self.url, request.path))
            .bearer_auth(&self.token)
            .header("idempotency-key", &request.key)
            .header("content-type", request.content_type)
            .body(request.body.clone());
        let answer = sent.send().await.unwrap();
        let (status, body) = (answer.status().as_u16(), answer.bytes().await.unwrap());
        Answer { status, body: without_request_id(body) }
    }

    /// All that it holds in memory, as a snapshot would have it.
    pub async fn books(&self) -> Vec<u8> {
        self.sequencer.read(|books, _| snapshot::encode_books(books)).await.unwrap()
    }

    pub async fn log_end(&self) -> Position {
        self.sequencer.read(|_, position| position).await.unwrap()
    }

    /// In order: what was taken is answered first.
    pub async fn stop(self) -> Stopped {
        let Server { sequencer, running, serving, stop, client, .. } = self;
        // Its kept-alive connections would be waited for.
        drop(client);
        stop.cancel();
        serving.await.unwrap();
        drop(sequencer);
        running.await.unwrap()
    }
}

fn without_request_id(body: bytes::Bytes) -> bytes::Bytes {
    let Ok(mut problem) = serde_json::from_slice::<serde_json::Value>(&body) else { return body };
    let is_recorded = !NOT_RECORDED.iter().any(|code| problem["code"] == *code);
    let Some(fields) = problem.as_object_mut().filter(|_| !is_recorded) else { return body };
    fields.remove("request_id");
    problem.to_string().into()
}
