//! Requests made beforehand, each sent once by whichever connection is free: for setting things up quickly.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::loadgen::{Response, Source};

#[derive(Clone)]
pub struct Prepared {
    requests: Arc<Vec<Vec<u8>>>,
    taken: Arc<AtomicUsize>,
}

impl Prepared {
    pub fn new(requests: Vec<Vec<u8>>) -> Self {
        Self { requests: Arc::new(requests), taken: Arc::new(AtomicUsize::new(0)) }
    }

    pub fn count(&self) -> u64 {
        self.requests.len() as u64
    }
}

impl Source for Prepared {
    fn next(&mut self, request: &mut Vec<u8>) {
        let index = self.taken.fetch_add(1, Ordering::Relaxed);
        request.clone_from(self.requests.get(index).expect("the loop is told how many there are"));
    }

    fn judge(&mut self, response: &Response) -> Result<u64, String> {
        match response.status {
            201 => Ok(1),
            _ => Err(response.excerpt()),
        }
    }
}
