//! Reading and writing a record's bytes: one JSON object, fields in a fixed order, no blanks.
//!
//! The writer is the only one there is, so the reader expects just what it writes. That makes a record's bytes canonical
//! (read and written again they are the same), and reading several times quicker than a JSON parser that expects anything.

use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A record that this program cannot read. It says where, and nothing is skipped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("byte {at}: expected {expected}")]
    Malformed { at: usize, expected: String },
    #[error("byte {at}: {reason}")]
    Invalid { at: usize, reason: String },
    #[error("no event {name:?} of version {version} is known: a newer program wrote it")]
    UnknownEvent { name: String, version: u16 },
}

/// A cursor over a record's bytes.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0 }
    }

    #[must_use]
    pub fn at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    pub fn malformed(&self, expected: &str) -> Unreadable {
        Unreadable::Malformed { at: self.at, expected: expected.to_owned() }
    }

    pub fn invalid(&self, reason: impl ToString) -> Unreadable {
        Unreadable::Invalid { at: self.at, reason: reason.to_string() }
    }

    /// Takes `literal` if it stands here.
    #[inline]
    pub fn take(&mut self, literal: &str) -> bool {
        let found = self.bytes[self.at..].starts_with(literal.as_bytes());
        if found {
            self.at += literal.len();
        }
        found
    }

    #[inline]
    pub fn expect(&mut self, literal: &str) -> Result<(), Unreadable> {
        if self.take(literal) { Ok(()) } else { Err(self.malformed(literal)) }
    }

    /// A whole number without a sign.
    #[inline]
    pub fn u64(&mut self) -> Result<u64, Unreadable> {
        let start = self.at;
        let mut number = 0_u64;
        while let Some(digit) = self.bytes.get(self.at).map(|b| b.wrapping_sub(b'0')).filter(|d| *d <= 9) {
            number = number
                .checked_mul(10)
                .and_then(|n| n.checked_add(u64::from(digit)))
                .ok_or_else(|| self.malformed("a number of 64 bits"))?;
            self.at += 1;
        }
        if self.at == start { Err(self.malformed("a number")) } else { Ok(number) }
    }

    pub fn i64(&mut self) -> Result<i64, Unreadable> {
        let negative = self.take("-");
        let number = i64::try_from(self.u64()?).map_err(|_| self.malformed("a number of 63 bits"))?;
        Ok(if negative { -number } else { number })
    }

    pub fn u32(&mut self) -> Result<u32, Unreadable> {
        u32::try_from(self.u64()?).map_err(|_| self.malformed("a number of 32 bits"))
    }

    pub fn u16(&mut self) -> Result<u16, Unreadable> {
        u16::try_from(self.u64()?).map_err(|_| self.malformed("a number of 16 bits"))
    }

    /// A JSON string, borrowed unless it holds an escape.
    #[inline]
    pub fn string(&mut self) -> Result<Cow<'a, str>, Unreadable> {
        self.expect("\"")?;
        let start = self.at;
        let rest = &self.bytes[start..];
        let stop = memchr::memchr2(b'"', b'\\', rest).ok_or_else(|| self.malformed("the end of a string"))?;
        if rest[stop] == b'"' {
            self.at += stop + 1;
            return std::str::from_utf8(&rest[..stop])
                .map(Cow::Borrowed)
                .map_err(|_| self.malformed("UTF-8"));
        }
        self.at = self.end_of_string(start)?;
        let text =
            serde_json::from_slice(&self.bytes[start - 1..self.at]).map_err(|error| self.invalid(error))?;
        Ok(Cow::Owned(text))
    }

    fn end_of_string(&self, mut at: usize) -> Result<usize, Unreadable> {
        loop {
            match self.bytes.get(at) {
                Some(b'"') => return Ok(at + 1),
                Some(b'\\') => at += 2,
                Some(_) => at += 1,
                None => return Err(self.malformed("the end of a string")),
            }
        }
    }

    /// A string parsed into something else.
    #[inline]
    pub fn parsed<T, E: ToString>(
        &mut self,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, Unreadable> {
        let text = self.string()?;
        parse(&text).map_err(|error| self.invalid(error))
    }

    /// Any JSON value, through serde. Slow; for what is rarely there.
    pub fn value<T: DeserializeOwned>(&mut self) -> Result<T, Unreadable> {
        let mut values = serde_json::Deserializer::from_slice(&self.bytes[self.at..]).into_iter::<T>();
        match values.next() {
            Some(Ok(value)) => {
                self.at += values.byte_offset();
                Ok(value)
            }
            Some(Err(error)) => Err(self.invalid(error)),
            None => Err(self.malformed("a value")),
        }
    }

    /// The rest of the record, `,"field":…}` or `}`, through serde.
    pub fn rest<T: DeserializeOwned>(&mut self) -> Result<T, Unreadable> {
        let rest = &self.bytes[self.at..];
        let mut object = Vec::with_capacity(rest.len() + 1);
        object.push(b'{');
        object.extend_from_slice(rest.strip_prefix(b",").unwrap_or(rest));
        let value = serde_json::from_slice(&object).map_err(|error| self.invalid(error))?;
        self.at = self.bytes.len();
        Ok(value)
    }
}

/// Appends a JSON string.
#[inline]
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    let plain = |b: u8| b >= b' ' && b != b'"' && b != b'\\';
    if text.bytes().all(plain) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        write_value(out, text);
    }
}

#[inline]
pub fn write_number(out: &mut Vec<u8>, number: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Appends any JSON value, through serde.
pub fn write_value<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    serde_json::to_writer(out, value).expect("a Vec takes what is written, and our types have string keys");
}

/// Appends the fields of a struct, `,"field":…`, and closes the record. `out` ends inside an open object.
pub fn write_rest<T: Serialize>(out: &mut Vec<u8>, payload: &T) {
    let start = out.len();
    write_value(out, payload);
    assert_eq!(out[start], b'{');
    if out.len() == start + 2 {
        out.remove(start);
    } else {
        out[start] = b',';
    }
}
