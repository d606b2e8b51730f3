//! The door's end of the sequencer: submit, read, and be turned away when it is full.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use event_schemas::{Position, Record, Sequence};
use event_store::{Log, LogError};
use ledger_core::Books;
use tokio::sync::{Notify, mpsc, oneshot};

use crate::item::{Answer, Item};
use crate::metrics::Metrics;

/// Outcomes of several items as they become durable: `(index, answer)`, many at a time.
pub type Group = mpsc::UnboundedReceiver<Vec<(u32, Answer)>>;

/// Why nothing could be submitted. Nothing is recorded, no key is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    #[error("too many commands are waiting: try again shortly")]
    Full,
    #[error("this server writes no longer: another has taken over, or it is stopping")]
    Stopped,
    #[error("what the answer rests on was taken back, or cannot be read now: try again")]
    Interrupted,
    #[error("this server's clock and the database's differ by more than two seconds")]
    ClockSkewed,
}

#[allow(
    clippy::large_enum_variant,
    reason = "nearly all are One: a box would cost each of them an allocation"
)]
pub(crate) enum Job {
    One { item: Item, reply: oneshot::Sender<Answer>, since: Instant },
    Many { items: Vec<Item>, group: mpsc::UnboundedSender<Vec<(u32, Answer)>> },
    Atomic { items: Vec<Item>, group: mpsc::UnboundedSender<Vec<(u32, Answer)>> },
    Read(Read),
}

/// A look at the books. It gives back what tells the caller, to be called when what it saw is durable.
pub(crate) type Read = Box<dyn FnOnce(&Books, Position) -> Box<dyn FnOnce() + Send> + Send>;

/// A handle: clones share the sequencer.
#[derive(Clone)]
pub struct Sequencer {
    pub(crate) singles: mpsc::Sender<Job>,
    pub(crate) bulks: mpsc::Sender<Job>,
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub log: Arc<dyn Log>,
    pub metrics: Metrics,
    /// Told at every so many that wait.
    pub many_wait: Notify,
    pub wake_every: usize,
    /// Told when the log says that another server has taken the shard over.
    pub superseded: Notify,
    pub clock_skewed: AtomicBool,
    pub stopped: AtomicBool,
    /// Commands that have waited longer are a sign of overload: newcomers are turned away.
    pub admission_age_max: Duration,
}

impl Sequencer {
    /// Submits one command, at once; its answer is waited for. The item is no part of the future: that stays small.
    pub fn submit(&self, item: Item) -> impl Future<Output = Result<Answer, Unavailable>> + Send {
        let (reply, answer) = oneshot::channel();
        let taken = self.admit().and_then(|()| self.enqueue(Job::One { item, reply, since: Instant::now() }));
        async move {
            taken?;
            answer.await.map_err(|_| self.no_answer())
        }
    }

    /// Submits many commands, each on its own, and waits only for room in the queue.
    pub async fn submit_many(&self, items: Vec<Item>) -> Result<Group, Unavailable> {
        self.may_write()?;
        let (group, answers) = mpsc::unbounded_channel();
        self.bulks.send(Job::Many { items, group }).await.map_err(|_| Unavailable::Stopped)?;
        Ok(answers)
    }

    /// Submits commands that are recorded all or none: at most [`crate::ATOMIC_MAX`]. Answers in the items' order.
    pub async fn submit_atomic(&self, items: Vec<Item>) -> Result<Vec<Answer>, Unavailable> {
        self.admit()?;
        let count = items.len();
        let (group, mut received) = mpsc::unbounded_channel();
        self.bulks.send(Job::Atomic { items, group }).await.map_err(|_| Unavailable::Stopped)?;
        let mut answers: Vec<Option<Answer>> = vec![None; count];
        while let Some(some) = received.recv().await {
            for (index, answer) in some {
                answers[index as usize] = Some(answer);
            }
        }
        answers.into_iter().collect::<Option<_>>().ok_or_else(|| self.no_answer())
    }

    /// Looks at the books, and answers when all that was seen is durable. `look` runs on the sequencer: keep it short.
    pub async fn read<R: Send + 'static>(
        &self,
        look: impl FnOnce(&Books, Position) -> R + Send + 'static,
    ) -> Result<R, Unavailable> {
        if self.shared.stopped.load(Relaxed) {
            return Err(Unavailable::Stopped);
        }
        let (reply, answer) = oneshot::channel();
        let look: Read = Box::new(move |books, position| {
            let seen = look(books, position);
            Box::new(move || {
                let _ = reply.send(seen);
            })
        });
        self.enqueue(Job::Read(look))?;
        answer.await.map_err(|_| self.no_answer())
    }

    /// A durable record, by its sequence.
    pub async fn record(&self, sequence: Sequence) -> Result<Option<Record>, LogError> {
        let Some(bytes) = self.shared.log.record(sequence).await? else { return Ok(None) };
        Ok(Record::read(&bytes).ok())
    }

    #[must_use]
    pub fn log(&self) -> &Arc<dyn Log> {
        &self.shared.log
    }

    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// Commands and reads that wait in the queue.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.singles.max_capacity() - self.singles.capacity()
    }

    /// Whether commands are taken.
    pub fn may_write(&self) -> Result<(), Unavailable> {
        if self.shared.stopped.load(Relaxed) {
            return Err(Unavailable::Stopped);
        }
        if self.shared.clock_skewed.load(Relaxed) {
            return Err(Unavailable::ClockSkewed);
        }
        Ok(())
    }

    /// Why a job that was taken was dropped without an answer.
    fn no_answer(&self) -> Unavailable {
        if self.shared.stopped.load(Relaxed) || self.singles.is_closed() {
            Unavailable::Stopped
        } else {
            Unavailable::Interrupted
        }
    }

    fn admit(&self) -> Result<(), Unavailable> {
        self.may_write()?;
        let age = Duration::from_micros(self.shared.metrics.queue_age_us.load(Relaxed));
        if age > self.shared.admission_age_max && self.queued() > 0 {
            self.shared.metrics.turned_away.fetch_add(1, Relaxed);
            return Err(Unavailable::Full);
        }
        Ok(())
    }

    fn enqueue(&self, job: Job) -> Result<(), Unavailable> {
        self.singles.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => {
                self.shared.metrics.turned_away.fetch_add(1, Relaxed);
                Unavailable::Full
            }
            mpsc::error::TrySendError::Closed(_) => Unavailable::Stopped,
        })?;
        if self.queued().is_multiple_of(self.shared.wake_every) {
            self.shared.many_wait.notify_one();
        }
        Ok(())
    }
}
