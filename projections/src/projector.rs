//! Runs views: each build in a task of its own, which reads, folds, and moves its position in the transaction of its rows.

use std::{collections::HashSet, sync::Arc, time::Duration};

use deadpool_postgres::{Object, Pool};
use event_schemas::{Event, Record, Sequence, Ts, Unreadable};
use event_store::{Log, PoolOptions};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    ViewError,
    builds::{self, Build, State},
    checksum::sums,
    error::Doing,
    feed::{Feed, LogFeed},
    view::{Poison, View},
    views,
};

/// Records folded in one transaction.
const BATCH_RECORDS_MAX: usize = 4_096;
/// How long to wait for records before looking whether something else is to be done.
const PATIENCE: Duration = Duration::from_millis(500);
/// After a failure of the database, or while a view is halted.
const PAUSE: Duration = Duration::from_millis(500);
/// A build that is no further behind than this is compared with the live one, or takes its place.
const NEARLY_THERE: u64 = 1_000;
/// Advisory locks of this class say "I move this build". "NXVW" in ASCII.
const LOCK_CLASS: i32 = 0x4E_58_56_57;

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
    builds::migrate(url).await?;
    let options =
        PoolOptions { connections_max: 16, application_name: "nexus projector", ..PoolOptions::default() };
    let pool = event_store::pool(url, &options)?;
    let stop = CancellationToken::new();
    let chosen = |name: &str| names.is_empty() || names.iter().any(|chosen| chosen == name);
    let names: Vec<&'static str> =
        views::all().iter().map(|view| view.name()).filter(|n| chosen(n)).collect();
    let supervisor = Supervisor { pool, log, names, stop: stop.clone() };
    let running = tokio::spawn(supervisor.run());
    Ok(Projectors { stop, running })
}

struct Supervisor {
    pool: Pool,
    log: Arc<dyn Log>,
    names: Vec<&'static str>,
    stop: CancellationToken,
}

impl Supervisor {
    /// Sees to it that each view has a build, and each build that is read or made a task.
    async fn run(self) {
        let mut tasks: JoinSet<Build> = JoinSet::new();
        let mut at_work: HashSet<Build> = HashSet::new();
        while !self.stop.is_cancelled() {
            match self.missing(&at_work).await {
                Ok(missing) => {
                    for build in missing {
                        at_work.insert(build.clone());
                        let task = Task {
                            view: views::named(&build.name).expect("listed"),
                            build,
                            pool: self.pool.clone(),
                            log: self.log.clone(),
                            stop: self.stop.clone(),
                        };
                        tasks.spawn(task.run());
                    }
                }
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "cannot look for views")
                }
            }
            tokio::select! {
                () = self.stop.cancelled() => break,
                () = tokio::time::sleep(PAUSE) => {}
                Some(ended) = tasks.join_next() => match ended {
                    Ok(build) => drop(at_work.remove(&build)),
                    // Its words stand in the log; the view stands still, the others go on.
                    Err(error) => tracing::error!(%error, "a projector has panicked"),
                },
            }
        }
        while tasks.join_next().await.is_some() {}
    }

    async fn missing(&self, at_work: &HashSet<Build>) -> Result<Vec<Build>, ViewError> {
        let shard = self.log.shard();
        let mut client = self.pool.get().await?;
        let mut missing = Vec::new();
        let statuses = builds::statuses(&**client, shard).await?;
        for name in &self.names {
            let view = views::named(name).expect("listed");
            let ours =
                || statuses.iter().filter(|s| s.build.name == *name && s.build.version == view.version());
            if ours().next().is_none() {
                missing.push(builds::make(&mut client, &*view, shard).await?);
            }
            let active = ours().filter(|s| matches!(s.state, State::Live | State::Building));
            missing.extend(active.map(|s| s.build.clone()).filter(|build| !at_work.contains(build)));
        }
        Ok(missing)
    }
}

/// One build's task.
struct Task {
    view: Box<dyn View>,
    build: Build,
    pool: Pool,
    log: Arc<dyn Log>,
    stop: CancellationToken,
}

