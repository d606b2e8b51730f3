//! The log as the database keeps it: rows, the epoch and who raised it; and what every moment's books were.

use std::collections::HashMap;

use event_schemas::{Key, LedgerId, Record, Sequence, Ts};
use event_store::merkle::Frontier;
use event_store::{Epoch, NewRow, StoredRow};
use sequencer::{Fold, KeyIndex, MemoryKeys, snapshot};

use super::clients::Ticket;
use super::naive::Naive;

/// A process, by its number.
pub type ServerId = usize;

pub struct Disk {
    pub rows: Vec<StoredRow>,
    pub epoch: Epoch,
    pub owner: Option<ServerId>,
    /// By sequence, from 1; `records[0]` is none.
    pub records: Vec<(Record, Vec<u8>)>,
    pub by_key: HashMap<(LedgerId, Key), Sequence>,
    pub by_ticket: HashMap<Ticket, Sequence>,
    pub fold: Fold,
    /// The books' bytes after each record.
    pub books: Vec<Vec<u8>>,
    /// What the naive ledger makes of the same records.
    pub naive: Vec<Naive>,
}

impl Disk {
    pub fn new() -> Disk {
        let genesis: &[u8] = b"the genesis record";
        let mut tree = Frontier::new();
        tree.push(genesis);
        let row = StoredRow {
            first: Sequence::GENESIS,
            last: Sequence::GENESIS,
            epoch: Epoch(0),
            tree_size: 1,
            root: tree.root(),
            recorded_at: Ts(1_000),
            records: genesis.into(),
        };
        let fold = Fold::after_genesis(&row);
        Disk {
            rows: vec![row],
            epoch: Epoch(0),
            owner: None,
            records: Vec::new(),
            by_key: HashMap::new(),
            by_ticket: HashMap::new(),
            books: vec![snapshot::encode_books(&fold.books)],
            naive: vec![Naive::default()],
            fold,
        }
    }

    pub fn last(&self) -> &StoredRow {
        self.rows.last().unwrap()
    }

    pub fn record(&self, sequence: Sequence) -> &Record {
        &self.records[sequence.0 as usize - 1].0
    }

    pub fn bytes(&self, sequence: Sequence) -> &[u8] {
        &self.records[sequence.0 as usize - 1].1
    }

    /// The statement by which a row is appended: false when the epoch or the predecessor is another.
    pub fn insert(&mut self, row: &NewRow) -> bool {
        let last = self.last();
        let follows = last.first == row.previous_first && last.last.next() == row.first;
        if row.epoch != self.epoch || !follows {
            return false;
        }
        let row = row.stored();
        assert!(row.recorded_at >= self.last().recorded_at, "recorded_at never goes back");
        let (books, records) = (&mut self.books, &mut self.records);
        let folded = self.fold.row(&row, |fold, record, line| {
            if fold.last >= row.first {
                books.push(snapshot::encode_books(&fold.books));
            }
            records.push((record.clone(), line.to_vec()));
        });
        folded.expect("LOG-1, LOG-4: a row's records and root fit what is there");
        self.books.push(snapshot::encode_books(&self.fold.books));
        assert_eq!(self.books.len() as u64, row.last.0 + 1);
        self.rows.push(row);
        true
    }

    /// What [`Disk::insert`] has added since: told to the indexes, each key once.
    pub fn index_from(&mut self, first: Sequence) {
        for sequence in (first.0..=self.last().last.0).map(Sequence) {
            let envelope = self.record(sequence).envelope.clone();
            let ticket = Ticket::of_record(&envelope);
            let former = self.by_key.insert((envelope.ledger, envelope.key), sequence);
            assert_eq!(former, None, "LGR-5: one key, one record");
            let former = self.by_ticket.insert(ticket, sequence);
            assert_eq!(former, None, "one submission, one record");
        }
    }

    pub fn take_over(&mut self, server: ServerId) -> Epoch {
        self.epoch.0 += 1;
        self.owner = Some(server);
        self.epoch
    }

    /// As [`event_store::Log::take_over_from`]: only from the epoch that we know, or one that we raised ourselves.
    pub fn take_over_from(&mut self, epoch: Epoch, server: ServerId) -> Option<Epoch> {
        (self.epoch == epoch || self.owner == Some(server)).then(|| self.take_over(server))
    }

    pub fn row_starting_at(&self, first: Sequence) -> Option<&StoredRow> {
        self.rows.iter().find(|row| row.first == first)
    }

    /// What a boot makes of the log.
    pub fn boot(&self) -> (Fold, MemoryKeys) {
        let mut fold = Fold::after_genesis(&self.rows[0]);
        let mut keys = MemoryKeys::new([7; 16]);
        for row in &self.rows[1..] {
            fold.row(row, |_, record, _| {
                keys.insert(&record.envelope.ledger, &record.envelope.key, record.envelope.sequence);
            })
            .expect("the log can be folded");
        }
        (fold, keys)
    }
}
