//! The door's side of the sequencer: a checked request becomes an item, its outcome an answer or a problem.

pub mod hash;
pub mod metrics;
pub mod refusal;
pub mod view_metrics;

use std::{sync::Arc, time::Duration};

use event_schemas::{Event, Key as CommandKey, LedgerId, Position, Record, RequestHash, Sequence};
use event_store::LogError;
use futures_util::{StreamExt, TryStreamExt, stream};
use ledger_core::{Books, Command};
use projections::{ViewError, Views};
use sequencer::{Answer as Outcome, Group, Item, Sequencer, Unavailable};
use uuid::Uuid;

use crate::{
    caller::{Caller, GrantedLedger, ledger_not_found},
    codes,
    problem::Problem,
    views::too_large::too_large,
    wire::{
        Wire,
        answer::{Answer, Head},
    },
};
use hash::RequestHasher;

/// Records that are looked up at once when a bulk repeats what was done before.
const LOOK_UPS_MAX: usize = 8;

/// How long a caller waits for an outcome. The command goes on without them.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// What all routes share.
pub struct Engine {
    pub sequencer: Sequencer,
    pub answer_within: Duration,
    /// What queries are answered from; without it only what the sequencer holds in memory can be asked.
    pub views: Option<Views>,
    hasher: RequestHasher,
}

/// How a command is to be carried out.
pub struct Request {
    pub ledger: GrantedLedger,
    pub key: CommandKey,
    pub dry_run: bool,
}

/// What a command came to.
pub enum Settled {
    Recorded(Arc<Record>),
    DryRun(Arc<Record>),
    Problem(Problem),
}

impl Engine {
    /// `secret` must be the same for all doors of a log, for ever: by it a repeat is told from another request.
    pub fn new(sequencer: Sequencer, secret: [u8; 32]) -> Self {
        Self { sequencer, answer_within: ANSWER_WITHIN, views: None, hasher: RequestHasher::new(secret) }
    }

    pub fn item<S>(&self, caller: &Caller<S>, request: Request, command: impl Into<Command>) -> Item {
        let command = command.into();
        let ledger = request.ledger.into_id();
        Item {
            request: self.hasher.hash(&ledger, &command),
            ledger,
            command,
            key: request.key,
            actor: caller.key.actor.clone(),
            caused_by: None,
            traceparent: caller.context.traceparent.as_deref().map(Box::from),
            dry_run: request.dry_run,
            original: None,
        }
    }

    /// Carries one command out and answers it. It is on its way when this returns; the future only waits, and is small.
    pub fn carry_out<S, T>(
        &self,
        caller: &Caller<S>,
        request: Request,
        command: impl Into<Command>,
    ) -> impl Future<Output = poem::Result<Answer<T>>> + Send {
        let item = self.item(caller, request, command);
        let (hash, ledger, key) = (item.request, item.ledger.clone(), item.key.clone());
        let submitted = tokio::time::timeout(self.answer_within, self.sequencer.submit(item));
        async move {
            let outcome = submitted.await.map_err(|_| outcome_unknown(&key))?.map_err(unavailable)?;
            Ok(self.answer(&self.settle(outcome, hash, &ledger).await)?)
        }
    }

