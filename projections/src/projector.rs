//! Runs views: each build in a task of its own, which reads, folds, and moves its position in the transaction of its rows.

mod ahead;
mod pace;
mod task;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use deadpool_postgres::Pool;
use event_store::{Log, PoolOptions};
use tokio::{
    task::{AbortHandle, Id, JoinError, JoinHandle, JoinSet},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::{
    ViewError,
    builds::{self, Build, State},
    view::View,
    views,
};
use task::Task;

/// How often to look for builds that nobody works at. Also the rest after a failure, or while a view is halted.
const PAUSE: Duration = Duration::from_millis(500);
/// A task that panicked is started again after so long, then twice as long, and so on.
const REST_FIRST: Duration = Duration::from_secs(1);
const REST_MAX: Duration = Duration::from_secs(60);

/// Makes a view with nothing in its memory.
pub type MakeView = Arc<dyn Fn() -> Box<dyn View> + Send + Sync>;

/// A build takes one connection, its lock another, a comparison a third; and each view may be built anew beside its live build.
/// They are made as they are needed.
const CONNECTIONS_MAX: usize = 48;

/// The projectors of this process, at work until stopped.
pub struct Projectors {
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl Projectors {
    /// Ends after the batches under way. What was not committed is folded again at the next start.
    pub async fn stop(self) {
        self.stop.cancel();
        let _ = self.running.await;
    }
}

/// Starts the projectors of the named views (all when none is named) on the database that holds their tables.
pub async fn start(url: &str, log: Arc<dyn Log>, names: &[String]) -> Result<Projectors, ViewError> {
    for name in names {
        views::named(name).ok_or_else(|| ViewError::NoSuchView(name.clone()))?;
    }
    let chosen = |name: &str| names.is_empty() || names.iter().any(|chosen| chosen == name);
    let all: Vec<&'static str> = views::all().iter().map(|view| view.name()).collect();
    let chosen = all.into_iter().filter(|name| chosen(name));
    let made = chosen.map(|name| -> MakeView { Arc::new(move || views::named(name).expect("it is listed")) });
    start_views(url, log, made.collect()).await
}

/// Starts the projectors of these views, which need not be among those of this program.
pub async fn start_views(
    url: &str,
    log: Arc<dyn Log>,
    views: Vec<MakeView>,
) -> Result<Projectors, ViewError> {
    builds::migrate(url).await?;
    let options = PoolOptions {
        connections_max: CONNECTIONS_MAX,
        application_name: "nexus projector",
        ..PoolOptions::default()
    };
    let pool = event_store::pool(url, &options)?;
    let stop = CancellationToken::new();
    let supervisor = Supervisor {
        pool,
        log,
        views,
        stop: stop.clone(),
        tasks: JoinSet::new(),
        at_work: HashMap::new(),
        resting: HashMap::new(),
    };
    let running = tokio::spawn(supervisor.run());
    Ok(Projectors { stop, running })
}

struct Supervisor {
    pool: Pool,
    log: Arc<dyn Log>,
    views: Vec<MakeView>,
    stop: CancellationToken,
    tasks: JoinSet<()>,
    at_work: HashMap<Id, Build>,
    /// Builds whose tasks panicked.
    resting: HashMap<Build, Rest>,
}

/// After a panic.
struct Rest {
    until: Instant,
    length: Duration,
}

impl Supervisor {
    /// Sees to it that each view has a build, and each build that is read or made a task.
    async fn run(mut self) {
        while !self.stop.is_cancelled() {
            match self.missing().await {
                Ok(missing) => {
                    for (build, view) in missing {
                        self.begin(build, view);
                    }
                }
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "cannot look for views")
                }
            }
            tokio::select! {
                () = self.stop.cancelled() => break,
                () = tokio::time::sleep(PAUSE) => {}
                Some(ended) = self.tasks.join_next_with_id() => self.ended(ended),
            }
        }
        while self.tasks.join_next().await.is_some() {}
    }

    fn begin(&mut self, build: Build, view: Box<dyn View>) {
        let task =
            Task::new(view, build.clone(), self.pool.clone(), Arc::clone(&self.log), self.stop.clone());
        let handle: AbortHandle = self.tasks.spawn(task.run());
        self.at_work.insert(handle.id(), build);
    }

    fn ended(&mut self, ended: Result<(Id, ()), JoinError>) {
        match ended {
            Ok((id, ())) => {
                if let Some(build) = self.at_work.remove(&id) {
                    self.resting.remove(&build);
                }
            }
            Err(error) => {
                let Some(build) = self.at_work.remove(&error.id()) else { return };
                let length = self.resting.get(&build).map_or(REST_FIRST, |rest| rest.length * 2);
                let length = length.min(REST_MAX);
                let (view, number) = (&*build.name, build.build);
                let again_in_s = length.as_secs();
                tracing::error!(view, build = number, %error, again_in_s, "a projector has panicked");
                self.resting.insert(build, Rest { until: Instant::now() + length, length });
            }
        }
    }

    /// Builds that nobody of this process works at, and should.
    async fn missing(&self) -> Result<Vec<(Build, Box<dyn View>)>, ViewError> {
        let shard = self.log.shard();
        let mut client = self.pool.get().await?;
        let mut missing = Vec::new();
        let statuses = builds::statuses(&**client, shard).await?;
        let at_work: HashSet<&Build> = self.at_work.values().collect();
        let rests = |build: &Build| self.resting.get(build).is_some_and(|rest| rest.until > Instant::now());
        for make in &self.views {
            let view = make();
            let ours = || {
                statuses.iter().filter(|s| s.build.name == view.name() && s.build.version == view.version())
            };
            if ours().next().is_none() {
                // Another process may have made it this very moment; then it is among the statuses the next time.
                let first = builds::make_first(&mut client, &*view, shard).await?;
                missing.extend(first.map(|build| (build, make())));
            }
            let active = ours().filter(|s| matches!(s.state, State::Live | State::Building));
            let idle = active.map(|s| &s.build).filter(|build| !at_work.contains(build) && !rests(build));
            missing.extend(idle.map(|build| (build.clone(), make())));
        }
        Ok(missing)
    }
}
