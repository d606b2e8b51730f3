//! One command's outcome in the log: the envelope that all records share, and the event.

use std::borrow::Cow;

use uuid::Uuid;

use crate::codec::{Reader, Unreadable, write_number, write_string};
use crate::{ActorId, Event, Key, LedgerId, Position, RequestHash, Sequence, Ts};

/// What every record says, in this order. All that matters is inside the record's bytes, so nothing can be changed unseen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    pub sequence: Sequence,
    /// Random: a sibling's hash in a proof tells nothing about this record. Also the CloudEvents id.
    pub id: Uuid,
    pub ledger: LedgerId,
    pub batch: Batch,
    pub key: Key,
    pub request: RequestHash,
    pub actor: ActorId,
    /// The record that made a reaction ask for this one.
    pub caused_by: Option<Position>,
    /// W3C trace context of the request.
    pub traceparent: Option<Box<str>>,
    pub recorded_at: Ts,
    pub effective_at: Ts,
}

/// A record's place among those that are recorded all or none. Alone: `{0, 1}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    pub index: u32,
    pub count: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub envelope: Envelope,
    pub event: Event,
}

impl Batch {
    pub const ALONE: Batch = Batch { index: 0, count: 1 };
}

impl Record {
    /// Appends the record's bytes: one line of JSON, without the line's end.
    pub fn write(&self, out: &mut Vec<u8>) {
        self.envelope.write(&self.event, out);
    }

    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(640);
        self.write(&mut out);
        out
    }

    /// Reads a record's bytes, whatever released version of its event they hold.
    pub fn read(bytes: &[u8]) -> Result<Record, Unreadable> {
        let mut reader = Reader::new(bytes);
        let (envelope, name, version) = Envelope::read(&mut reader)?;
        let event = Event::read(&name, version, &mut reader)?;
        if reader.at_end() {
            Ok(Record { envelope, event })
        } else {
            Err(reader.malformed("the end of the record"))
        }
    }
}

