//! The tokio shell around the machine: the queue, the commit in flight, the clock, and the answers.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use event_schemas::{Position, Record, Sequence, Ts};
use event_store::Log;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;
use tracing::{error, warn};

use crate::answers::{self, Who};
use crate::boot::{BootError, boot};
use crate::chores;
use crate::commit::{Settled, append, of_task};
use crate::handle::{Job, Sequencer, Shared};
use crate::item::{Answer, Item};
use crate::machine::{BATCH_RECORDS_MAX, Machine, Submitted};
use crate::memory_snapshots::MemorySnapshots;
use crate::metrics::Metrics;

/// Bounds of the queue, and how often things are done beside it.
#[derive(Debug, Clone)]
pub struct Config {
    /// Single commands and reads that may wait.
    pub queue_max: usize,
    /// Bulk requests that may wait.
    pub bulks_max: usize,
    /// Past this age of the oldest waiting command, newcomers are turned away.
    pub admission_age_max: Duration,
    /// A command that waited longer is answered `TimedOut`.
    pub queue_age_max: Duration,
    /// Records after which a snapshot is made; of large books, once there is time for it.
    pub snapshot_every: u64,
    /// Records after which that is made whatever else there is to do: a second and a half of the next start.
    pub snapshot_at_last: u64,
    /// While a commit is under way, this many newcomers are decided together: to wake the sequencer for each costs more
    /// than deciding.
    pub wake_every: usize,
    /// A thread and a runtime for the sequencer and the writer's connection alone: there a commit's outcome waits behind
    /// no request of the door.
    pub own_thread: bool,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            queue_max: 16_384,
            bulks_max: 64,
            admission_age_max: Duration::from_secs(1),
            queue_age_max: Duration::from_secs(5),
            snapshot_every: 500_000,
            snapshot_at_last: 1_500_000,
            wake_every: 8,
            own_thread: true,
        }
    }
}

/// Why the sequencer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// All handles are gone, and all that was taken is answered.
    Asked,
    /// Another server has taken the shard over.
    Fenced,
}

/// Items that are decided in one go: meanwhile the writer's connection cannot send the rest of its row.
const YIELD_EVERY: usize = 16;
/// Of each batch, what singles may fill while a bulk waits.
const SINGLES_BESIDE_BULK_MAX: usize = BATCH_RECORDS_MAX * 3 / 4;

/// A submission that waits for room, or comes back with what it lacked.
#[allow(
    clippy::large_enum_variant,
    reason = "nearly all are One: a box would cost each of them an allocation"
)]
enum Waiting {
    One(Who, Item),
    Atomic(Vec<(Who, Item)>),
}

impl Waiting {
    fn len(&self) -> usize {
        match self {
            Waiting::One(..) => 1,
            Waiting::Atomic(items) => items.len(),
        }
    }
}

struct Shell {
    machine: Machine<Who>,
    shared: Arc<Shared>,
    config: Config,
    singles: mpsc::Receiver<Job>,
    bulks: mpsc::Receiver<Job>,
    /// From bulks, not yet decided.
    backlog: VecDeque<Waiting>,
    /// Reversals whose originals have been read.
    fetched: mpsc::UnboundedReceiver<Waiting>,
    fetch: mpsc::UnboundedSender<Waiting>,
    answers: mpsc::UnboundedSender<Vec<(Who, Answer)>>,
    snapshots: MemorySnapshots,
    commit: Option<JoinHandle<Settled>>,
    commit_since: Instant,
    /// The runtime of whoever started us: what is slow, or not ours alone, runs there.
    home: Handle,
}

