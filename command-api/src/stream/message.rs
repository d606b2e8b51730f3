//! What a reader gets: JSON objects, each with the position from which to go on after it.

use event_schemas::{Event, Position};
use poem_openapi::Enum;

use super::{batch::Item, subscription::Wanted};
use crate::wire::answer::{balances, string, time};

/// What of the records is told.
#[derive(Enum, Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[oai(rename = "StreamKind", rename_all = "snake_case")]
pub enum Content {
    /// Each record, as it stands in the log.
    #[default]
    Events,
    /// Of each transaction, the totals of the accounts that it touched, after it.
    Balances,
}

/// How one object is told from the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Framing {
    /// Server-sent events, by the HTML standard (section 9.2).
    Events,
    /// One object a line: each becomes a message of a WebSocket.
    Lines,
}

/// Why a stream ended. It can be taken up again in each case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    TooSlow,
    Stopping,
    Unavailable,
    KeyNotValid,
}

impl End {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooSlow => "too_slow",
            Self::Stopping => "stopping",
            Self::Unavailable => "unavailable",
            Self::KeyNotValid => "key_not_valid",
        }
    }
}

/// Appends a record, if it is wanted.
pub fn write_item(out: &mut Vec<u8>, wanted: &mut Wanted, position: Position, item: &Item) {
    if let Some(subtree) = &mut wanted.subtree
        && !item.record().is_some_and(|record| subtree.touched_by(record))
    {
        return;
    }
    match wanted.content {
        Content::Events => frame(out, wanted.framing, None, position, |out| {
            out.extend_from_slice(b",\"record\":");
            out.extend_from_slice(&item.line);
        }),
        Content::Balances => write_balances(out, wanted, position, item),
    }
}

fn write_balances(out: &mut Vec<u8>, wanted: &Wanted, position: Position, item: &Item) {
    let Some(record) = item.record() else { return };
    let entries = match &record.event {
        Event::TransactionPosted(posted) => &posted.entries,
        Event::TransactionReversed(reversed) => &reversed.entries,
        _ => return,
    };
    frame(out, wanted.framing, None, position, |out| {
        string(out, "transaction", record.envelope.key.as_str());
        time(out, "recorded_at", record.envelope.recorded_at);
        time(out, "effective_at", record.envelope.effective_at);
        balances(out, entries, |entry| wanted.subtree.as_ref().is_none_or(|subtree| subtree.holds(entry)));
    });
}

/// A sign of life: all that was wanted up to here has been told.
pub fn write_heartbeat(out: &mut Vec<u8>, framing: Framing, position: Position) {
    frame(out, framing, Some("heartbeat"), position, |_| {});
}

pub fn write_end(out: &mut Vec<u8>, framing: Framing, position: Position, end: End) {
    frame(out, framing, Some("end"), position, |out| string(out, "end", end.as_str()));
}

fn frame(
    out: &mut Vec<u8>,
    framing: Framing,
    name: Option<&str>,
    position: Position,
    fields: impl FnOnce(&mut Vec<u8>),
) {
    let position = position.to_string();
    if framing == Framing::Events {
        if let Some(name) = name {
            out.extend_from_slice(format!("event: {name}\n").as_bytes());
        }
        out.extend_from_slice(format!("id: {position}\ndata: ").as_bytes());
    }
    out.push(b'{');
    string(out, "position", &position);
    fields(out);
    out.extend_from_slice(if framing == Framing::Events { b"}\n\n" } else { b"}\n" });
}