impl Envelope {
    /// Appends a record of this envelope and `event`.
    pub fn write(&self, event: &Event, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"seq\":");
        write_number(out, self.sequence.0);
        out.extend_from_slice(b",\"id\":\"");
        let mut id = [0; uuid::fmt::Hyphenated::LENGTH];
        out.extend_from_slice(self.id.as_hyphenated().encode_lower(&mut id).as_bytes());
        out.extend_from_slice(b"\",\"type\":\"");
        out.extend_from_slice(event.name().as_bytes());
        out.extend_from_slice(b"\",\"version\":");
        write_number(out, event.version());
        out.extend_from_slice(b",\"ledger\":\"");
        out.extend_from_slice(self.ledger.as_bytes());
        out.extend_from_slice(b"\",\"batch\":{\"index\":");
        write_number(out, self.batch.index);
        out.extend_from_slice(b",\"count\":");
        write_number(out, self.batch.count);
        out.extend_from_slice(b"},\"key\":");
        write_string(out, self.key.as_bytes());
        out.extend_from_slice(b",\"request\":\"");
        out.extend_from_slice(&self.request.to_text());
        out.extend_from_slice(b"\",\"actor\":");
        write_string(out, self.actor.as_bytes());
        if let Some(cause) = self.caused_by {
            out.extend_from_slice(b",\"caused_by\":\"");
            out.extend_from_slice(cause.to_string().as_bytes());
            out.push(b'"');
        }
        if let Some(traceparent) = &self.traceparent {
            out.extend_from_slice(b",\"traceparent\":");
            write_string(out, traceparent.as_bytes());
        }
        out.extend_from_slice(b",\"recorded_at\":");
        write_number(out, self.recorded_at.0);
        out.extend_from_slice(b",\"effective_at\":");
        write_number(out, self.effective_at.0);
        event.write(out);
    }

    /// Reads no more than the ledger and the key of a record: a boot reads those of every record.
    pub fn read_key<'a>(bytes: &'a [u8]) -> Result<(Cow<'a, str>, Cow<'a, str>), Unreadable> {
        let mut reader = Reader::new(bytes);
        reader.expect("{\"seq\":")?;
        reader.u64()?;
        reader.expect(",\"id\":")?;
        reader.string()?;
        reader.expect(",\"type\":")?;
        reader.string()?;
        reader.expect(",\"version\":")?;
        reader.u16()?;
        reader.expect(",\"ledger\":")?;
        let ledger = reader.string()?;
        reader.expect(",\"batch\":{\"index\":")?;
        reader.u32()?;
        reader.expect(",\"count\":")?;
        reader.u32()?;
        reader.expect("},\"key\":")?;
        Ok((ledger, reader.string()?))
    }

    /// Reads the envelope, and the event's name and version, which stand inside it.
    pub fn read<'a>(reader: &mut Reader<'a>) -> Result<(Envelope, Cow<'a, str>, u16), Unreadable> {
        reader.expect("{\"seq\":")?;
        let sequence = Sequence(reader.u64()?);
        reader.expect(",\"id\":")?;
        let id = reader.parsed(read_uuid)?;
        reader.expect(",\"type\":")?;
        let name = reader.string()?;
        reader.expect(",\"version\":")?;
        let version = reader.u16()?;
        reader.expect(",\"ledger\":")?;
        let ledger = reader.parsed(LedgerId::parse_bytes)?;
        reader.expect(",\"batch\":{\"index\":")?;
        let index = reader.u32()?;
        reader.expect(",\"count\":")?;
        let batch = Batch { index, count: reader.u32()? };
        reader.expect("},\"key\":")?;
        let key = reader.parsed(Key::parse_bytes)?;
        reader.expect(",\"request\":")?;
        let request = reader.parsed(RequestHash::parse_bytes)?;
        reader.expect(",\"actor\":")?;
        let actor = reader.parsed(ActorId::parse_bytes)?;
        let caused_by = if reader.take(",\"caused_by\":") { Some(reader.value()?) } else { None };
        let traceparent = if reader.take(",\"traceparent\":") { Some(reader.string()?.into()) } else { None };
        reader.expect(",\"recorded_at\":")?;
        let recorded_at = Ts(reader.i64()?);
        reader.expect(",\"effective_at\":")?;
        let effective_at = Ts(reader.i64()?);
        let envelope = Envelope {
            sequence,
            id,
            ledger,
            batch,
            key,
            request,
            actor,
            caused_by,
            traceparent,
            recorded_at,
            effective_at,
        };
        Ok((envelope, name, version))
    }
}

/// `67e55044-10b1-426f-9247-bb680e5fe0c8`, and none of a UUID's other spellings: a record's bytes are canonical.
fn read_uuid(text: &[u8]) -> Result<Uuid, &'static str> {
    const NOT_A_UUID: &str = "a UUID in lower case with hyphens";
    let text: &[u8; uuid::fmt::Hyphenated::LENGTH] = text.try_into().map_err(|_| NOT_A_UUID)?;
    let mut id = [0; 16];
    // Collected, not returned at once: nearly all ids are right, and without branches this is quicker.
    let mut wrong = [8, 13, 18, 23].iter().any(|at| text[*at] != b'-');
    let mut at = 0;
    for (index, byte) in id.iter_mut().enumerate() {
        at += usize::from(matches!(index, 4 | 6 | 8 | 10));
        let (high, low) = (HEX_DIGITS[usize::from(text[at])], HEX_DIGITS[usize::from(text[at + 1])]);
        wrong |= (high | low) > 15;
        *byte = high << 4 | low;
        at += 2;
    }
    if wrong { Err(NOT_A_UUID) } else { Ok(Uuid::from_bytes(id)) }
}

/// What a digit in lower case stands for; 255 for all else.
static HEX_DIGITS: [u8; 256] = {
    let mut values = [255; 256];
    let digits = b"0123456789abcdef";
    let mut value = 0;
    while value < digits.len() {
        values[digits[value] as usize] = value as u8;
        value += 1;
    }
    values
};