/// Takes the shard over, and runs its sequencer in a task until all handles are dropped or another server takes over.
pub async fn start(log: Arc<dyn Log>, config: Config) -> Result<(Sequencer, JoinHandle<Stopped>), BootError> {
    let booted = boot(log.clone()).await?;
    let (singles_in, singles) = mpsc::channel(config.queue_max);
    let (bulks_in, bulks) = mpsc::channel(config.bulks_max);
    let (fetch, fetched) = mpsc::unbounded_channel();
    let (answers, answers_out) = mpsc::unbounded_channel();
    let (ask_for_snapshot, snapshots_asked) = mpsc::channel(1);
    let shared = Arc::new(Shared {
        log: log.clone(),
        metrics: Metrics::default(),
        many_wait: Notify::new(),
        superseded: Notify::new(),
        clock_skewed: false.into(),
        stopped: false.into(),
        admission_age_max: config.admission_age_max,
        wake_every: config.wake_every.max(1),
    });
    shared.metrics.durable.store(booted.last.0, Relaxed);
    let shell = Shell {
        machine: booted.machine,
        shared: shared.clone(),
        singles,
        bulks,
        backlog: VecDeque::new(),
        fetched,
        fetch,
        answers,
        snapshots: MemorySnapshots::new(snapshots_asked),
        commit: None,
        commit_since: Instant::now(),
        home: Handle::current(),
        config,
    };
    chores::check_clock(&shared).await;
    let snapshots = chores::Snapshots {
        every: shell.config.snapshot_every,
        at_last: shell.config.snapshot_at_last,
        newest: booted.snapshot.0,
        from_memory: ask_for_snapshot,
    };
    tokio::spawn(answers::give(shared.clone(), answers_out));
    let ended = begin(shell).await?;
    let chores = tokio::spawn(chores::run(shared.clone(), snapshots));
    let watch = tokio::spawn(chores::watch_owner(shared.clone()));
    let running = tokio::spawn(async move {
        let stopped = ended.await;
        chores.abort();
        watch.abort();
        stopped.expect("the sequencer's thread has panicked: its own words stand above")
    });
    Ok((Sequencer { singles: singles_in, bulks: bulks_in, shared }, running))
}

/// Runs the shell, once the writer is connected. What comes back tells how it ended; nothing does when it panicked.
async fn begin(shell: Shell) -> Result<oneshot::Receiver<Stopped>, BootError> {
    let own_thread = shell.config.own_thread;
    let (connected_in, connected) = oneshot::channel();
    let (ended_in, ended) = oneshot::channel();
    let run = async move {
        let connected = shell.shared.log.connect_writer().await;
        let is_connected = connected.is_ok();
        let _ = connected_in.send(connected);
        if is_connected {
            let _ = ended_in.send(shell.run().await);
        }
    };
    if own_thread {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(BootError::Thread)?;
        let thread = std::thread::Builder::new().name("sequencer".to_owned());
        thread.spawn(move || runtime.block_on(run)).map_err(BootError::Thread)?;
    } else {
        tokio::spawn(run);
    }
    connected.await.expect("connecting does not panic")?;
    Ok(ended)
}

impl Shell {
    async fn run(mut self) -> Stopped {
        loop {
            self.fill().await;
            self.begin_commit().await;
            self.give_answers();
            let has_room = self.machine.has_room_for(1);
            let takes_singles = has_room && !self.waits_for_an_empty_batch();
            let all_taken = self.singles.is_closed() && self.bulks.is_closed() && self.backlog.is_empty();
            if all_taken && self.singles.is_empty() && self.bulks.is_empty() && self.commit.is_none() {
                self.shared.stopped.store(true, Relaxed);
                return Stopped::Asked;
            }
            tokio::select! {
                biased;
                settled = async { self.commit.as_mut().expect("guarded").await }, if self.commit.is_some() => {
                    self.commit = None;
                    if !self.settle(of_task(settled)) {
                        self.give_answers();
                        self.shared.stopped.store(true, Relaxed);
                        return Stopped::Fenced;
                    }
                }
                // The outcome of a commit under way tells it too, and what became of that commit.
                () = self.shared.superseded.notified(), if self.commit.is_none() => {
                    superseded(&*self.shared.log);
                    return Stopped::Fenced;
                }
                // While a commit is under way only every so many newcomers wake us: none can be sent before its end.
                () = self.shared.many_wait.notified(), if self.commit.is_some() && takes_singles => {}
                () = self.snapshots.asked(), if self.snapshots.may_ask() => {}
                Some(waiting) = self.fetched.recv(), if has_room => self.backlog.push_front(waiting),
                // `None` tells that the handles are gone: once round, and the check above ends us.
                job = self.singles.recv(), if self.commit.is_none() && takes_singles && !is_done(&self.singles) => {
                    job.into_iter().for_each(|job| self.take(job));
                }
                job = self.bulks.recv(), if has_room && self.backlog.is_empty() && !is_done(&self.bulks) => {
                    job.into_iter().for_each(|job| self.take(job));
                }
                else => tokio::task::yield_now().await,
            }
        }
    }

