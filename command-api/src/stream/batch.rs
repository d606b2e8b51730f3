//! Records that are handed on together. What many readers want the same is made once and shared.

use std::{
    collections::HashMap,
    sync::{Mutex, OnceLock, PoisonError},
};

use bytes::Bytes;
use event_schemas::{LedgerId, Position, Record, Sequence, Shard};
use event_store::{Log, LogError};
use futures_util::TryStreamExt;

use super::{
    message::{Content, Framing, write_item},
    subscription::Wanted,
};
use crate::wire::event::ledger_of;

/// Records of a page that somebody who catches up reads; the last row may bring more.
pub const PAGE_MAX: u64 = 256;
/// Records that the tail reads at once; more are the next batch's.
pub const TAIL_MAX: u64 = 4_096;

/// The records after one place and up to another, of all ledgers.
pub struct Batch {
    first: Sequence,
    pub last: Sequence,
    items: Vec<Item>,
    /// What readers of a whole ledger get.
    whole: Mutex<HashMap<(LedgerId, Content, Framing), Bytes>>,
}

pub struct Item {
    pub sequence: Sequence,
    /// As it stands in the log.
    pub line: Bytes,
    record: OnceLock<Option<Box<Record>>>,
}

impl Batch {
    /// What follows `after`, about `max` records. `None`: nothing does.
    pub async fn read(log: &dyn Log, after: Sequence, max: u64) -> Result<Option<Self>, LogError> {
        let mut items = Vec::new();
        // Read to its end: a reading that is broken off costs its connection.
        let mut rows = log.rows(after, Some(Sequence(after.0 + max)));
        while let Some(row) = rows.try_next().await? {
            items.extend(row.lines().filter(|(sequence, _)| *sequence > after).map(|(sequence, line)| {
                Item { sequence, line: row.records.slice_ref(line), record: OnceLock::new() }
            }));
        }
        let Some((first, last)) = items.first().zip(items.last()) else { return Ok(None) };
        let (first, last) = (first.sequence, last.sequence);
        assert_eq!(last.0 - first.0 + 1, items.len() as u64, "LOG-1: rows are dense");
        Ok(Some(Self { first, last, items, whole: Mutex::default() }))
    }

    /// Whether nothing lies between the cursor and what stands here.
    pub fn follows(&self, cursor: Sequence) -> bool {
        self.first.0 <= cursor.0 + 1
    }

    /// The wanted items after the cursor, written one after the other. Empty: there are none.
    pub fn write(&self, wanted: &mut Wanted, cursor: Sequence, shard: Shard) -> Bytes {
        if wanted.subtree.is_some() || self.first <= cursor {
            return self.write_anew(wanted, cursor, shard);
        }
        let key = (wanted.ledger.clone(), wanted.content, wanted.framing);
        let mut whole = self.whole.lock().unwrap_or_else(PoisonError::into_inner);
        whole.entry(key).or_insert_with(|| self.write_anew(wanted, cursor, shard)).clone()
    }

    fn write_anew(&self, wanted: &mut Wanted, cursor: Sequence, shard: Shard) -> Bytes {
        let mut out = Vec::new();
        let after = self.items.partition_point(|item| item.sequence <= cursor);
        for item in &self.items[after..] {
            if ledger_of(&item.line) == Some(wanted.ledger.as_str().as_bytes()) {
                write_item(&mut out, wanted, Position::new(shard, item.sequence), item);
            }
        }
        out.into()
    }
}

impl Item {
    /// Read when first asked for. `None`: this program does not know its event.
    pub fn record(&self) -> Option<&Record> {
        self.record.get_or_init(|| Record::read(&self.line).ok().map(Box::new)).as_deref()
    }
}
