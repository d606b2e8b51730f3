//! The roles in one process: the sequencer on a Postgres, and the door before it.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use command_api::{
    Engine, Parts, Readiness, ServeError, ServerConfig,
    keys::{cache::Keys, postgres::PostgresKeys},
    server::Bound,
    telemetry::observer::Observer,
};
use event_schemas::Shard;
use event_store::{Log, LogError, PoolOptions, PostgresLog};
use projections::{Projectors, Views};
use sequencer::{Sequencer, Stopped};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{config::Door, exit::Exit};

/// The one shard of books.
pub const BOOKS: Shard = Shard(1);
/// Records since the last snapshot from which on an orderly stop makes one: a tenth of a second of the next start.
const SNAPSHOT_AT_STOP: u64 = 20_000;
/// After the door has closed: how long the last batch and its handles may take.
const SEQUENCER_GRACE: Duration = Duration::from_secs(15);

const FENCED: &str = "another server has taken this log over, so this one has stopped; nothing that it answered is \
                      lost. One log has one writer: stop one of the two";

/// The engine on a database, before its door opens.
pub struct Service {
    pub keys: PostgresKeys,
    log: Arc<PostgresLog>,
    sequencer: Sequencer,
    sequencing: JoinHandle<Stopped>,
    views: Views,
    projectors: Option<Projectors>,
}

/// Brings the schemas up to date; everybody who uses the database calls it first.
pub async fn migrate(url: &str) -> Result<()> {
    event_store::migrate(url).await.map_err(in_words)?;
    command_api::keys::postgres::migrate(url).await.map_err(in_words)?;
    Ok(projections::migrate(url).await?)
}

/// The views of a database that has been migrated.
pub fn views(url: &str) -> Result<Views> {
    let options = PoolOptions { connections_max: 16, application_name: "nexus views", ..Default::default() };
    Ok(Views::new(event_store::pool(url, &options)?, BOOKS))
}

/// The keys of a database that has been migrated.
pub fn keys(url: &str) -> Result<PostgresKeys> {
    let options = PoolOptions { connections_max: 2, application_name: "nexus-keys", ..Default::default() };
    Ok(PostgresKeys::new(event_store::pool(url, &options)?))
}

impl Service {
    /// Migrates, takes the log over and folds it; with views, goes on to fold it into them.
    pub async fn start(url: &str, with_views: bool) -> Result<Service> {
        migrate(url).await?;
        let keys = keys(url)?;
        let log = Arc::new(PostgresLog::connect(url, BOOKS).await.map_err(in_words)?);
        let started = sequencer::start(log.clone(), sequencer::Config::default()).await;
        let (sequencer, sequencing) = started.context("cannot start the sequencer")?;
        let projectors = match with_views {
            true => Some(projections::start(url, log.clone(), &[]).await.context("cannot start the views")?),
            false => None,
        };
        Ok(Service { keys, log, sequencer, sequencing, views: views(url)?, projectors })
    }

    /// Opens the door. From here on it answers.
    pub async fn open(self, bound: Bound, stop: CancellationToken) -> Result<Serving> {
        let Service { keys, log, sequencer, sequencing, views, projectors } = self;
        let secret = keys.request_secret().await?;
        let mut engine = Engine::new(sequencer.clone(), secret);
        engine.views = Some(views);
        let parts = Parts {
            engine: Some(Arc::new(engine)),
            keys: Keys::load(keys).await?,
            readiness: Arc::new(Writes(sequencer)),
            registry: prometheus::Registry::new(),
        };
        let serving = tokio::spawn(bound.serve(parts, stop.clone()));
        Ok(Serving { log, sequencing, projectors, serving, stop })
    }
}

/// The service at work.
pub struct Serving {
    log: Arc<PostgresLog>,
    sequencing: JoinHandle<Stopped>,
    projectors: Option<Projectors>,
    serving: JoinHandle<Result<(), ServeError>>,
    stop: CancellationToken,
}

impl Serving {
    /// Until told to stop, or until another server takes the log over; then all ends in order.
    pub async fn until_stopped(mut self) -> Result<()> {
        let mut stopped = None;
        let served = tokio::select! {
            served = &mut self.serving => served,
            ended = &mut self.sequencing => {
                stopped = Some(ended);
                self.stop.cancel();
                (&mut self.serving).await
            }
        };
        if let Some(projectors) = self.projectors {
            projectors.stop().await;
        }
        served.context("the door's task ended")??;
        let stopped = match stopped {
            Some(ended) => Some(ended),
            // The door is closed and its handles are gone: the sequencer answers what it has, and ends.
            None => tokio::time::timeout(SEQUENCER_GRACE, &mut self.sequencing).await.ok(),
        };
        match stopped.transpose().context("the sequencer's task ended")? {
            Some(Stopped::Fenced) => return Err(Exit::Fenced.because(FENCED)),
            Some(Stopped::Asked) => {}
            None => tracing::warn!("the sequencer was still at work when its time was up"),
        }
        if let Err(error) = snapshot_if_much_is_new(&*self.log).await {
            tracing::warn!(error = &*error, "no snapshot was made: the next start takes longer");
        }
        Ok(())
    }
}

/// Ready while commands are taken.
struct Writes(Sequencer);

impl Readiness for Writes {
    fn ready(&self) -> Result<(), String> {
        self.0.may_write().map_err(|unavailable| unavailable.to_string())
    }
}

/// The door, its port taken.
pub async fn bind(door: &Door, observer: Option<Observer>) -> Result<Bound> {
    let config = ServerConfig {
        listen: door.listen.address,
        access_successes: door.access_log,
        bench_echo: door.bench_echo,
        observer,
        ..ServerConfig::default()
    };
    command_api::bind(config).await.map_err(|error| match error {
        ServeError::PortBusy(address) => Exit::PortBusy.because(format!(
            "{address} is in use by another program; stop it, or listen elsewhere (--listen ADDR)"
        )),
        error => error.into(),
    })
}

async fn snapshot_if_much_is_new(log: &dyn Log) -> Result<()> {
    let last = log.head().await?.last;
    let newest = log.newest_snapshots().await?.first().map_or(0, |snapshot| snapshot.sequence.0);
    if last.0.saturating_sub(newest) >= SNAPSHOT_AT_STOP {
        sequencer::snapshot::take(log).await?;
    }
    Ok(())
}

/// Data of a newer version has its own exit code.
fn in_words(error: LogError) -> anyhow::Error {
    match error {
        LogError::NewerData { .. } => Exit::NewerData.because(error.to_string()),
        error => error.into(),
    }
}