    /// Looks at the books; what is seen is durable. `None`: the ledger is not there.
    pub async fn read<R: Send + 'static>(
        &self,
        look: impl FnOnce(&Books, Position) -> R + Send + 'static,
    ) -> Result<R, Problem> {
        let read = tokio::time::timeout(self.answer_within, self.sequencer.read(look)).await;
        read.map_err(|_| Problem::new(&codes::UNAVAILABLE).detail("the log does not answer").retry_after(2))?
            .map_err(unavailable)
    }

    /// What has become durable of a group. `None`: it is all told, or nothing more is to be expected in time.
    pub async fn next_of(&self, group: &mut Group) -> Option<Vec<(u32, Outcome)>> {
        tokio::time::timeout(self.answer_within, group.recv()).await.ok().flatten()
    }

    pub async fn settle(&self, outcome: Outcome, hash: RequestHash, ledger: &LedgerId) -> Settled {
        match outcome {
            Outcome::Known(sequence) => match self.sequencer.record(sequence).await {
                Ok(record) => self.known(record, sequence, hash),
                Err(error) => Settled::Problem(log_failed(&error)),
            },
            other => self.settled(other, ledger),
        }
    }

    /// Settles many outcomes of one ledger. Repeats are read from the log in a run where they lie together.
    pub async fn settle_all(
        &self,
        outcomes: Vec<(u32, Outcome)>,
        hashes: &[RequestHash],
        ledger: &LedgerId,
    ) -> Vec<(u32, Settled)> {
        let mut settled_items = Vec::with_capacity(outcomes.len());
        let mut repeats = Vec::new();
        for (index, outcome) in outcomes {
            match outcome {
                Outcome::Known(sequence) => repeats.push((sequence, index)),
                other => settled_items.push((index, self.settled(other, ledger))),
            }
        }
        if repeats.is_empty() {
            return settled_items;
        }
        repeats.sort_unstable();
        let sequences: Vec<Sequence> = repeats.iter().map(|(sequence, _)| *sequence).collect();
        match self.records(&sequences).await {
            Ok(records) => {
                settled_items.extend(repeats.into_iter().zip(records).map(|((sequence, index), record)| {
                    (index, self.known(record, sequence, hashes[index as usize]))
                }));
            }
            Err(error) => {
                let problem = log_failed(&error);
                settled_items
                    .extend(repeats.into_iter().map(|(_, index)| (index, Settled::Problem(problem.clone()))));
            }
        }
        settled_items
    }

    /// The records at these places, which ascend.
    async fn records(&self, sequences: &[Sequence]) -> Result<Vec<Option<Record>>, LogError> {
        let (first, last) = (sequences[0], sequences[sequences.len() - 1]);
        let span = last.0 - first.0 + 1;
        if span > 4 * sequences.len() as u64 {
            let reads = sequences.iter().copied().map(|sequence| {
                let sequencer = self.sequencer.clone();
                async move { sequencer.record(sequence).await }
            });
            return stream::iter(reads).buffered(LOOK_UPS_MAX).try_collect().await;
        }
        let mut rows = self.sequencer.log().rows(Sequence(first.0.saturating_sub(1)), Some(last));
        let mut wanted = sequences.iter().peekable();
        let mut found = Vec::with_capacity(sequences.len());
        while let Some(row) = rows.try_next().await? {
            for (sequence, line) in row.lines() {
                // Two items of a bulk may repeat one key.
                while wanted.next_if(|next| **next == sequence).is_some() {
                    found.push(Record::read(line).ok());
                }
            }
        }
        found.resize_with(sequences.len(), || None);
        Ok(found)
    }

    fn settled(&self, outcome: Outcome, ledger: &LedgerId) -> Settled {
        Settled::Problem(match outcome {
            Outcome::Recorded(record) => return Settled::Recorded(record),
            Outcome::DryRun(record) => return Settled::DryRun(record),
            Outcome::KeyConflict(used_at) => self.key_reused(used_at),
            Outcome::KeysMixed => Problem::new(&codes::KEYS_MIXED),
            Outcome::LedgerNotFound => ledger_not_found(ledger.as_str()),
            Outcome::NotRecorded => Problem::new(&codes::NOT_RECORDED).retry_after(1),
            Outcome::TimedOut => Problem::new(&codes::TIMED_OUT).retry_after(1),
            Outcome::Known(_) | Outcome::Seen => {
                unreachable!("known ones are looked up, and reads are no items")
            }
        })
    }

    fn known(&self, record: Option<Record>, sequence: Sequence, hash: RequestHash) -> Settled {
        match record {
            Some(record) if record.envelope.request == hash => Settled::Recorded(Arc::new(record)),
            Some(_) => Settled::Problem(self.key_reused(Some(sequence))),
            None => {
                tracing::error!(%sequence, "LOG-1: a record that a key names is not in the log, or cannot be read");
                Settled::Problem(Problem::new(&codes::INTERNAL))
            }
        }
    }

    /// Says where the key was used, so that the caller can look what it was used for.
    fn key_reused(&self, used_at: Option<Sequence>) -> Problem {
        let mut problem = Problem::new(&codes::KEY_REUSED);
        if let Some(sequence) = used_at {
            let used_at = Position::new(self.sequencer.log().shard(), sequence);
            problem.body.figures = Some([("used_at".to_owned(), used_at.to_string())].into());
        }
        problem
    }

    pub fn answer<T>(&self, settled: &Settled) -> Result<Answer<T>, Problem> {
        match settled {
            Settled::Recorded(record) => {
                let position = self.position(record);
                match &record.event {
                    Event::CommandRefused(refused) => Err(refusal::problem(&refused.refusal, Some(position))),
                    event => Ok(Answer::new(&Head::of(record, Some(position)), event)),
                }
            }
            Settled::DryRun(record) => match &record.event {
                Event::CommandRefused(refused) => Err(refusal::problem(&refused.refusal, None)),
                event => Ok(Answer::new(&Head::of(record, None), event)),
            },
            Settled::Problem(problem) => Err(problem.clone()),
        }
    }

    pub fn position(&self, record: &Record) -> Position {
        Position::new(self.sequencer.log().shard(), record.envelope.sequence)
    }
}

