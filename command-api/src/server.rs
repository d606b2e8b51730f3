//! Puts the door together and keeps it open until told to stop.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use poem::{EndpointExt, IntoEndpoint, Response, endpoint::BoxEndpoint};
use poem_openapi::{OpenApi, OpenApiService};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    caller::Gate,
    connections,
    echo::EchoRoutes,
    edge::Edge,
    engine::{Engine, metrics::EngineMetrics, view_metrics::ViewMetrics},
    health::{HealthRoutes, Readiness},
    home::{Pages, Site},
    keys::cache::Keys,
    routes,
    spec::{Spec, SpecError},
    stream::{StreamConfig, Streams},
    telemetry::{
        access::{AccessLog, Successes},
        metrics::HttpMetrics,
        observer::Observer,
    },
};

/// How the door behaves. Whoever starts it reads files and the environment; the door does not.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    pub listen: SocketAddr,
    /// The `service` of metrics and log lines.
    pub service: String,
    pub connections_max: usize,
    /// A connection on which nothing moves for so long is closed.
    pub idle_timeout: Duration,
    /// After the signal to stop: how long to say "not ready" before new connections are refused.
    pub drain: Duration,
    /// Then: how long requests in flight may take to end.
    pub grace: Duration,
    pub access_successes: Successes,
    /// A request that takes longer always gets a log line.
    pub slow: Duration,
    /// Mounts the route that benches measure as the ceiling. Never in production.
    pub bench_echo: bool,
    pub stream: StreamConfig,
    /// Hears of every request that was answered.
    pub observer: Option<Observer>,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8000)),
            service: "nexus".to_owned(),
            connections_max: 10_000,
            idle_timeout: Duration::from_secs(75),
            drain: Duration::ZERO,
            grace: Duration::from_secs(10),
            access_successes: Successes::None,
            slow: Duration::from_secs(1),
            bench_echo: false,
            stream: StreamConfig::default(),
            observer: None,
        }
    }
}

/// What the door is given by whoever starts it.
pub struct Parts {
    /// Without it, only what needs no engine is served: health, metrics, pages.
    pub engine: Option<Arc<Engine>>,
    pub keys: Arc<Keys>,
    pub readiness: Arc<dyn Readiness>,
    /// Holds the engine's metrics; the door adds its own.
    pub registry: prometheus::Registry,
}

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("{0} is in use by another program; stop it, or listen elsewhere")]
    PortBusy(SocketAddr),
    #[error("not allowed to listen on {0}; ports below 1024 need a privilege")]
    NotPermitted(SocketAddr),
    #[error("could not listen on {address}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("the routes do not make a valid document")]
    Spec(#[from] SpecError),
    #[error("a metric is registered twice")]
    Metrics(#[from] prometheus::Error),
}

/// A door that holds its port and does not answer yet.
pub struct Bound {
    config: ServerConfig,
    listener: TcpListener,
    pub address: SocketAddr,
}

/// Takes the port, so that a busy one is known before anything else is started.
pub async fn bind(config: ServerConfig) -> Result<Bound, ServeError> {
    let address = config.listen;
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => ServeError::PortBusy(address),
        io::ErrorKind::PermissionDenied => ServeError::NotPermitted(address),
        _ => ServeError::Listen { address, source },
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok(Bound { config, listener, address })
}

impl Bound {
    /// Answers until `stop`, then lets requests in flight end.
    pub async fn serve(self, parts: Parts, stop: CancellationToken) -> Result<(), ServeError> {
        let draining =
            Arc::new(Draining { inner: Arc::clone(&parts.readiness), is_on: AtomicBool::new(false) });
        let keys = Arc::clone(&parts.keys);
        let streams = parts.engine.as_ref().map(|engine| {
            let log = Arc::clone(engine.sequencer.log());
            Streams::new(log, Arc::clone(&keys), self.config.stream.clone(), stop.clone())
        });
        let parts = Parts { readiness: Arc::<Draining>::clone(&draining), ..parts };
        let endpoint = door(&self.config, parts, streams.as_ref())?;
        let refreshing = tokio::spawn(keys.follow(stop.clone()));

        let stopped = async {
            stop.cancelled().await;
            draining.is_on.store(true, Ordering::Release);
            tokio::time::sleep(self.config.drain).await;
        };
        connections::serve(self.listener, endpoint, &self.config, stopped).await;
        // Connections that became WebSockets are no longer the server's.
        if let Some(streams) = streams {
            let _ = tokio::time::timeout(self.config.grace, streams.all_ended()).await;
        }
        refreshing.abort();
        Ok(())
    }
}

/// The whole application, from the edge to the routes.
pub fn door(
    config: &ServerConfig,
    parts: Parts,
    streams: Option<&Arc<Streams>>,
) -> Result<BoxEndpoint<'static, Response>, ServeError> {
    let Parts { engine, keys, readiness, registry } = parts;
    let views = engine.as_ref().and_then(|engine| Some((engine.views.clone()?, engine.sequencer.clone())));
    let views =
        views.map(|(views, sequencer)| ViewMetrics::register(&registry, views, sequencer)).transpose()?;
    let health = HealthRoutes { readiness, registry: registry.clone(), views };
    match engine.zip(streams) {
        None if config.bench_echo => edged(config, keys, &registry, (health, EchoRoutes)),
        None => edged(config, keys, &registry, health),
        Some((engine, streams)) => {
            registry.register(Box::new(EngineMetrics(engine.sequencer.clone())))?;
            let routes = routes::all(&engine, streams);
            if config.bench_echo {
                edged(config, keys, &registry, (routes, health, EchoRoutes))
            } else {
                edged(config, keys, &registry, (routes, health))
            }
        }
    }
}

fn edged<T: OpenApi + 'static>(
    config: &ServerConfig,
    keys: Arc<Keys>,
    registry: &prometheus::Registry,
    routes: T,
) -> Result<BoxEndpoint<'static, Response>, ServeError> {
    let service = OpenApiService::new(routes, "NEXUS", env!("CARGO_PKG_VERSION"))
        .description(include_str!("description.md"));
    let spec = Spec::of(&service)?;
    let pages = Pages::new(&service, spec.json);
    Ok(Edge {
        inner: Site { pages, api: service.into_endpoint() },
        gate: Arc::new(Gate { keys, routes: spec.routes }),
        metrics: HttpMetrics::register(registry, &config.service)?,
        access: AccessLog::new(config.service.clone(), config.access_successes, config.slow),
        observer: config.observer.clone(),
    }
    .boxed())
}

/// Not ready from the moment it is told to stop, whatever the rest says.
struct Draining {
    inner: Arc<dyn Readiness>,
    is_on: AtomicBool,
}

impl Readiness for Draining {
    fn ready(&self) -> Result<(), String> {
        if self.is_on.load(Ordering::Acquire) {
            return Err("the server is stopping".to_owned());
        }
        self.inner.ready()
    }
}
