//! Reads and decodes the next records while the ones before them are on their way into the tables.

use std::{borrow::Cow, time::Duration};

use bytes::Bytes;
use event_schemas::{Envelope, Event, Reader, Record, Sequence, Ts, Unreadable};
use event_store::LogError;
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};

use crate::{
    feed::Feed,
    view::{Poison, Stranger, Unknown, View},
};

/// How long the feed may wait for records before it looks whether anybody still listens.
const PATIENCE: Duration = Duration::from_millis(500);
/// Pieces that are longer than this are decoded on a thread where nobody else waits.
const LINES_IN_PASSING_MAX: usize = 64;

/// Consecutive records, of which those are kept that the view folds.
#[derive(Debug, Default)]
pub struct Piece {
    /// The record before the first.
    pub from: Sequence,
    /// The last.
    pub to: Sequence,
    pub records: Vec<Record>,
    pub strangers: Vec<Stranger>,
    /// When the last one was recorded, where that is known.
    pub recorded_at: Option<Ts>,
    /// The record after the last cannot be read.
    pub poison: Option<Poison>,
}

/// Records after a position, read ahead by a task.
pub struct Ahead {
    pieces: mpsc::Receiver<Result<Piece, LogError>>,
    /// What was read and not yet wanted.
    rest: Option<Piece>,
    reading: JoinHandle<()>,
}

impl Ahead {
    /// Goes on until it is dropped, or has met a record that it cannot read.
    pub fn start(mut feed: Box<dyn Feed>, wants: Wants, mut at: Sequence, lines_max: usize) -> Ahead {
        // One waits here, one is being read.
        let (sender, pieces) = mpsc::channel(1);
        let reading = tokio::spawn(async move {
            while !sender.is_closed() {
                let piece = match feed.after(at, lines_max, PATIENCE).await {
                    Ok(lines) if lines.is_empty() => continue,
                    Ok(lines) => Ok(decoded(wants, at, lines).await),
                    Err(error) => Err(error),
                };
                let ends = piece.as_ref().map_or(true, |piece| piece.poison.is_some());
                at = piece.as_ref().map_or(at, |piece| piece.to);
                if sender.send(piece).await.is_err() || ends {
                    return;
                }
            }
        });
        Ahead { pieces, rest: None, reading }
    }

    /// The next piece, no further than `until`. `None`: nothing came in time.
    pub async fn next(
        &mut self,
        until: Option<Sequence>,
        patience: Duration,
    ) -> Result<Option<Piece>, LogError> {
        let mut piece = match self.rest.take() {
            Some(rest) => rest,
            None => match timeout(patience, self.pieces.recv()).await {
                Err(_) => return Ok(None),
                Ok(None) => {
                    // It has told an error or a poison and ended, and nobody asks after that; or it has panicked.
                    let ended = (&mut self.reading).await.expect_err("who has heard the end asks no more");
                    std::panic::resume_unwind(ended.into_panic());
                }
                Ok(Some(piece)) => piece?,
            },
        };
        if let Some(until) = until
            && piece.to > until
        {
            self.rest = Some(piece.split_off(until));
        }
        Ok(Some(piece))
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

impl Piece {
    /// Keeps the records up to `at` and gives the others away.
    fn split_off(&mut self, at: Sequence) -> Piece {
        let records = self.records.partition_point(|record| record.envelope.sequence <= at);
        let strangers = self.strangers.partition_point(|stranger| stranger.envelope.sequence <= at);
        let rest = Piece {
            from: at,
            to: self.to,
            records: self.records.split_off(records),
            strangers: self.strangers.split_off(strangers),
            recorded_at: self.recorded_at.take(),
            poison: self.poison.take(),
        };
        self.to = at;
        self.recorded_at = self.records.last().map(|record| record.envelope.recorded_at);
        rest
    }

    /// What is before a record that turned out to be poison.
    pub fn before(mut self, sequence: Sequence) -> Piece {
        drop(self.split_off(Sequence(sequence.0 - 1)));
        self
    }
}

/// What a view wants of the log.
#[derive(Debug, Clone, Copy)]
pub struct Wants {
    consumes: &'static [&'static str],
    unknown: Unknown,
}

impl Wants {
    pub fn of(view: &dyn View) -> Wants {
        Wants { consumes: view.consumes(), unknown: view.unknown() }
    }
}

async fn decoded(wants: Wants, from: Sequence, lines: Vec<(Sequence, Bytes)>) -> Piece {
    if lines.len() <= LINES_IN_PASSING_MAX {
        return decode(wants, from, &lines);
    }
    let decoding = tokio::task::spawn_blocking(move || decode(wants, from, &lines));
    decoding.await.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()))
}

/// What one line is to a view.
enum Read {
    Folded(Record),
    Noted(Stranger),
    /// Nothing, and recorded then.
    PassedOver(Ts),
}

/// The records that the view folds, up to the first that cannot be read.
fn decode(wants: Wants, from: Sequence, lines: &[(Sequence, Bytes)]) -> Piece {
    let mut piece = Piece { from, to: from, ..Piece::default() };
    piece.records.reserve(lines.len());
    for (sequence, line) in lines {
        assert_eq!(*sequence, piece.to.next(), "LOG-1: a view sees every record once");
        let recorded_at = match read(wants, line) {
            Ok(Read::Folded(record)) => {
                let recorded_at = record.envelope.recorded_at;
                piece.records.push(record);
                recorded_at
            }
            Ok(Read::Noted(stranger)) => {
                let recorded_at = stranger.envelope.recorded_at;
                piece.strangers.push(stranger);
                recorded_at
            }
            Ok(Read::PassedOver(recorded_at)) => recorded_at,
            Err(error) => {
                piece.poison = Some(Poison { sequence: *sequence, reason: error.to_string() });
                break;
            }
        };
        (piece.to, piece.recorded_at) = (*sequence, Some(recorded_at));
    }
    piece
}

fn read(wants: Wants, line: &[u8]) -> Result<Read, Unreadable> {
    let envelope = || Envelope::read(&mut Reader::new(line));
    let name = name(line)?;
    if !wants.consumes.contains(&&*name) && Event::NAMES.contains(&&*name) {
        let (envelope, ..) = envelope()?;
        return Ok(Read::PassedOver(envelope.recorded_at));
    }
    match Record::read(line) {
        Ok(record) => Ok(Read::Folded(record)),
        Err(Unreadable::UnknownEvent { .. }) if wants.unknown == Unknown::Noted => {
            let (envelope, name, version) = envelope()?;
            Ok(Read::Noted(Stranger { envelope, name: name.into_owned(), version }))
        }
        Err(error) => Err(error),
    }
}

/// The event's name, which stands near the beginning.
fn name(line: &[u8]) -> Result<Cow<'_, str>, Unreadable> {
    let mut reader = Reader::new(line);
    reader.expect("{\"seq\":")?;
    reader.u64()?;
    reader.expect(",\"id\":")?;
    reader.string()?;
    reader.expect(",\"type\":")?;
    reader.string()
}
