//! A file's bytes as UTF-8, whatever encoding they are in.

use std::{
    collections::VecDeque,
    io::{self, BufRead, Read},
    ops::Range,
};

use encoding_rs::{Decoder, Encoding};

const CHUNK_BYTES: usize = 64 * 1024;

/// Reads UTF-8 out of bytes in another encoding. A byte order mark wins over the encoding that was named. What cannot be
/// decoded becomes U+FFFD, which the importer refuses row by row. Lines end with LF alone: the line of a row is counted by it.
pub struct Decoded<R> {
    inner: R,
    decoder: Decoder,
    raw: Vec<u8>,
    text: Vec<u8>,
    /// The part of `text` that is not read yet.
    unread: Range<usize>,
    ended: bool,
    /// A CR whose next character is not known yet.
    held_cr: bool,
    blank_lines: BlankLines,
}

/// Where lines are that hold nothing. A reader of CSV passes over them without counting them to the record that follows.
#[derive(Default)]
pub struct BlankLines {
    found: VecDeque<Range<u64>>,
    line_start: u64,
    seen: u64,
}

impl<R: Read> Decoded<R> {
    pub fn new(inner: R, encoding: &'static Encoding) -> Self {
        let decoder = encoding.new_decoder();
        // A byte in a legacy encoding is at most three in UTF-8, and a replacement character is three as well.
        let (raw, text) = (vec![0; CHUNK_BYTES], vec![0; 3 * CHUNK_BYTES + 16]);
        Self {
            inner,
            decoder,
            raw,
            text,
            unread: 0..0,
            ended: false,
            held_cr: false,
            blank_lines: BlankLines::default(),
        }
    }

    /// Bytes of text that were read so far.
    pub fn bytes_read(&self) -> u64 {
        self.blank_lines.seen - self.unread.len() as u64
    }

    pub fn blank_lines(&mut self) -> &mut BlankLines {
        &mut self.blank_lines
    }

    fn decode_next(&mut self) -> io::Result<()> {
        while self.unread.is_empty() && !self.ended {
            let length = self.inner.read(&mut self.raw)?;
            self.ended = length == 0;
            let (_, read, written, _) =
                self.decoder.decode_to_utf8(&self.raw[..length], &mut self.text, self.ended);
            assert_eq!(read, length, "the text has room for all that was read");
            let length = self.without_crs(written);
            self.unread = 0..length;
            self.blank_lines.see(&self.text[..length]);
        }
        Ok(())
    }

    /// Takes out each CR before an LF from the first bytes of `text`, and gives how many are left.
    fn without_crs(&mut self, length: usize) -> usize {
        if self.held_cr && (length > 0 || self.ended) {
            self.held_cr = false;
            if self.text[..length].first() != Some(&b'\n') {
                self.text.insert(0, b'\r');
                return self.without_crs(length + 1);
            }
        }
        let mut kept = 0;
        for at in 0..length {
            if self.text[at] == b'\r' {
                if at + 1 == length && !self.ended {
                    self.held_cr = true;
                    break;
                }
                if self.text[..length].get(at + 1) == Some(&b'\n') {
                    continue;
                }
            }
            self.text[kept] = self.text[at];
            kept += 1;
        }
        kept
    }
}

impl<R: Read> BufRead for Decoded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.decode_next()?;
        Ok(&self.text[self.unread.clone()])
    }

    fn consume(&mut self, amount: usize) {
        self.unread.start += amount;
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.read(out)?;
        self.consume(length);
        Ok(length)
    }
}

impl BlankLines {
    fn see(&mut self, text: &[u8]) {
        for byte in text {
            if *byte == b'\n' {
                if self.seen == self.line_start {
                    self.found.push_back(self.line_start..self.seen + 1);
                }
                self.line_start = self.seen + 1;
            }
            self.seen += 1;
        }
    }

    /// How many there are, one after the other, from this byte of the text on. Those before it are forgotten.
    pub fn from(&mut self, mut at: u64) -> u64 {
        let mut count = 0;
        while let Some(blank) = self.found.front().filter(|blank| blank.start <= at).cloned() {
            self.found.pop_front();
            if blank.start == at {
                at = blank.end;
                count += 1;
            }
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time, so that every character is cut.
    struct Dripping<'a>(&'a [u8]);

    impl Read for Dripping<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
            (out[0], self.0) = (*first, rest);
            Ok(1)
        }
    }

    fn decoded(label: &str, bytes: &[u8]) -> String {
        let encoding = Encoding::for_label(label.as_bytes()).unwrap();
        let mut whole = String::new();
        Decoded::new(bytes, encoding).read_to_string(&mut whole).unwrap();
        let mut dripped = String::new();
        Decoded::new(Dripping(bytes), encoding).read_to_string(&mut dripped).unwrap();
        assert_eq!(whole, dripped);
        whole
    }

    #[test]
    fn the_encodings_that_banks_use_are_read() {
        assert_eq!(decoded("utf-8", b"a\r\nb\rc\r\r\n\r\n\r"), "a\nb\rc\r\n\n\r");
        assert_eq!(decoded("latin1", b"M\xfcller \x80"), "Müller €");
        assert_eq!(decoded("windows-1250", b"N\xe1m\xecst\xed"), "Náměstí");
        assert_eq!(decoded("utf-8", "\u{feff}Müller".as_bytes()), "Müller");
        assert_eq!(decoded("latin1", b"\xff\xfeM\0\xfc\0"), "Mü");
        assert_eq!(decoded("utf-8", b"M\xfcller"), "M\u{fffd}ller");
    }
}