impl Task {
    async fn run(mut self) -> Build {
        while !self.stop.is_cancelled() {
            match self.work().await {
                Ok(Ended::Over) => break,
                Ok(Ended::Waits) => {}
                Err(error) => {
                    let view = &*self.build.name;
                    tracing::warn!(
                        view,
                        error = &error as &dyn std::error::Error,
                        "a view stumbled: trying again"
                    );
                }
            }
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
        self.build
    }

    /// Until there is something to wait for, or nothing more to do.
    async fn work(&mut self) -> Result<Ended, ViewError> {
        self.view.forget();
        let mut client = self.pool.get().await?;
        let session =
            format!("SET search_path TO {}, public; SET synchronous_commit = off", self.build.schema());
        client.batch_execute(&session).await.doing("begin a projector's session")?;
        let lock = "SELECT pg_try_advisory_lock($1, hashtext($2))";
        let is_ours: bool =
            client.query_one(lock, &[&LOCK_CLASS, &self.build.schema()]).await.doing("lock a view")?.get(0);
        if !is_ours {
            return Ok(Ended::Waits);
        }
        let Some(status) = builds::status_of(&**client, &self.build).await? else { return Ok(Ended::Over) };
        if status.halted.is_some() {
            return Ok(Ended::Waits);
        }
        let mut feed = LogFeed(self.log.clone());
        let mut at = status.position;
        if status.state == State::Building {
            at = self.catch_up(&mut client, &mut feed, at).await?;
            if self.stop.is_cancelled() || !self.compare(&mut client, &mut feed, &mut at).await? {
                return Ok(Ended::Waits);
            }
            builds::go_live(&mut client, &self.build).await?;
            tracing::info!(
                view = self.build.name,
                build = self.build.build,
                position = at.0,
                "a view is live"
            );
        } else if status.state != State::Live {
            return Ok(Ended::Over);
        }
        while !self.stop.is_cancelled() {
            let lines = feed.after(at, BATCH_RECORDS_MAX, PATIENCE).await?;
            if lines.is_empty() {
                let state = builds::status_of(&**client, &self.build).await?.map(|status| status.state);
                if state != Some(State::Live) {
                    return Ok(Ended::Over);
                }
                continue;
            }
            at = self.fold(&mut client, at, &lines).await?;
        }
        Ok(Ended::Over)
    }

    /// Folds until little is missing.
    async fn catch_up(
        &mut self,
        client: &mut Object,
        feed: &mut LogFeed,
        mut at: Sequence,
    ) -> Result<Sequence, ViewError> {
        let mut last = feed.last().await?;
        while !self.stop.is_cancelled() {
            if at.0 + NEARLY_THERE >= last.0 {
                last = feed.last().await?;
                if at.0 + NEARLY_THERE >= last.0 {
                    break;
                }
            }
            let lines = feed.after(at, BATCH_RECORDS_MAX, PATIENCE).await?;
            at = self.fold(client, at, &lines).await?;
        }
        Ok(at)
    }

    /// Goes on to where the live build stands and holds all tables against its. True: they are equal, or there is no other.
    async fn compare(
        &mut self,
        client: &mut Object,
        feed: &mut LogFeed,
        at: &mut Sequence,
    ) -> Result<bool, ViewError> {
        let doing = "compare two builds of a view";
        let others = builds::statuses(&***client, self.build.shard).await?;
        let live = others.into_iter().find(|other| {
            other.state == State::Live
                && other.build.name == self.build.name
                && other.build.version == self.build.version
        });
        let Some(live) = live else { return Ok(true) };
        // Holds the live build's tables still for one reader, while it goes on.
        let mut reader = self.pool.get().await?;
        let still = reader
            .build_transaction()
            .isolation_level(tokio_postgres::IsolationLevel::RepeatableRead)
            .read_only(true)
            .start()
            .await
            .doing(doing)?;
        let Some(there) = builds::status_of(&*still, &live.build).await? else { return Ok(false) };
        if there.position < *at {
            return Ok(false);
        }
        while *at < there.position {
            if self.stop.is_cancelled() {
                return Ok(false);
            }
            let mut lines = feed.after(*at, BATCH_RECORDS_MAX, PATIENCE).await?;
            lines.retain(|(sequence, _)| *sequence <= there.position);
            *at = self.fold(client, *at, &lines).await?;
        }
        let (theirs, ours) =
            (sums(&*still, &live.build.schema()).await?, sums(&***client, &self.build.schema()).await?);
        let is_equal = theirs == ours;
        builds::mark_compared(&***client, &self.build, *at, is_equal).await?;
        if !is_equal {
            tracing::error!(view = self.build.name, at = at.0, ?theirs, ?ours, "two builds of a view differ");
        }
        Ok(is_equal)
    }

    /// One transaction: rows and position, or neither.
    async fn fold(
        &mut self,
        client: &mut Object,
        from: Sequence,
        lines: &[(Sequence, bytes::Bytes)],
    ) -> Result<Sequence, ViewError> {
        let Some((last, _)) = lines.last() else { return Ok(from) };
        assert_eq!(lines[0].0, from.next(), "LOG-1: a view sees every record once");
        let (records, poison) = decode(&*self.view, lines);
        let to = poison.as_ref().map_or(*last, |poison| Sequence(poison.sequence.0 - 1));
        match self.commit(client, from, to, &records).await {
            Ok(()) => {}
            Err(ViewError::Poison(poison)) => {
                let before = records.iter().take_while(|r| r.envelope.sequence < poison.sequence);
                let sound: Vec<Record> = before.cloned().collect();
                let to = Sequence(poison.sequence.0 - 1);
                self.commit(client, from, to, &sound).await?;
                return self.halt(client, poison).await;
            }
            Err(error) => return Err(error),
        }
        match poison {
            None => Ok(to),
            Some(poison) => self.halt(client, poison).await,
        }
    }

    async fn commit(
        &mut self,
        client: &mut Object,
        from: Sequence,
        to: Sequence,
        records: &[Record],
    ) -> Result<(), ViewError> {
        if from == to {
            return Ok(());
        }
        let doing = "fold into a view";
        let transaction = client.transaction().await.doing(doing)?;
        let applied = match records {
            [] => Ok(()),
            records => self.view.apply(&transaction, records).await,
        };
        if let Err(error) = applied {
            self.view.forget();
            return Err(error);
        }
        let recorded_at: Option<Ts> = records.last().map(|record| record.envelope.recorded_at);
        let advanced = builds::advance(&*transaction, &self.build, from, to, recorded_at).await;
        let committed = match advanced {
            Ok(()) => transaction.commit().await.doing(doing),
            Err(error) => Err(error),
        };
        if committed.is_err() {
            self.view.forget();
        }
        committed
    }

    async fn halt<T>(&mut self, client: &Object, poison: Poison) -> Result<T, ViewError> {
        tracing::error!(view = self.build.name, at = poison.sequence.0, poison.reason, "a view has halted");
        builds::halt(&***client, &self.build, poison.sequence, &poison.reason).await?;
        Err(poison.into())
    }
}

enum Ended {
    /// The build is retired or gone, or we are told to stop.
    Over,
    /// Another projector has it, it is halted, or its time has not come.
    Waits,
}

/// The records that the view consumes, up to the first that cannot be read. An event whose name is unknown may be money: it
/// halts every view.
fn decode(view: &dyn View, lines: &[(Sequence, bytes::Bytes)]) -> (Vec<Record>, Option<Poison>) {
    let consumes = view.consumes();
    let is_others = |name: &str| Event::NAMES.contains(&name) && !consumes.contains(&name);
    let mut records = Vec::with_capacity(lines.len());
    for (sequence, line) in lines {
        match Record::read(line) {
            Ok(record) => {
                if consumes.contains(&record.event.name()) {
                    records.push(record);
                }
            }
            // A newer version of an event that is nothing to this view.
            Err(Unreadable::UnknownEvent { name, .. }) if is_others(&name) => {}
            Err(error) => {
                return (records, Some(Poison { sequence: *sequence, reason: error.to_string() }));
            }
        }
    }
    (records, None)
}
