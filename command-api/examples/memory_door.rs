//! A door before books in memory, for trying clients against: prints its address and a key that may do everything.
//!
//! `cargo run -p command-api --example memory_door [ADDRESS]`. All is forgotten when it ends.

use std::{net::SocketAddr, sync::Arc};

use command_api::{
    Engine, Parts, Readiness, ServerConfig,
    keys::{
        Grant, Key, Scope,
        cache::{Keys, MemoryKeys},
    },
};
use event_schemas::Shard;
use event_store::MemoryLog;
use tokio_util::sync::CancellationToken;

struct Always;

impl Readiness for Always {
    fn ready(&self) -> Result<(), String> {
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listen: SocketAddr = std::env::args().nth(1).as_deref().unwrap_or("127.0.0.1:8000").parse()?;
    let (sequencer, _) =
        sequencer::start(Arc::new(MemoryLog::new(Shard(1))), sequencer::Config::default()).await?;

    let source = MemoryKeys::default();
    let scopes = Scope::ALL.iter().copied().collect();
    let (key, token) = Key::issue(Some("dev".into()), "dev".into(), scopes, Grant::All, chrono::Utc::now());
    source.put(key);

    let bound =
        command_api::bind(ServerConfig { listen, bench_echo: true, ..ServerConfig::default() }).await?;
    println!("http://{}\n{}", bound.address, token.as_str());
    let parts = Parts {
        engine: Some(Arc::new(Engine::new(sequencer, rand::random()))),
        keys: Keys::load(source).await?,
        readiness: Arc::new(Always),
        registry: prometheus::Registry::new(),
    };
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    tokio::spawn(async move {
        let _ = tokio::signal::ctrl_c().await;
        stopping.cancel();
    });
    Ok(bound.serve(parts, stop).await?)
}