    /// Closes the open batch, unless another is in flight, and sees its row on its way to the log.
    async fn begin_commit(&mut self) {
        let Some(row) = self.machine.take_row() else {
            if !self.machine.is_committing() {
                self.snapshots.at_row_end(&self.machine);
            }
            return;
        };
        self.commit_since = Instant::now();
        self.commit = Some(tokio::spawn(append(self.shared.log.clone(), row, self.home.clone())));
        tokio::task::yield_now().await;
        self.snapshots.at_row_end(&self.machine);
        // The open batch is empty now: who waits for that goes before whoever comes next.
        self.submit_backlog().await;
    }

    /// Decides what waits, while the open batch has room: singles first, but never all of it while a bulk waits, and
    /// none while an atomic batch waits for one of its own: a steady stream would keep it waiting for ever.
    async fn fill(&mut self) {
        self.machine.tick(now());
        let mut singles = 0;
        while self.machine.has_room_for(1) && !self.waits_for_an_empty_batch() {
            if !self.backlog.is_empty() && singles >= SINGLES_BESIDE_BULK_MAX {
                break;
            }
            let Ok(job) = self.singles.try_recv() else { break };
            self.take(job);
            singles += 1;
            if singles % YIELD_EVERY == 0 {
                tokio::task::yield_now().await;
            }
        }
        if self.backlog.is_empty()
            && self.machine.has_room_for(1)
            && let Ok(job) = self.bulks.try_recv()
        {
            self.take(job);
        }
        self.submit_backlog().await;
        if singles == 0 && self.singles.is_empty() {
            self.shared.metrics.queue_age_us.store(0, Relaxed);
        }
    }

    /// Decides what stands in the backlog, in its order, as far as there is room.
    async fn submit_backlog(&mut self) {
        let mut submitted = 0;
        while self.backlog.front().is_some_and(|first| self.machine.has_room_for(first.len())) {
            let first = self.backlog.pop_front().expect("looked at");
            self.submit(first);
            submitted += 1;
            if submitted % YIELD_EVERY == 0 {
                tokio::task::yield_now().await;
            }
        }
    }

    fn waits_for_an_empty_batch(&self) -> bool {
        let atomic = self.backlog.front().filter(|first| matches!(first, Waiting::Atomic(_)));
        atomic.is_some_and(|first| !self.machine.has_room_for(first.len()))
    }

    fn take(&mut self, job: Job) {
        match job {
            Job::One { item, reply, since } => {
                let age = since.elapsed();
                self.shared
                    .metrics
                    .queue_age_us
                    .store(u64::try_from(age.as_micros()).unwrap_or(u64::MAX), Relaxed);
                if age > self.config.queue_age_max {
                    let _ = self.answers.send(vec![(Who::One(reply), Answer::TimedOut)]);
                    return;
                }
                self.machine.tick(now());
                self.submit(Waiting::One(Who::One(reply), item));
            }
            Job::Many { items, group } => {
                let items = items.into_iter().zip(0..);
                self.backlog.extend(
                    items.map(|(item, index)| Waiting::One(Who::OfGroup(group.clone(), index), item)),
                );
            }
            Job::Atomic { items, group } => {
                let items = items.into_iter().zip(0..);
                let items = items.map(|(item, index)| (Who::OfGroup(group.clone(), index), item));
                self.backlog.push_back(Waiting::Atomic(items.collect()));
            }
            Job::Read(look) => {
                let position = Position::new(self.shared.log.shard(), self.machine.decided());
                let tell = look(self.machine.books(), position);
                self.machine.wait(Who::Read(tell));
            }
        }
    }

