//! Records as they stand in the log, handed out byte for byte.

use bytes::Bytes;
use event_schemas::{Key, LedgerId, Position};
use poem::{IntoResponse, Response};
use poem_openapi::{
    ApiResponse, Object,
    registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchemaRef, Registry},
    types::Type,
};

use super::Wire;

/// One record: the envelope that all have, and the fields of its event beside it. docs/generated lists the events.
#[derive(Object, Clone, Debug)]
pub struct EventRecord {
    /// Its place in its shard.
    pub seq: u64,
    /// The event's own id.
    pub id: String,
    /// What happened, such as `transaction_posted` or `command_refused`.
    #[oai(rename = "type")]
    pub kind: String,
    pub version: u16,
    pub ledger: Wire<LedgerId>,
    pub key: Wire<Key>,
    pub actor: String,
    /// Microseconds since 1970.
    pub recorded_at: i64,
    /// Microseconds since 1970.
    pub effective_at: i64,
}

/// A page of records.
#[derive(Object, Clone, Debug)]
pub struct EventsPage {
    pub events: Vec<EventRecord>,
    /// To be sent as `after`, for the next page. Absent on the last.
    pub next: Option<Wire<Position>>,
}

pub struct RawEvent(pub Bytes);

/// A page being written.
pub struct RawEvents {
    body: Vec<u8>,
    count: usize,
    pub next: Option<Position>,
}

impl RawEvents {
    pub fn empty() -> Self {
        Self { body: b"{\"events\":[".to_vec(), count: 0, next: None }
    }

    pub fn count(&self) -> usize {
        self.count
    }

    pub fn push(&mut self, record: &[u8]) {
        if self.count > 0 {
            self.body.push(b',');
        }
        self.body.extend_from_slice(record);
        self.count += 1;
    }
}

/// The ledger of a record. Everything before this field in a record is ours, so no text of a caller's can look like it.
pub fn ledger_of(record: &[u8]) -> Option<&[u8]> {
    const FIELD: &[u8] = b",\"ledger\":\"";
    let start = memchr::memmem::find(record, FIELD)? + FIELD.len();
    let length = memchr::memchr(b'"', &record[start..])?;
    Some(&record[start..start + length])
}

impl IntoResponse for RawEvent {
    fn into_response(self) -> Response {
        Response::builder().content_type("application/json").body(self.0)
    }
}

impl IntoResponse for RawEvents {
    fn into_response(mut self) -> Response {
        self.body.push(b']');
        if let Some(next) = self.next {
            self.body.extend_from_slice(format!(",\"next\":\"{next}\"").as_bytes());
        }
        self.body.push(b'}');
        Response::builder().content_type("application/json").body(self.body)
    }
}

macro_rules! api_response {
    ($payload:ty as $schema:ty) => {
        impl ApiResponse for $payload {
            fn meta() -> MetaResponses {
                MetaResponses { responses: vec![response(<$schema as Type>::schema_ref())] }
            }

            fn register(registry: &mut Registry) {
                <$schema as Type>::register(registry);
            }
        }
    };
}

api_response!(RawEvent as EventRecord);
api_response!(RawEvents as EventsPage);

fn response(schema: MetaSchemaRef) -> MetaResponse {
    MetaResponse {
        description: "As recorded",
        status: Some(200),
        status_range: None,
        content: vec![MetaMediaType { content_type: "application/json", schema }],
        headers: vec![],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_records_ledger_is_found_whatever_its_texts_say() {
        let record = br#"{"seq":1,"id":"x","type":"ledger_opened","version":1,"ledger":"home","key":",\"ledger\":\"shop\""}"#;
        assert_eq!(ledger_of(record), Some(&b"home"[..]));
        assert_eq!(ledger_of(b"{}"), None);
    }
}
