//! Many transfers per request, each item with its own `id` as its key.

use super::keys::KeySpace;
use super::requests::{Target, write_transfer};
use super::{Books, Spread, Transfers};
use crate::loadgen::{Response, Source};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkFormat {
    JsonArray,
    Ndjson,
}

impl BulkFormat {
    pub fn content_type(self) -> &'static str {
        match self {
            Self::JsonArray => "application/json",
            Self::Ndjson => "application/x-ndjson",
        }
    }
}

pub struct Bulk {
    books: Books,
    target: Target,
    transfers: Transfers,
    keys: KeySpace,
    format: BulkFormat,
    items: u64,
    sent: u64,
    body: Vec<u8>,
}

impl Bulk {
    pub fn new(
        books: &Books,
        token: &str,
        keys: KeySpace,
        spread: Spread,
        format: BulkFormat,
        items: u64,
    ) -> Self {
        Self {
            books: books.clone(),
            target: Target::new("POST", &books.path("bulk"), token, format.content_type()),
            transfers: Transfers::of(keys, books.wallet_count(), spread),
            keys,
            format,
            items,
            sent: 0,
            body: Vec::new(),
        }
    }
}

impl Source for Bulk {
    fn next(&mut self, request: &mut Vec<u8>) {
        let (open, between, close): (&[u8], &[u8], &[u8]) = match self.format {
            BulkFormat::JsonArray => (b"[", b",", b"]"),
            BulkFormat::Ndjson => (b"", b"\n", b"\n"),
        };
        self.body.clear();
        self.body.extend_from_slice(open);
        for item in 0..self.items {
            if item > 0 {
                self.body.extend_from_slice(between);
            }
            let id = self.keys.key(self.sent);
            write_transfer(&self.books, self.transfers.next(), Some(id.as_str()), self.sent, &mut self.body);
            self.sent += 1;
        }
        self.body.extend_from_slice(close);
        self.target.write(None, &self.body, request);
    }

    fn judge(&mut self, response: &Response) -> Result<u64, String> {
        all_posted(response, self.items)
    }
}

/// The number of items, if all of them were posted.
pub fn all_posted(response: &Response, items: u64) -> Result<u64, String> {
    let posted = memchr::memmem::find_iter(response.body, br#""status":201"#).count() as u64;
    match response.status {
        200 | 207 if posted == items => Ok(posted),
        _ => Err(format!("{posted} of {items} items posted: {}", response.excerpt())),
    }
}
