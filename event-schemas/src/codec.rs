//! Reading and writing a record's bytes: one JSON object, fields in a fixed order, no blanks.
//!
//! The writer is the only one there is, so the reader expects just what it writes. That makes a record's bytes canonical
//! (read and written again they are the same: anything else is refused), and reading several times quicker than a JSON parser that expects anything.

use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Sealed;

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

    #[cold]
    pub fn malformed(&self, expected: &str) -> Unreadable {
        Unreadable::Malformed { at: self.at, expected: expected.to_owned() }
    }

    #[cold]
    pub fn invalid(&self, reason: impl ToString) -> Unreadable {
        Unreadable::Invalid { at: self.at, reason: reason.to_string() }
    }

    /// Takes `literal` if it stands here.
    #[inline(always)]
    pub fn take(&mut self, literal: &str) -> bool {
        let found = self.bytes[self.at..].starts_with(literal.as_bytes());
        if found {
            self.at += literal.len();
        }
        found
    }

    #[inline(always)]
    pub fn expect(&mut self, literal: &str) -> Result<(), Unreadable> {
        if self.take(literal) { Ok(()) } else { Err(self.malformed(literal)) }
    }

    /// A whole number without a sign or leading zeros.
    #[inline]
    pub fn u64(&mut self) -> Result<u64, Unreadable> {
        let rest = &self.bytes[self.at..];
        let (mut number, mut digits) = (0_u64, 0);
        while let Some(digit) = rest.get(digits).map(|byte| byte.wrapping_sub(b'0')).filter(|d| *d <= 9) {
            // The first 19 digits cannot overflow.
            number = if digits < 19 {
                number * 10 + u64::from(digit)
            } else {
                let larger = number.checked_mul(10).and_then(|n| n.checked_add(u64::from(digit)));
                larger.ok_or_else(|| self.malformed("a number of 64 bits"))?
            };
            digits += 1;
        }
        if digits == 0 || (digits > 1 && rest[0] == b'0') {
            return Err(self.malformed("a number"));
        }
        self.at += digits;
        Ok(number)
    }

    pub fn i64(&mut self) -> Result<i64, Unreadable> {
        let negative = self.take("-");
        let number = self.u64()?;
        let signed = match (negative, number) {
            (true, 0) => return Err(self.malformed("a number, and zero has no sign")),
            (true, number) => 0_i64.checked_sub_unsigned(number),
            (false, number) => i64::try_from(number).ok(),
        };
        signed.ok_or_else(|| self.malformed("a number of 63 bits"))
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
        match self.plain_string()? {
            Some(plain) => std::str::from_utf8(plain).map(Cow::Borrowed).map_err(|_| self.malformed("UTF-8")),
            None => self.value().map(Cow::Owned),
        }
    }

    /// The inside of a string, if it holds no escape. `None`: it does, and still stands here.
    #[inline]
    fn plain_string(&mut self) -> Result<Option<&'a [u8]>, Unreadable> {
        let rest = self.bytes[self.at..].strip_prefix(b"\"").ok_or_else(|| self.malformed("a string"))?;
        let plain = plain_length(rest);
        match rest.get(plain) {
            Some(b'"') => {
                self.at += plain + 2;
                Ok(Some(&rest[..plain]))
            }
            Some(b'\\') => Ok(None),
            Some(_) => Err(self.malformed("a string without control characters")),
            None => Err(self.malformed("the end of a string")),
        }
    }

    /// A string parsed into something else.
    #[inline]
    pub fn parsed<T, E: ToString>(
        &mut self,
        parse: impl FnOnce(&[u8]) -> Result<T, E>,
    ) -> Result<T, Unreadable> {
        let parsed = match self.plain_string()? {
            Some(plain) => parse(plain),
            None => parse(self.value::<String>()?.as_bytes()),
        };
        parsed.map_err(|error| self.invalid(error))
    }

    /// Text that may be sealed.
    pub fn text(&mut self) -> Result<Sealed<String>, Unreadable> {
        if self.bytes[self.at..].starts_with(b"\"") {
            self.string().map(|text| Sealed::Plain(text.into_owned()))
        } else {
            self.value()
        }
    }

    /// Any JSON value, through serde. Slow; for what is rarely there.
    pub fn value<T: Serialize + DeserializeOwned>(&mut self) -> Result<T, Unreadable> {
        let rest = &self.bytes[self.at..];
        let mut values = serde_json::Deserializer::from_slice(rest).into_iter::<T>();
        let value = match values.next() {
            Some(Ok(value)) => value,
            Some(Err(error)) => return Err(self.invalid(error)),
            None => return Err(self.malformed("a value")),
        };
        let length = values.byte_offset();
        self.check_canonical(&value, &rest[..length])?;
        self.at += length;
        Ok(value)
    }

    /// The rest of the record, `,"field":…}` or `}`, through serde.
    pub fn rest<T: Serialize + DeserializeOwned>(&mut self) -> Result<T, Unreadable> {
        let rest = &self.bytes[self.at..];
        let mut object = Vec::with_capacity(rest.len() + 1);
        object.push(b'{');
        object.extend_from_slice(rest.strip_prefix(b",").unwrap_or(rest));
        let value = serde_json::from_slice(&object).map_err(|error| self.invalid(error))?;
        self.check_canonical(&value, &object)?;
        self.at = self.bytes.len();
        Ok(value)
    }

    /// serde takes blanks, other orders and other escapes than the writer's; a record has none of them.
    fn check_canonical<T: Serialize>(&self, value: &T, read: &[u8]) -> Result<(), Unreadable> {
        let mut written = Vec::with_capacity(read.len());
        write_value(&mut written, value);
        if written == read { Ok(()) } else { Err(self.malformed("a value as it would be written again")) }
    }
}

/// How many bytes stand first that a JSON string holds as they are. Eight at a time: most of a record is strings.
#[inline]
fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGHS: u64 = ONES * 0x80;
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let mut words = bytes.chunks_exact(8);
    let mut at = 0;
    for word in words.by_ref() {
        let word = u64::from_le_bytes(word.try_into().expect("eight bytes"));
        let control = word.wrapping_sub(ONES * u64::from(b' ')) & !word & HIGHS;
        let quote = zeros(word ^ (ONES * u64::from(b'"')));
        let backslash = zeros(word ^ (ONES * u64::from(b'\\')));
        // A bit above a true one may be wrong; the lowest is right.
        let found = control | quote | backslash;
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    at + words.remainder().iter().take_while(|byte| is_plain(**byte)).count()
}

/// A byte that stands in a JSON string as it is.
#[inline]
fn is_plain(byte: u8) -> bool {
    byte >= b' ' && byte != b'"' && byte != b'\\'
}

/// Appends a JSON string. Panics on bytes that are no text.
#[inline]
pub fn write_string(out: &mut Vec<u8>, text: &[u8]) {
    if plain_length(text) == text.len() {
        out.push(b'"');
        out.extend_from_slice(text);
        out.push(b'"');
    } else {
        write_value(out, std::str::from_utf8(text).expect("names and texts are UTF-8"));
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
