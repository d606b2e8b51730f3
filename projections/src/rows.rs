//! Rows on their way into a table, by COPY.

use event_schemas::Quantity;
use futures_util::SinkExt;
use tokio_postgres::Transaction;

use crate::{ViewError, error::Doing};

/// Rows of one table in COPY's text format.
pub struct Rows {
    table: &'static str,
    text: Vec<u8>,
}

impl Rows {
    pub fn new(table: &'static str) -> Rows {
        Rows { table, text: Vec::new() }
    }

    pub fn number(&mut self, number: i64) -> &mut Rows {
        self.field(itoa::Buffer::new().format(number).as_bytes())
    }

    pub fn text(&mut self, text: &str) -> &mut Rows {
        let mut rest = text.as_bytes();
        // Most texts hold nothing that must be escaped.
        while let Some(at) = rest.iter().position(|byte| matches!(byte, b'\\' | b'\t' | b'\n' | b'\r')) {
            self.text.extend_from_slice(&rest[..at]);
            self.text.extend_from_slice(match rest[at] {
                b'\\' => b"\\\\",
                b'\t' => b"\\t",
                b'\n' => b"\\n",
                _ => b"\\r",
            });
            rest = &rest[at + 1..];
        }
        self.text.extend_from_slice(rest);
        self.text.push(b'\t');
        self
    }

    pub fn boolean(&mut self, is_so: bool) -> &mut Rows {
        self.field(if is_so { b"t" } else { b"f" })
    }

    /// What there is, by `put`; else NULL.
    pub fn maybe<T>(&mut self, value: Option<T>, put: impl FnOnce(&mut Rows, T) -> &mut Rows) -> &mut Rows {
        match value {
            Some(value) => put(self, value),
            None => self.field(b"\\N"),
        }
    }

    /// An array of whole numbers.
    pub fn numbers(&mut self, numbers: impl Iterator<Item = i64>) -> &mut Rows {
        self.text.push(b'{');
        for (at, number) in numbers.enumerate() {
            if at > 0 {
                self.text.push(b',');
            }
            self.text.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        }
        self.text.extend_from_slice(b"}\t");
        self
    }

    /// An array of texts.
    pub fn texts<'a>(&mut self, texts: impl Iterator<Item = &'a str>) -> &mut Rows {
        let mut array = String::from("{");
        for (at, text) in texts.enumerate() {
            array.push_str(if at == 0 { "\"" } else { ",\"" });
            for character in text.chars() {
                if matches!(character, '"' | '\\') {
                    array.push('\\');
                }
                array.push(character);
            }
            array.push('"');
        }
        array.push('}');
        self.text(&array)
    }

    /// Digits, exactly as they stand.
    pub fn quantity(&mut self, quantity: Quantity) -> &mut Rows {
        quantity.write(&mut self.text);
        self.text.push(b'\t');
        self
    }

    /// Ends the row, whose fields stand in the order of the table's columns.
    pub fn end(&mut self) {
        *self.text.last_mut().expect("a row has fields") = b'\n';
    }

    pub async fn store(self, transaction: &Transaction<'_>) -> Result<(), ViewError> {
        let doing = "copy rows into a view";
        if self.text.is_empty() {
            return Ok(());
        }
        let sink = transaction.copy_in(&format!("COPY {} FROM STDIN", self.table)).await.doing(doing)?;
        let mut sink = std::pin::pin!(sink);
        sink.send(bytes::Bytes::from(self.text)).await.doing(doing)?;
        sink.finish().await.doing(doing).map(drop)
    }

    fn field(&mut self, bytes: &[u8]) -> &mut Rows {
        self.text.extend_from_slice(bytes);
        self.text.push(b'\t');
        self
    }
}
