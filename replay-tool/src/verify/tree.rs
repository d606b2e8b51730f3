//! Hashes every record into the tree and reads it, ahead of the one who judges.

use std::collections::BTreeSet;

use event_schemas::{Record, Sequence, Unreadable};
use event_store::merkle::Frontier;
use event_store::{Root, StoredRow};
use tokio::sync::mpsc;

use super::Stop;

/// A row with the root that its records really give, and its records.
pub(super) struct Hashed {
    pub row: StoredRow,
    pub root: Root,
    /// Up to the first that cannot be read.
    pub records: Vec<Record>,
    pub unreadable: Option<Unreadable>,
    /// The tree after this row, where a snapshot needs it.
    pub tree: Option<Frontier>,
}

/// Ends when the rows do, after an error, or when nobody wants them any more.
pub(super) fn hash(
    genesis: &StoredRow,
    mut rows: mpsc::Receiver<Result<StoredRow, Stop>>,
    hashed: &mpsc::Sender<Result<Hashed, Stop>>,
    wanted: &BTreeSet<Sequence>,
) {
    let mut tree = Frontier::new();
    tree.push(&genesis.records);
    while let Some(row) = rows.blocking_recv() {
        let result = row.map(|row| hash_row(row, &mut tree, wanted));
        if hashed.blocking_send(result).is_err() {
            return;
        }
    }
}

fn hash_row(row: StoredRow, tree: &mut Frontier, wanted: &BTreeSet<Sequence>) -> Hashed {
    // Grown step by step, it would move its hundreds of records again and again. The store has counted the lines.
    let mut records = Vec::with_capacity((row.last.0 + 1).saturating_sub(row.first.0) as usize);
    let mut unreadable = None;
    for (_, line) in row.lines() {
        tree.push(line);
        if unreadable.is_none() {
            match Record::read(line) {
                Ok(record) => records.push(record),
                Err(error) => unreadable = Some(error),
            }
        }
    }
    let wanted = wanted.contains(&row.last).then(|| tree.clone());
    Hashed { root: tree.root(), records, unreadable, tree: wanted, row }
}
