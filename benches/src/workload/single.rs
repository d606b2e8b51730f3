//! One transfer per request, each with its own `Idempotency-Key`.

use super::keys::KeySpace;
use super::requests::{Target, write_transfer};
use super::{Books, Spread, Transfers};
use crate::loadgen::{Response, Source};

pub struct Single {
    books: Books,
    target: Target,
    transfers: Transfers,
    keys: KeySpace,
    sent: u64,
    body: Vec<u8>,
}

impl Single {
    pub fn new(books: &Books, token: &str, keys: KeySpace, spread: Spread) -> Self {
        Self::at(&books.path("transactions"), books, token, keys, spread)
    }

    /// The same requests to another route.
    pub fn at(path: &str, books: &Books, token: &str, keys: KeySpace, spread: Spread) -> Self {
        Self {
            books: books.clone(),
            target: Target::new("POST", path, token, "application/json"),
            transfers: Transfers::of(keys, books.wallet_count(), spread),
            keys,
            sent: 0,
            body: Vec::new(),
        }
    }
}

impl Source for Single {
    fn next(&mut self, request: &mut Vec<u8>) {
        self.body.clear();
        write_transfer(&self.books, self.transfers.next(), None, self.sent, &mut self.body);
        self.target.write(Some(self.keys.key(self.sent).as_str()), &self.body, request);
        self.sent += 1;
    }

    fn judge(&mut self, response: &Response) -> Result<u64, String> {
        match response.status {
            201 => Ok(1),
            _ => Err(response.excerpt()),
        }
    }
}
