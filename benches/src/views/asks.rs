//! Questions, one after the other, each made from random numbers.

use crate::loadgen::{Response, Source};
use crate::workload::keys::SplitMix;

pub struct Asks<F> {
    token: String,
    random: SplitMix,
    path: F,
}

impl<F: FnMut(&mut SplitMix) -> String + Send + 'static> Asks<F> {
    pub fn new(token: &str, seed: u64, path: F) -> Self {
        Self { token: token.to_owned(), random: SplitMix(seed), path }
    }
}

impl<F: FnMut(&mut SplitMix) -> String + Send + 'static> Source for Asks<F> {
    fn next(&mut self, request: &mut Vec<u8>) {
        let path = (self.path)(&mut self.random);
        request.clear();
        request.extend_from_slice(
            format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {}\r\n\r\n", self.token)
                .as_bytes(),
        );
    }

    fn judge(&mut self, response: &Response) -> Result<u64, String> {
        match response.status {
            200 => Ok(1),
            _ => Err(response.excerpt()),
        }
    }
}
