//! Transfers in bulk, some of which take effect long before they are recorded.

use chrono::{DateTime, TimeDelta, Utc};

use crate::loadgen::{Response, Source};
use crate::workload::keys::{KeySpace, SplitMix, mix};
use crate::workload::{Books, BulkFormat, Spread, Target, Transfers, all_posted, write_transfer};

pub const ITEMS: u64 = 1_000;
/// Late ones lie anywhere in so many days before now.
pub const PAST_DAYS: u32 = 365;

pub struct Dated {
    books: Books,
    target: Target,
    transfers: Transfers,
    keys: KeySpace,
    chance: SplitMix,
    late_percent: u32,
    now: DateTime<Utc>,
    sent: u64,
    item: Vec<u8>,
    body: Vec<u8>,
}

impl Dated {
    /// One wallet has a third of the entries.
    pub fn new(books: &Books, token: &str, keys: KeySpace, late_percent: u32) -> Self {
        Self {
            books: books.clone(),
            target: Target::new("POST", &books.path("bulk"), token, BulkFormat::Ndjson.content_type()),
            transfers: Transfers::of(keys, books.wallet_count(), Spread::Third),
            chance: SplitMix(mix(keys.seed ^ mix(keys.stream))),
            keys,
            late_percent,
            now: Utc::now(),
            sent: 0,
            item: Vec::new(),
            body: Vec::new(),
        }
    }

    fn write_item(&mut self) {
        let id = self.keys.key(self.sent);
        self.item.clear();
        write_transfer(&self.books, self.transfers.next(), Some(id.as_str()), self.sent, &mut self.item);
        self.sent += 1;
        if self.chance.below(100) < self.late_percent {
            let seconds = i64::from(self.chance.below(PAST_DAYS * 86_400));
            let effective = (self.now - TimeDelta::seconds(seconds)).format("%Y-%m-%dT%H:%M:%SZ");
            self.body.extend_from_slice(format!("{{\"effective_at\":\"{effective}\",").as_bytes());
            self.body.extend_from_slice(&self.item[1..]);
        } else {
            self.body.extend_from_slice(&self.item);
        }
        self.body.push(b'\n');
    }
}

impl Source for Dated {
    fn next(&mut self, request: &mut Vec<u8>) {
        self.body.clear();
        for _ in 0..ITEMS {
            self.write_item();
        }
        self.target.write(None, &self.body, request);
    }

    fn judge(&mut self, response: &Response) -> Result<u64, String> {
        all_posted(response, ITEMS)
    }
}
