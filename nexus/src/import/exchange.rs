//! One streamed bulk request: lines out, outcomes in, both at once, with a bound on what is under way.

use std::{collections::VecDeque, time::Duration};

use anyhow::Result;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, TryStreamExt, stream, stream::BoxStream};
use reqwest::{Body, Method};
use tokio::sync::mpsc;

use super::{
    answer::{self, Outcome},
    ledger::Ledger,
    posting::Provenance,
    reader::Row,
};

/// Rows that are sent and not yet answered. More would make the server say that it is full.
pub const WINDOW_ROWS: usize = 4_096;
/// Nothing came for so long, though something is due: the exchange is given up and begun anew.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// An open request.
pub struct Exchange<'a> {
    sha256: &'a str,
    lines: Option<mpsc::UnboundedSender<Result<Bytes, std::io::Error>>>,
    answers: BoxStream<'static, Result<Bytes, Broken>>,
    partial: BytesMut,
    /// Rows that are under way; the front one is the request's `first`-th item.
    window: VecDeque<Option<Row>>,
    first: u64,
}

/// Why an exchange ended.
#[derive(Debug)]
pub enum Broken {
    /// The server cannot now, or the connection was lost: another exchange may do.
    Passing(String),
    /// It will not.
    Fatal(anyhow::Error),
}

/// A row and its outcome.
pub struct Answered {
    pub row: Row,
    pub outcome: Outcome,
}

impl<'a> Exchange<'a> {
    pub fn begin(ledger: &Ledger, dry_run: bool, sha256: &'a str) -> Self {
        let (lines, body) = mpsc::unbounded_channel();
        let body = stream::unfold(body, async |mut body| Some((body.recv().await?, body)));
        let path = ledger.path(if dry_run { "/bulk?dry_run=true" } else { "/bulk" });
        let request = ledger
            .client
            .request(Method::POST, &path)
            .header("content-type", "application/x-ndjson")
            .body(Body::wrap_stream(body));
        let client = ledger.client.clone();
        let answers = stream::once(async move {
            let response = request.send().await.map_err(|error| lost(&client, &error))?;
            if !response.status().is_success() {
                return Err(said_no(response).await);
            }
            Ok(response.bytes_stream().map_err(move |error| lost(&client, &error)))
        });
        Self {
            sha256,
            lines: Some(lines),
            answers: answers.try_flatten().boxed(),
            partial: BytesMut::new(),
            window: VecDeque::new(),
            first: 0,
        }
    }

    pub fn has_room(&self) -> bool {
        self.lines.is_some() && self.window.len() < WINDOW_ROWS
    }

    pub fn send(&mut self, rows: impl IntoIterator<Item = Row>) {
        let mut out = Vec::new();
        for row in rows {
            let provenance = Provenance { source_sha256: self.sha256, source_line: row.line };
            row.posting.write_line(&row.key(), provenance, &mut out);
            self.window.push_back(Some(row));
        }
        if let Some(lines) = &self.lines {
            // If nobody takes it, the answers end with an error, and the rows are still in the window.
            let _ = lines.send(Ok(out.into()));
        }
    }

    /// No more rows: the answers end with the last outcome.
    pub fn close(&mut self) {
        self.lines = None;
    }

    /// The next outcomes; `None` when all are in. May be dropped and called again.
    pub async fn answers(&mut self) -> Result<Option<Vec<Answered>>, Broken> {
        let next = if self.window.is_empty() {
            self.answers.next().await
        } else {
            let silent = |_| Broken::Passing("the server has not answered for a minute".to_owned());
            tokio::time::timeout(SILENCE_MAX, self.answers.next()).await.map_err(silent)?
        };
        let Some(chunk) = next.transpose()? else {
            if self.window.is_empty() {
                return Ok(None);
            }
            return Err(Broken::Passing("the answers ended before all rows were answered".to_owned()));
        };
        self.partial.extend_from_slice(&chunk);
        let mut answered = Vec::new();
        while let Some(end) = self.partial.iter().position(|byte| *byte == b'\n') {
            let line = self.partial.split_to(end + 1);
            answered.extend(self.answered(&line)?);
        }
        Ok(Some(answered))
    }

    fn answered(&mut self, line: &[u8]) -> Result<Option<Answered>, Broken> {
        let outcome: Outcome = serde_json::from_slice(line)
            .map_err(|error| Broken::Fatal(anyhow::anyhow!("an answer cannot be read: {error}")))?;
        let place = outcome.index.checked_sub(self.first).and_then(|place| usize::try_from(place).ok());
        // What has no row is about the request as a whole: its end says the rest.
        let Some(row) = place.and_then(|place| self.window.get_mut(place)?.take()) else { return Ok(None) };
        while let Some(None) = self.window.front() {
            self.window.pop_front();
            self.first += 1;
        }
        Ok(Some(Answered { row, outcome }))
    }

    /// Rows without an outcome, in the order in which they were sent.
    pub fn unanswered(self) -> impl Iterator<Item = Row> {
        self.window.into_iter().flatten()
    }
}

fn lost(client: &crate::client::Client, error: &reqwest::Error) -> Broken {
    Broken::Passing(format!("{:#}", client.unreachable(error)))
}

async fn said_no(response: reqwest::Response) -> Broken {
    let status = response.status();
    let body = response.bytes().await.unwrap_or_default();
    let words = match serde_json::from_slice::<answer::Body>(&body) {
        Ok(problem) => format!("{} ({}, {status})", problem.reason().why, problem.code),
        Err(_) => format!("the server answered {status}"),
    };
    if status.is_server_error() { Broken::Passing(words) } else { Broken::Fatal(anyhow::anyhow!(words)) }
}