/// The command's key: of the header, or of the body, or made here.
pub fn key(header: Option<Wire<CommandKey>>, body: Option<CommandKey>) -> Result<CommandKey, Problem> {
    match (header, body) {
        (Some(Wire(header)), Some(body)) if header != body => {
            Err(Problem::new(&codes::KEYS_DIFFER).pointer("/id"))
        }
        (Some(Wire(key)), _) | (None, Some(key)) => Ok(key),
        (None, None) => {
            Ok(CommandKey::parse(&Uuid::new_v4().to_string()).expect("a UUID is printable ASCII"))
        }
    }
}

/// The command may yet be recorded.
pub fn outcome_unknown(key: &CommandKey) -> Problem {
    let detail = format!("send the same again with the key {:?} to learn what came of it", key.as_str());
    Problem::new(&codes::OUTCOME_UNKNOWN).detail(detail).retry_after(2)
}
pub fn unavailable(unavailable: Unavailable) -> Problem {
    match unavailable {
        Unavailable::Full => Problem::new(&codes::OVERLOADED).retry_after(1),
        other => Problem::new(&codes::UNAVAILABLE).detail(other.to_string()).retry_after(2),
    }
}

/// A view could not be asked.
pub fn view_failed(error: ViewError) -> Problem {
    match error {
        ViewError::NotReady { .. } => {
            Problem::new(&codes::VIEW_NOT_READY).detail(error.to_string()).retry_after(1)
        }
        ViewError::Behind { read, wanted, .. } => {
            let mut problem = Problem::new(&codes::VIEW_BEHIND).detail(error.to_string()).retry_after(1);
            let missing = wanted.0.saturating_sub(read.0);
            problem.body.figures = Some(
                [("read".to_owned(), read.to_string()), ("missing".to_owned(), missing.to_string())].into(),
            );
            problem
        }
        ViewError::TakesTooLong => Problem::new(&codes::SEARCH_TOO_LONG),
        ViewError::TooLarge(which) => too_large(which),
        error => {
            tracing::warn!(error = &error as &dyn std::error::Error, "a view could not be read");
            Problem::new(&codes::UNAVAILABLE).detail("the views cannot be read now").retry_after(1)
        }
    }
}

/// The log could not be read just now.
pub fn log_failed(error: &LogError) -> Problem {
    tracing::warn!(error = error as &dyn std::error::Error, "the log could not be read");
    Problem::new(&codes::UNAVAILABLE).detail("the log cannot be read now").retry_after(1)
}
