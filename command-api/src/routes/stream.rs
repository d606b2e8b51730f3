//! `GET /v1/ledgers/{ledger}/stream`

use std::{io, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use event_schemas::{AccountPath, LedgerId, Position};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use poem::{
    Body, IntoResponse, Response,
    web::websocket::{Message, WebSocket, WebSocketConfig, WebSocketStream},
};
use poem_openapi::{
    OpenApi,
    param::{Header, Path, Query},
};

use crate::{
    caller::{Caller, ledger_not_found},
    codes,
    engine::Engine,
    keys::scope::Read,
    problem::Problem,
    stream::{Content, Framing, Streams, Subtree, Wanted},
    tags::Tag,
    wire::{Wire, stream::Streamed},
};

/// A client has nothing to say on a stream but pongs and "close".
const SAID_BYTES_MAX: usize = 4 * 1024;
/// A socket that takes nothing for so long is dead.
const TAKEN_WITHIN: Duration = Duration::from_secs(60);

pub struct Route(pub Arc<Engine>, pub Arc<Streams>);

#[OpenApi]
impl Route {
    /// Follow a ledger live
    ///
    /// Server-sent events, or the same objects as messages of a WebSocket where the request asks for that upgrade. Each
    /// object has a `position`; a stream that is asked for `after` it goes on with the next one, without gap or repeat. One
    /// that has only a `position` (the SSE event `heartbeat`) says that there is nothing else up to there. The last one says
    /// in `end` (the SSE event `end`) why the stream ends: `too_slow`, `stopping`, `unavailable` or `key_not_valid`.
    #[oai(path = "/v1/ledgers/:ledger/stream", method = "get", operation_id = "stream", tag = "Tag::Events")]
    #[allow(clippy::too_many_arguments, reason = "a parameter of the request each")]
    async fn stream(
        &self,
        caller: Caller<Read>,
        ledger: Path<Wire<LedgerId>>,
        /// Only what was recorded after this position. Left out: what is recorded from now on.
        after: Query<Option<Wire<Position>>>,
        /// Only what is about this account or those below it: those that are there now, and those opened or renamed into
        /// it later.
        account: Query<Option<Wire<AccountPath>>>,
        /// `events`: the records. `balances`: the new totals of the accounts that each transaction touched.
        #[oai(default)]
        kind: Query<Content>,
        /// Sent by browsers that reconnect. Wins over `after`.
        #[oai(name = "Last-Event-ID")]
        last_event_id: Header<Option<Wire<Position>>>,
        socket: Option<WebSocket>,
    ) -> poem::Result<Streamed> {
        let ledger = caller.granted(ledger.0.0)?.into_id();
        let (id, root) = (ledger.clone(), account.0.map(|account| account.0));
        let look = move |books: &ledger_core::Books, head: Position| {
            let ledger = books.ledger(&id)?;
            Some((head, root.map(|root| Subtree::of(ledger, root))))
        };
        let found = self.0.read(look).await?;
        let (head, subtree) = found.ok_or_else(|| ledger_not_found(ledger.as_str()))?;
        let after = last_event_id.0.or(after.0).map_or(head, |after| after.0);
        if after.shard != head.shard {
            return Err(Problem::new(&codes::POSITION_ELSEWHERE)
                .detail(format!("after: the ledger's records stand in shard {}", head.shard))
                .into());
        }
        let framing = if socket.is_some() { Framing::Lines } else { Framing::Events };
        let wanted = Wanted { key: Arc::clone(&caller.key), ledger, subtree, content: kind.0, framing };
        let chunks = self.1.subscribe(wanted, after.sequence, head.sequence)?.into_stream();
        Ok(Streamed(match socket {
            Some(socket) => upgraded(socket, chunks),
            None => Response::builder()
                .content_type("text/event-stream")
                .body(Body::from_bytes_stream(chunks.map(Ok::<_, io::Error>))),
        }))
    }
}

fn upgraded(socket: WebSocket, chunks: impl Stream<Item = Bytes> + Send + 'static) -> Response {
    let config = WebSocketConfig::default()
        .max_message_size(Some(SAID_BYTES_MAX))
        .max_frame_size(Some(SAID_BYTES_MAX));
    // The callback has to be `Sync`, which a stream need not be.
    let chunks = std::sync::Mutex::new(Some(Box::pin(chunks)));
    let relayed = move |socket| async move {
        let chunks = chunks.into_inner().ok().flatten();
        if let Some(chunks) = chunks {
            relay(socket, chunks).await;
        }
    };
    socket.config(config).on_upgrade(relayed).into_response()
}

/// Until the stream ends or the client goes.
async fn relay(socket: WebSocketStream, chunks: impl Stream<Item = Bytes>) {
    let (mut sink, mut said) = socket.split();
    let mut chunks = pin!(chunks);
    loop {
        tokio::select! {
            chunk = chunks.next() => {
                let sent = match chunk {
                    Some(chunk) => tokio::time::timeout(TAKEN_WITHIN, send(&mut sink, &chunk)).await,
                    None => break,
                };
                if !matches!(sent, Ok(Ok(()))) {
                    return;
                }
            }
            said = said.next() => match said {
                // tungstenite answers pings itself.
                Some(Ok(Message::Text(_) | Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
            },
        }
    }
    let _ = tokio::time::timeout(TAKEN_WITHIN, sink.close()).await;
}

/// A message for each line, and one flush.
async fn send(sink: &mut (impl Sink<Message, Error = io::Error> + Unpin), lines: &[u8]) -> io::Result<()> {
    let lines = std::str::from_utf8(lines).map_err(io::Error::other)?;
    for line in lines.lines() {
        sink.feed(Message::text(line)).await?;
    }
    sink.flush().await
}
