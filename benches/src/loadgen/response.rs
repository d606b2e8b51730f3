//! Parses just enough of an HTTP/1.1 response: status, framing, whether the connection stays open.

use memchr::memmem;

/// Longer heads than this are refused: our own server never sends one.
const HEAD_MAX: usize = 32 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub status: u16,
    pub framing: Framing,
    /// Bytes up to and with the blank line.
    pub len: usize,
    pub keep_alive: bool,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("malformed response: {0}")]
pub struct Malformed(pub &'static str);

/// `None` when the head is not whole yet.
pub fn parse_head(bytes: &[u8]) -> Result<Option<Head>, Malformed> {
    let Some(end) = memmem::find(bytes, b"\r\n\r\n") else {
        return if bytes.len() > HEAD_MAX { Err(Malformed("head too long")) } else { Ok(None) };
    };
    let mut lines = bytes[..end].split(|byte| *byte == b'\n').map(|line| line.trim_ascii_end());
    let status = status_of(lines.next().unwrap_or_default())?;
    let mut framing = match status {
        100..=199 | 204 | 304 => Framing::Length(0),
        _ => Framing::UntilClose,
    };
    let mut keep_alive = true;
    for line in lines {
        let Some(colon) = memchr::memchr(b':', line) else { return Err(Malformed("header without colon")) };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-length") {
            framing = Framing::Length(decimal(value)?);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            framing = Framing::Chunked;
        } else if name.eq_ignore_ascii_case(b"connection") {
            keep_alive = !value.eq_ignore_ascii_case(b"close");
        }
    }
    keep_alive &= framing != Framing::UntilClose;
    Ok(Some(Head { status, framing, len: end + 4, keep_alive }))
}

fn status_of(line: &[u8]) -> Result<u16, Malformed> {
    let digits = line.strip_prefix(b"HTTP/1.1 ").and_then(|rest| rest.get(..3));
    let digits = digits.ok_or(Malformed("status line"))?;
    u16::try_from(decimal(digits)?).map_err(|_| Malformed("status line"))
}

fn decimal(digits: &[u8]) -> Result<usize, Malformed> {
    let text = std::str::from_utf8(digits).map_err(|_| Malformed("not a number"))?;
    text.parse().map_err(|_| Malformed("not a number"))
}

/// Takes the chunk framing out of a buffer in place, as far as it has come.
#[derive(Debug)]
pub struct Dechunker {
    read: usize,
    written: usize,
    expects: Expects,
}

#[derive(Debug, Clone, Copy)]
enum Expects {
    Size,
    Data(usize),
    EndOfData,
    Trailer,
}

impl Dechunker {
    /// The body starts at `start` of the buffer that is handed to `advance`.
    pub fn new(start: usize) -> Self {
        Self { read: start, written: start, expects: Expects::Size }
    }

    /// Where the decoded body ends so far.
    pub fn body_end(&self) -> usize {
        self.written
    }

    /// Up to where the raw bytes are used.
    pub fn raw_end(&self) -> usize {
        self.read
    }

    /// True when the last chunk and its trailer are there.
    pub fn advance(&mut self, bytes: &mut [u8]) -> Result<bool, Malformed> {
        loop {
            let rest = &bytes[self.read..];
            match self.expects {
                Expects::Size => {
                    let Some(line) = memmem::find(rest, b"\r\n") else { return Ok(false) };
                    let digits = rest[..line].split(|byte| *byte == b';').next().unwrap_or_default();
                    let text =
                        std::str::from_utf8(digits.trim_ascii()).map_err(|_| Malformed("chunk size"))?;
                    let size = usize::from_str_radix(text, 16).map_err(|_| Malformed("chunk size"))?;
                    self.read += line + 2;
                    self.expects = if size == 0 { Expects::Trailer } else { Expects::Data(size) };
                }
                Expects::Data(size) => {
                    let here = size.min(rest.len());
                    bytes.copy_within(self.read..self.read + here, self.written);
                    self.read += here;
                    self.written += here;
                    if here < size {
                        self.expects = Expects::Data(size - here);
                        return Ok(false);
                    }
                    self.expects = Expects::EndOfData;
                }
                Expects::EndOfData => {
                    if rest.len() < 2 {
                        return Ok(false);
                    }
                    if &rest[..2] != b"\r\n" {
                        return Err(Malformed("chunk without end"));
                    }
                    self.read += 2;
                    self.expects = Expects::Size;
                }
                Expects::Trailer => {
                    let Some(line) = memmem::find(rest, b"\r\n") else { return Ok(false) };
                    self.read += line + 2;
                    if line == 0 {
                        return Ok(true);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_tells_status_length_and_whether_the_connection_stays() {
        let head = parse_head(b"HTTP/1.1 201 Created\r\ncontent-LENGTH: 12\r\nConnection: close\r\n\r\nrest");
        let head = head.unwrap().unwrap();
        assert_eq!((head.status, head.framing, head.keep_alive), (201, Framing::Length(12), false));
        assert_eq!(parse_head(b"HTTP/1.1 200 OK\r\nContent-Le"), Ok(None));
        assert_eq!(
            parse_head(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap().unwrap().framing,
            Framing::Length(0)
        );
        assert!(parse_head(b"SSH-2.0\r\n\r\n").is_err());
    }

    #[test]
    fn chunks_come_out_whole_wherever_the_stream_is_cut() {
        let raw = b"4\r\nWiki\r\n6;x=y\r\npedia \r\nE\r\nin \r\n\r\nchunks.\r\n0\r\nExpires: never\r\n\r\n";
        for cut in 0..raw.len() {
            let mut bytes = raw.to_vec();
            let mut dechunker = Dechunker::new(0);
            assert!(!dechunker.advance(&mut bytes[..cut]).unwrap(), "cut at {cut}");
            assert!(dechunker.advance(&mut bytes).unwrap(), "cut at {cut}");
            assert_eq!(&bytes[..dechunker.body_end()], b"Wikipedia in \r\n\r\nchunks.", "cut at {cut}");
            assert_eq!(dechunker.raw_end(), raw.len());
        }
    }
}
