//! The live stream: a ledger's records as they become durable, to many readers at once, each from the place it names.
//!
//! New rows are read once for all (`tail`); who is behind reads the log himself, a page at a time, until he has caught up
//! and joins the others. A reader pulls: what he does not take is not kept for him, so he costs the same memory however
//! slow he is, and slows nobody.

mod batch;
mod message;
mod subscription;
mod subtree;
mod tail;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use event_schemas::Sequence;
use event_store::Log;
use tokio::sync::{Semaphore, broadcast};
use tokio_util::sync::CancellationToken;

use crate::{codes, keys::cache::Keys, problem::Problem};
use batch::Batch;
pub use message::{Content, Framing};
pub use subscription::{Subscription, Wanted};
pub use subtree::Subtree;

#[derive(Clone, Debug)]
pub struct StreamConfig {
    pub subscribers_max: usize,
    /// Where nothing happens, a sign of life is sent so often. Well below the connections' idle timeout.
    pub heartbeat: Duration,
    /// Who takes nothing for so long, or was with the others and has not caught up again within it, is too slow.
    pub patience: Duration,
    /// New rows are handed on at most so often: a write for each row to each of a thousand readers would be the cost.
    pub pace: Duration,
}

impl Default for StreamConfig {
    fn default() -> Self {
        Self {
            subscribers_max: 4_000,
            heartbeat: Duration::from_secs(15),
            patience: Duration::from_secs(10),
            pace: Duration::from_millis(20),
        }
    }
}

/// Batches that a reader may be behind before he has to read the log himself: more than a second.
const BATCHES_KEPT: usize = 64;
/// Pages of the log that are read at once for those who catch up. A page is bounded (`batch`), so all of them are.
const PAGES_MAX: usize = 4;

/// All streams of this process.
pub struct Streams {
    log: Arc<dyn Log>,
    keys: Arc<Keys>,
    config: StreamConfig,
    slots: Arc<Semaphore>,
    pages: Semaphore,
    /// There while somebody listens.
    tail: Mutex<Option<broadcast::Sender<Arc<Batch>>>>,
    stop: CancellationToken,
}

impl Streams {
    pub fn new(
        log: Arc<dyn Log>,
        keys: Arc<Keys>,
        config: StreamConfig,
        stop: CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self {
            log,
            keys,
            slots: Arc::new(Semaphore::new(config.subscribers_max)),
            config,
            pages: Semaphore::new(PAGES_MAX),
            tail: Mutex::default(),
            stop,
        })
    }

    /// Everything that is wanted after `cursor`. `head` is durable, and nothing but where the tail begins if it must.
    pub fn subscribe(
        self: &Arc<Self>,
        wanted: Wanted,
        cursor: Sequence,
        head: Sequence,
    ) -> Result<Subscription, Problem> {
        let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() else {
            return Err(Problem::new(&codes::STREAMS_TAKEN).retry_after(5));
        };
        Ok(Subscription::new(Arc::clone(self), wanted, cursor, self.listen(head), slot))
    }

    /// Returns when the last reader has gone.
    pub async fn all_ended(&self) {
        let all = u32::try_from(self.config.subscribers_max).expect("a few thousand");
        drop(self.slots.acquire_many(all).await);
    }

    fn listen(self: &Arc<Self>, head: Sequence) -> broadcast::Receiver<Arc<Batch>> {
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = &*tail {
            return sender.subscribe();
        }
        let (sender, receiver) = broadcast::channel(BATCHES_KEPT);
        *tail = Some(sender.clone());
        tokio::spawn(tail::follow(Arc::clone(self), sender, head));
        receiver
    }

    /// Whether the tail has nobody left to read for. Asked under the lock under which listeners come.
    fn end_unheard_tail(&self) -> bool {
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let unheard = tail.as_ref().is_some_and(|sender| sender.receiver_count() == 0);
        if unheard {
            *tail = None;
        }
        unheard
    }
}
