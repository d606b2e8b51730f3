//! One reader: where he stands, and whether he is with the others or still behind.

use std::{pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use event_schemas::{LedgerId, Position, Sequence};
use futures_util::{Stream, stream};
use tokio::{
    sync::{
        OwnedSemaphorePermit,
        broadcast::{Receiver, error::RecvError},
    },
    time::{Instant, sleep_until},
};

use super::{
    Streams,
    batch::{Batch, PAGE_MAX},
    message::{Content, End, Framing, write_end, write_heartbeat},
    subtree::Subtree,
};
use crate::keys::Key;

/// What a reader asks for.
pub struct Wanted {
    pub key: Arc<Key>,
    pub ledger: LedgerId,
    pub subtree: Option<Subtree>,
    pub content: Content,
    pub framing: Framing,
}

/// A reader's place. Told is everything that is wanted up to the cursor, once and in order, and nothing after it.
pub struct Subscription {
    streams: Arc<Streams>,
    wanted: Wanted,
    cursor: Sequence,
    feed: Receiver<Arc<Batch>>,
    place: Place,
    /// When he fell behind the others, if he has not heard them since.
    behind_since: Option<Instant>,
    /// When he was last given something, and how it ended if it was the end.
    gave_at: Instant,
    state: State,
    _slot: OwnedSemaphorePermit,
}

#[derive(PartialEq)]
enum Place {
    /// Reads the log. The feed was subscribed to before, so that what is appended meanwhile waits there or is known to be missed.
    Behind,
    /// Has read the log to its end, and hears the feed.
    Joined,
}

#[derive(PartialEq)]
enum State {
    New,
    Going,
    Ended,
}

enum Step {
    Chunk(Bytes),
    Nothing,
    End(End),
}

impl Subscription {
    pub(super) fn new(
        streams: Arc<Streams>,
        wanted: Wanted,
        cursor: Sequence,
        feed: Receiver<Arc<Batch>>,
        slot: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            streams,
            wanted,
            cursor,
            feed,
            place: Place::Behind,
            behind_since: None,
            gave_at: Instant::now(),
            state: State::New,
            _slot: slot,
        }
    }

    /// Pieces of one or more whole objects. Nothing is read before it is asked for.
    pub fn into_stream(self) -> impl Stream<Item = Bytes> + Send {
        stream::unfold(self, async |mut subscription| {
            let chunk = subscription.next().await?;
            Some((chunk, subscription))
        })
    }

    async fn next(&mut self) -> Option<Bytes> {
        match self.state {
            State::Ended => return None,
            // At once, so that the reader knows where he stands and that he is heard.
            State::New => {
                self.state = State::Going;
                return Some(self.heartbeat());
            }
            State::Going => {}
        }
        // Who is asked for the next piece only now has been writing the last one all the time.
        let end = if self.gave_at.elapsed() > self.patience() { Some(End::TooSlow) } else { None };
        let chunk = match end {
            Some(end) => self.end(end),
            None => self.chunk().await,
        };
        self.gave_at = Instant::now();
        Some(chunk)
    }

    async fn chunk(&mut self) -> Bytes {
        let stop = self.streams.stop.clone();
        let mut stopped = pin!(stop.cancelled());
        loop {
            let heartbeat_at = self.gave_at + self.streams.config.heartbeat;
            let step = tokio::select! {
                biased;
                () = &mut stopped => Step::End(End::Stopping),
                step = self.step() => step,
                () = sleep_until(heartbeat_at) => Step::Chunk(self.heartbeat()),
            };
            // A stream outlives the moment at which its key was looked at.
            if !self.streams.keys.still_opens(&self.wanted.key) {
                return self.end(End::KeyNotValid);
            }
            match step {
                Step::Chunk(chunk) => return chunk,
                Step::Nothing => {}
                Step::End(end) => return self.end(end),
            }
        }
    }

    /// Safe to drop: the cursor moves when its await is over.
    async fn step(&mut self) -> Step {
        match self.place {
            Place::Behind => self.read().await,
            Place::Joined => self.hear().await,
        }
    }

    async fn read(&mut self) -> Step {
        if self.behind_since.is_some_and(|since| since.elapsed() > self.patience()) {
            return Step::End(End::TooSlow);
        }
        let page = {
            let _one_of_few = self.streams.pages.acquire().await;
            Batch::read(&*self.streams.log, self.cursor, PAGE_MAX).await
        };
        match page {
            Ok(Some(batch)) => self.take(&batch),
            Ok(None) => {
                self.place = Place::Joined;
                Step::Nothing
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the log cannot be read for a stream: it ends");
                Step::End(End::Unavailable)
            }
        }
    }

    async fn hear(&mut self) -> Step {
        match self.feed.recv().await {
            Ok(batch) if batch.last <= self.cursor => Step::Nothing,
            Ok(batch) if batch.follows(self.cursor) => {
                self.behind_since = None;
                self.take(&batch)
            }
            // The feed has gone on without him: what he missed he reads himself.
            Ok(_) | Err(RecvError::Lagged(_)) => {
                self.place = Place::Behind;
                self.behind_since.get_or_insert_with(Instant::now);
                Step::Nothing
            }
            // Only while the server stops: the tail ends when nobody listens.
            Err(RecvError::Closed) => Step::End(End::Stopping),
        }
    }

    fn take(&mut self, batch: &Batch) -> Step {
        assert!(batch.follows(self.cursor), "a stream has no gaps");
        let chunk = batch.write(&mut self.wanted, self.cursor, self.streams.log.shard());
        self.cursor = batch.last;
        if chunk.is_empty() { Step::Nothing } else { Step::Chunk(chunk) }
    }

    fn heartbeat(&mut self) -> Bytes {
        let mut out = Vec::new();
        write_heartbeat(&mut out, self.wanted.framing, self.position());
        out.into()
    }

    fn end(&mut self, end: End) -> Bytes {
        self.state = State::Ended;
        let (ledger, position) = (&self.wanted.ledger, self.position());
        tracing::debug!(ledger.id = %ledger, %position, end = end.as_str(), "a stream ends");
        let mut out = Vec::new();
        write_end(&mut out, self.wanted.framing, position, end);
        out.into()
    }

    fn position(&self) -> Position {
        Position::new(self.streams.log.shard(), self.cursor)
    }

    fn patience(&self) -> Duration {
        self.streams.config.patience
    }
}
