//! What a stream is made of, for the document; the stream itself is written by `stream::message`.

use event_schemas::{Key, Position};
use poem::{IntoResponse, Response};
use poem_openapi::{
    ApiResponse, Object,
    registry::{MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::Type,
};

use super::{Wire, answer::BalanceAfter, event::EventRecord};

/// One object of a stream. With a `position` alone: there is nothing else up to there.
#[derive(Object, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct StreamItem {
    /// To be sent as `after`, to go on behind this object.
    pub position: Wire<Position>,
    /// Of `events`: the record, byte for byte as in the log.
    pub record: Option<EventRecord>,
    /// Of `balances`: the transaction's key.
    pub transaction: Option<Wire<Key>>,
    pub recorded_at: Option<String>,
    pub effective_at: Option<String>,
    /// Of every account touched, in each currency touched, after this transaction.
    pub balances: Option<Vec<BalanceAfter>>,
    /// Why the stream ends here.
    pub end: Option<String>,
}

/// An endless answer, or the upgrade to a WebSocket.
pub struct Streamed(pub Response);

impl IntoResponse for Streamed {
    fn into_response(self) -> Response {
        self.0
    }
}

impl ApiResponse for Streamed {
    fn meta() -> MetaResponses {
        let response = |status, description, content| MetaResponse {
            description,
            status: Some(status),
            status_range: None,
            content,
            headers: vec![],
        };
        let items = MetaMediaType { content_type: "text/event-stream", schema: StreamItem::schema_ref() };
        MetaResponses {
            responses: vec![
                response(101, "A WebSocket, as asked for", vec![]),
                response(200, "Server-sent events without end; the data of each is one object", vec![items]),
            ],
        }
    }

    fn register(registry: &mut Registry) {
        StreamItem::register(registry);
    }
}