    fn submit(&mut self, waiting: Waiting) {
        let (submitted, atomic) = match waiting {
            Waiting::One(who, item) => (self.machine.submit(who, item), false),
            Waiting::Atomic(items) => (self.machine.submit_atomic(items), true),
        };
        if let Submitted::NeedsOriginals { items, originals } = submitted {
            self.home.spawn(fetch_originals(
                self.shared.log.clone(),
                items,
                originals,
                atomic,
                self.fetch.clone(),
            ));
        }
    }

    /// Gives out what is durable.
    fn give_answers(&mut self) {
        let answers = self.machine.take_answers();
        if !answers.is_empty() {
            let _ = self.answers.send(answers);
        }
    }

    /// False: another server writes now.
    fn settle(&mut self, settled: Settled) -> bool {
        let took = self.commit_since.elapsed();
        match settled {
            Settled::Stored(epoch) => {
                epoch.into_iter().for_each(|epoch| self.machine.set_epoch(epoch));
                self.machine.stored();
                self.snapshots.stored();
                self.shared.metrics.committed(self.machine.durable(), took);
                self.shared.metrics.keys.store(self.machine.keys() as u64, Relaxed);
            }
            Settled::NotStored(epoch) => {
                epoch.into_iter().for_each(|epoch| self.machine.set_epoch(epoch));
                self.machine.not_stored();
            }
            Settled::Fenced => self.machine.not_stored(),
            Settled::StoredThenFenced => {
                self.machine.stored();
                // What was decided on top of it never gets into the log.
                if self.machine.take_row().is_some() {
                    self.machine.not_stored();
                }
            }
        }
        self.snapshots.not_stored();
        let writes_on = matches!(settled, Settled::Stored(_) | Settled::NotStored(_));
        if !writes_on {
            superseded(&*self.shared.log);
        }
        writes_on
    }
}

fn superseded(log: &dyn Log) {
    error!(shard = %log.shard(), "another server has taken over: this one writes no longer");
}

fn is_done(jobs: &mpsc::Receiver<Job>) -> bool {
    jobs.is_closed() && jobs.is_empty()
}

async fn fetch_originals(
    log: Arc<dyn Log>,
    mut items: Vec<(Who, Item)>,
    originals: Vec<(usize, Sequence)>,
    atomic: bool,
    fetch: mpsc::UnboundedSender<Waiting>,
) {
    for (at, sequence) in originals {
        match log.record(sequence).await {
            Ok(Some(bytes)) => match Record::read(&bytes) {
                Ok(record) => items[at].1.original = Some(Arc::new(record)),
                Err(error) => {
                    return error!(error = &error as &dyn std::error::Error, %sequence, "a record cannot be read");
                }
            },
            // The clients' ends are dropped with the items: they are told to try again.
            Ok(None) => return error!(%sequence, "LOG-1: a record that a key names is not in the log"),
            Err(error) => {
                return warn!(error = &error as &dyn std::error::Error, %sequence, "cannot read a record");
            }
        }
    }
    if atomic {
        let _ = fetch.send(Waiting::Atomic(items));
    } else {
        items.into_iter().for_each(|(who, item)| drop(fetch.send(Waiting::One(who, item))));
    }
}

fn now() -> Ts {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    Ts(i64::try_from(since.as_micros()).expect("the clock is before the year 290000"))
}
