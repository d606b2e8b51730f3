//! The echo ceiling: the same requests to a route that authenticates, parses and answers alike, without an engine.

use super::keys::KeySpace;
use super::{Books, Single, Spread};
use crate::loadgen::{Response, Source};

pub struct Echo(Single);

impl Echo {
    pub fn new(books: &Books, token: &str, keys: KeySpace) -> Self {
        Self(Single::at("/v1/bench/echo", books, token, keys, Spread::Uniform))
    }
}

impl Source for Echo {
    fn next(&mut self, request: &mut Vec<u8>) {
        self.0.next(request);
    }

    fn judge(&mut self, response: &Response) -> Result<u64, String> {
        match response.status {
            200 | 201 => Ok(1),
            _ => Err(response.excerpt()),
        }
    }
}
