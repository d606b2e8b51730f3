//! Opening accounts, one per request: the next number goes to whichever connection is free.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::keys::KeySpace;
use super::{Books, Target};
use crate::loadgen::{Response, Source};

#[derive(Clone)]
pub struct OpenAccounts {
    target: Target,
    keys: KeySpace,
    next: Arc<AtomicU64>,
}

impl OpenAccounts {
    /// From account number `first` on, for ever.
    pub fn new(books: &Books, token: &str, keys: KeySpace, first: u64) -> Self {
        let target = Target::new("POST", &books.path("accounts"), token, "application/json");
        Self { target, keys, next: Arc::new(AtomicU64::new(first)) }
    }
}

impl Source for OpenAccounts {
    fn next(&mut self, request: &mut Vec<u8>) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let body = format!("{{\"path\":\"liabilities:customers:c{number:07}\"}}");
        self.target.write(Some(self.keys.key(number).as_str()), body.as_bytes(), request);
    }

    fn judge(&mut self, response: &Response) -> Result<u64, String> {
        match response.status {
            201 => Ok(1),
            _ => Err(response.excerpt()),
        }
    }
}
