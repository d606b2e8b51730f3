//! Waiting for the log to grow. Woken by notifications, right without them: whoever waits also polls.
//!
//! Notifications are sent by a connection of their own, after the commit and at most a hundred a second: the commit path
//! knows nothing of them.

use std::{
    future::poll_fn,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use event_schemas::Sequence;
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_postgres::{AsyncMessage, Client, Config, NoTls};

use super::{Inner, read};
use crate::{LogError, error::Doing, pool::tuned};

const CHANNEL: &str = "nexus_log";
const POLL_EVERY: Duration = Duration::from_millis(250);
const NOTIFY_PAUSE: Duration = Duration::from_millis(10);
const RECONNECT_PAUSE: Duration = Duration::from_secs(1);

/// The last row that this process knows of.
pub(super) struct HeadWatch {
    last: watch::Sender<Sequence>,
    /// Where it starts: from there on the head is looked for, so that older partitions are left alone.
    first: AtomicU64,
    to_notify: Arc<Notify>,
    notifier: OnceLock<Task>,
}

impl Default for HeadWatch {
    fn default() -> HeadWatch {
        let last = watch::Sender::new(Sequence::GENESIS);
        HeadWatch { last, first: AtomicU64::new(0), to_notify: Arc::default(), notifier: OnceLock::new() }
    }
}

impl HeadWatch {
    pub fn first(&self) -> Sequence {
        Sequence(self.first.load(Ordering::Relaxed))
    }

    /// The row with the known start is gone: a fail-over has lost the log's tail.
    pub fn forget_first(&self) {
        self.first.store(0, Ordering::Relaxed);
    }

    pub fn seen(&self, first: Sequence, last: Sequence) {
        self.first.fetch_max(first.0, Ordering::Relaxed);
        self.last.send_if_modified(|known| {
            let grew = *known < last;
            *known = (*known).max(last);
            grew
        });
    }

    /// By our own append: tells the waiting ones here at once, the others by notification.
    pub fn appended(&self, first: Sequence, last: Sequence) {
        self.seen(first, last);
        self.to_notify.notify_one();
    }

    /// Starts what notifies others, once.
    pub fn start_notifying(&self, config: &Config, shard: u16) {
        self.notifier
            .get_or_init(|| Task(tokio::spawn(notify_others(config.clone(), shard, self.to_notify.clone()))));
    }
}

/// Ends with its owner.
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

pub(super) struct Follower(#[allow(dead_code, reason = "aborts when dropped")] Task);

pub(super) async fn wait_past(
    inner: &Arc<Inner>,
    sequence: Sequence,
    patience: Duration,
) -> Result<Sequence, LogError> {
    let deadline = Instant::now() + patience;
    let mut known = inner.head.last.subscribe();
    if *known.borrow() > sequence {
        return Ok(*known.borrow());
    }
    // Subscribed before this look, so nothing between the look and the wait is missed.
    read::last(inner).await?;
    inner.follower.get_or_init(|| start_following(inner)).await;
    let grown = timeout_at(deadline, known.wait_for(|last| *last > sequence)).await;
    drop(grown);
    Ok(*inner.head.last.borrow())
}

async fn start_following(inner: &Arc<Inner>) -> Follower {
    let (weak, config, shard) = (Arc::downgrade(inner), inner.config.clone(), inner.shard.0);
    let task = async move {
        let mut listener = None;
        loop {
            if listener.is_none() {
                listener = Listener::connect(&config, shard).await.ok();
            }
            let woken = match &mut listener {
                Some(listener) => timeout(POLL_EVERY, listener.notified()).await.unwrap_or(true),
                None => {
                    sleep(POLL_EVERY).await;
                    false
                }
            };
            if !woken {
                listener = None;
            }
            let Some(inner) = weak.upgrade() else { return };
            look_for_the_waiting(&inner).await;
        }
    };
    Follower(Task(tokio::spawn(task)))
}

async fn look_for_the_waiting(inner: &Inner) {
    if inner.head.last.receiver_count() == 0 {
        return;
    }
    if let Err(error) = read::last(inner).await {
        tracing::warn!(%error, "cannot look for the head of the log: trying again");
    }
}

/// A notification only says "look": anybody who can log in can send one.
struct Listener {
    _client: Client,
    woken: Arc<Notify>,
    connection: Task,
}

impl Listener {
    async fn connect(config: &Config, shard: u16) -> Result<Listener, LogError> {
        let (client, mut connection) =
            tuned(config, "nexus follower").connect(NoTls).await.doing("listen to the log")?;
        let woken = Arc::new(Notify::new());
        let wake = woken.clone();
        let payload = shard.to_string();
        let connection = Task(tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
                if let AsyncMessage::Notification(notification) = message
                    && notification.payload() == payload
                {
                    wake.notify_one();
                }
            }
        }));
        client.batch_execute(&format!("LISTEN {CHANNEL}")).await.doing("listen to the log")?;
        Ok(Listener { _client: client, woken, connection })
    }

    /// False when the connection is gone.
    async fn notified(&mut self) -> bool {
        tokio::select! {
            () = self.woken.notified() => true,
            _ = &mut self.connection.0 => false,
        }
    }
}

async fn notify_others(config: Config, shard: u16, wanted: Arc<Notify>) {
    let mut client: Option<Client> = None;
    loop {
        wanted.notified().await;
        if client.as_ref().is_none_or(Client::is_closed) {
            client = connect_notifier(&config).await.ok();
        }
        let notified = match &client {
            Some(client) => {
                client.execute("SELECT pg_notify($1, $2)", &[&CHANNEL, &shard.to_string()]).await.is_ok()
            }
            None => false,
        };
        // What came meanwhile is one further notification.
        sleep(if notified { NOTIFY_PAUSE } else { RECONNECT_PAUSE }).await;
    }
}

async fn connect_notifier(config: &Config) -> Result<Client, LogError> {
    let (client, connection) = tuned(config, "nexus notifier").connect(NoTls).await.doing("notify")?;
    tokio::spawn(connection);
    // A notification takes a transaction number, hence a commit: it need not wait for the disk.
    client.batch_execute("SET synchronous_commit = off").await.doing("notify")?;
    Ok(client)
}
