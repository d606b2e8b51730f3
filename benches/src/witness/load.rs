//! Traffic whose every command is remembered: clients that go on through lost connections, each command sent once.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::api::Answer;
use crate::loadgen::Connection;
use crate::server::Server;
use crate::workload::keys::KeySpace;
use crate::workload::{Books, Spread, Target, Transfers, write_transfer};

/// Every so many commands one asks for more than its payer has: refusals must be as durable as postings.
const OVERDRAFT_EVERY: u64 = 16;
const OVERDRAFT_CENTS: u32 = u32::MAX;

/// A server that has trouble is not asked again at once: each 5xx is one more command whose outcome must be found out.
const PAUSE_AFTER_TROUBLE: Duration = Duration::from_millis(100);

/// A command that was sent once, and what its client heard of it.
#[derive(Debug)]
pub struct Attempt {
    pub key: String,
    pub body: Vec<u8>,
    pub heard: Heard,
}

#[derive(Debug, Clone)]
pub enum Heard {
    /// Recorded, or refused by a record.
    Answer(Answer),
    /// A 5xx whose code promises that nothing was recorded: as binding as an answer.
    NotRecorded(Answer),
    /// No answer, or a 5xx that leaves the outcome open.
    Nothing,
}

impl Heard {
    pub fn of(answer: Option<Answer>) -> Self {
        match answer {
            Some(answer) if answer.status < 500 => Self::Answer(answer),
            Some(answer) if promises_that_nothing_was_recorded(&answer) => Self::NotRecorded(answer),
            _ => Self::Nothing,
        }
    }
}

fn promises_that_nothing_was_recorded(answer: &Answer) -> bool {
    let problem: Option<serde_json::Value> = serde_json::from_slice(&answer.body).ok();
    let code = problem.as_ref().and_then(|problem| problem.get("code")?.as_str());
    matches!(code, Some("overloaded" | "timed_out" | "not_recorded"))
}

pub struct Load {
    finish: Arc<AtomicBool>,
    abandon: watch::Sender<bool>,
    clients: Vec<JoinHandle<Vec<Attempt>>>,
    answered: Arc<AtomicU64>,
}

impl Load {
    /// Streams are counted by the caller, so that no two loads of a drill share keys. `pace`: from one command of a client
    /// to its next; without it, as quickly as answers come.
    pub fn start(
        server: &Server,
        books: &Books,
        seed: u64,
        streams: std::ops::Range<u64>,
        pace: Option<Duration>,
    ) -> Self {
        let (abandon, abandoned) = watch::channel(false);
        let finish = Arc::new(AtomicBool::new(false));
        let answered = Arc::new(AtomicU64::new(0));
        let clients = streams
            .map(|stream| {
                let keys = KeySpace { seed, stream };
                let client = Client {
                    address: server.address,
                    target: Target::new(
                        "POST",
                        &books.path("transactions"),
                        &server.token,
                        "application/json",
                    ),
                    books: books.clone(),
                    keys,
                    transfers: Transfers::of(keys, books.wallet_count(), Spread::Uniform),
                    finish: finish.clone(),
                    abandoned: abandoned.clone(),
                    answered: answered.clone(),
                    pace,
                };
                tokio::spawn(client.run())
            })
            .collect();
        Self { finish, abandon, clients, answered }
    }

    /// Waits until so many commands are answered, so that a fault strikes a server that is at work.
    pub async fn until_answered(&self, count: u64, limit: Duration) -> anyhow::Result<()> {
        let working = async {
            while self.answered.load(Ordering::Relaxed) < count {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let waited = tokio::time::timeout(limit, working).await;
        waited.map_err(|_| anyhow::anyhow!("fewer than {count} commands were answered within {limit:?}"))
    }

    /// The same, counted from now.
    pub async fn until_more_answered(&self, count: u64, limit: Duration) -> anyhow::Result<()> {
        self.until_answered(self.answered.load(Ordering::Relaxed) + count, limit).await
    }

    /// No new commands; those in flight may take `grace` to be answered, then they are left unanswered.
    pub async fn stop(self, grace: Duration) -> anyhow::Result<Vec<Attempt>> {
        self.finish.store(true, Ordering::Relaxed);
        let mut clients = futures_util::future::try_join_all(self.clients);
        let attempts = match tokio::time::timeout(grace, &mut clients).await {
            Ok(attempts) => attempts?,
            Err(_) => {
                self.abandon.send_replace(true);
                clients.await?
            }
        };
        Ok(attempts.into_iter().flatten().collect())
    }
}

struct Client {
    address: SocketAddr,
    target: Target,
    books: Books,
    keys: KeySpace,
    transfers: Transfers,
    finish: Arc<AtomicBool>,
    abandoned: watch::Receiver<bool>,
    answered: Arc<AtomicU64>,
    pace: Option<Duration>,
}

impl Client {
    async fn run(mut self) -> Vec<Attempt> {
        let mut attempts = Vec::new();
        let mut connection: Option<Connection> = None;
        let mut request = Vec::new();
        let mut ticks = self.pace.map(tokio::time::interval);
        while !self.finish.load(Ordering::Relaxed) {
            let Some(connection) = connection.as_mut().filter(|connection| connection.is_open()) else {
                connection = Connection::connect(self.address).await.ok();
                if connection.is_none() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                continue;
            };
            if let Some(ticks) = &mut ticks {
                ticks.tick().await;
            }
            let number = attempts.len() as u64;
            let (key, body) = self.command(number);
            self.target.write(Some(&key), &body, &mut request);
            let mut abandoned = self.abandoned.clone();
            let answer = tokio::select! {
                exchanged = connection.exchange(&request) => exchanged.ok(),
                _ = abandoned.wait_for(|abandoned| *abandoned) => None,
            };
            let answer =
                answer.map(|response| Answer { status: response.status, body: response.body.to_vec() });
            let trouble = answer.as_ref().is_some_and(|answer| answer.status >= 500);
            let heard = Heard::of(answer);
            self.answered.fetch_add(u64::from(matches!(heard, Heard::Answer(_))), Ordering::Relaxed);
            attempts.push(Attempt { key, body, heard });
            if trouble {
                tokio::time::sleep(PAUSE_AFTER_TROUBLE).await;
            }
        }
        attempts
    }

    fn command(&mut self, number: u64) -> (String, Vec<u8>) {
        let mut transfer = self.transfers.next();
        if number % OVERDRAFT_EVERY == OVERDRAFT_EVERY - 1 {
            transfer.cents = OVERDRAFT_CENTS;
        }
        let mut body = Vec::new();
        write_transfer(&self.books, transfer, None, number, &mut body);
        (self.keys.key(number).as_str().to_owned(), body)
    }
}
