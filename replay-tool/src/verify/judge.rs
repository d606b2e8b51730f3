//! Holds rows against each other and against their records, which it decides again.

use std::collections::BTreeMap;
use std::time::Duration;

use event_schemas::{AssetCode, Event, Position, Record, Sequence, Shard};
use event_store::{Epoch, Head, StoredRow};
use sequencer::{Fold, MemoryKeys, Name};

use super::originals::Originals;
use super::tree::Hashed;
use super::{Finding, Place, Stop, genesis};
use crate::panics::caught;
use crate::report::Verified;

pub(super) struct Judge {
    pub shard: Shard,
    head: Head,
    /// The books so far. Its tree is kept by the one who hashes.
    pub fold: Fold,
    pub keys: MemoryKeys,
    /// The first such record of the row.
    pub key_used_again: Option<UsedAgain>,
    /// Reused for the names of a row's keys.
    names: Vec<Name>,
    pub originals: Originals,
    epoch: Epoch,
    root: event_store::Root,
    rows: u64,
    refusals: u64,
    entries: u64,
    /// Reused for the bytes that a record ought to have.
    pub line: Vec<u8>,
}

/// A key's second use.
pub(super) struct UsedAgain {
    pub by: Sequence,
    pub first_by: Sequence,
}

const ROOT_FOLLOWS: &str = "LOG-4: a row's root follows from all records up to its last";

impl Judge {
    pub fn after_genesis(
        row: &StoredRow,
        head: Head,
        shard: Shard,
        originals: Originals,
    ) -> Result<Judge, Box<Finding>> {
        genesis::check(row, head.log_id, shard)?;
        Ok(Judge {
            shard,
            head,
            fold: Fold::after_genesis(row),
            keys: MemoryKeys::with_room_for(*uuid::Uuid::new_v4().as_bytes(), head.last.0),
            key_used_again: None,
            names: Vec::new(),
            originals,
            epoch: row.epoch,
            root: row.root,
            rows: 0,
            refusals: 0,
            entries: 0,
            line: Vec::with_capacity(1024),
        })
    }

    pub fn position(&self, sequence: Sequence) -> Position {
        Position::new(self.shard, sequence)
    }

    /// Where the next record is wrong.
    pub fn next(&self) -> Place {
        Place::Record(self.position(self.fold.last.next()))
    }

    fn place_of(&self, row: &StoredRow) -> Place {
        Place::Row { first: self.position(row.first), last: self.position(row.last) }
    }

    /// The row's place, its records, then what it says of them: so that the first thing that is wrong is the one that is told.
    pub fn row(&mut self, hashed: &Hashed) -> Result<(), Stop> {
        let row = &hashed.row;
        self.check_place(row)?;
        self.records(hashed).map_err(|stop| with_root(stop, hashed))?;
        self.check_words(hashed)?;
        (self.epoch, self.root) = (row.epoch, row.root);
        self.rows += 1;
        self.originals.passed(row);
        Ok(())
    }

    fn check_place(&self, row: &StoredRow) -> Result<(), Box<Finding>> {
        let expected = self.fold.last.next();
        if row.first != expected {
            return Err(Finding::new(
                Place::After(self.position(self.fold.last)),
                "LOG-1: each row begins where the one before it ended",
                format!("a row that begins at {}", self.position(expected)),
                format!("a row that begins at {}", self.position(row.first)),
            ));
        }
        let place = self.place_of(row);
        if row.epoch < self.epoch {
            let rule = "LOG-3: only the newest epoch appends";
            return Err(Finding::new(place, rule, format!("epoch {} or later", self.epoch), row.epoch));
        }
        if row.epoch > self.head.epoch {
            let rule = "LOG-3: nobody appends in an epoch that was never raised";
            return Err(Finding::new(place, rule, format!("at most epoch {}", self.head.epoch), row.epoch));
        }
        Ok(())
    }

    fn check_words(&self, hashed: &Hashed) -> Result<(), Box<Finding>> {
        let row = &hashed.row;
        let place = self.place_of(row);
        if row.recorded_at != self.fold.recorded_at {
            let rule = "a row's time is that of its last record";
            return Err(Finding::new(place, rule, self.fold.recorded_at, row.recorded_at));
        }
        if row.tree_size != row.last.0 + 1 {
            let rule = "LOG-4: leaf n of the tree is record n";
            return Err(Finding::new(place, rule, row.last.0 + 1, row.tree_size));
        }
        if row.root != hashed.root {
            let mut finding = Finding::new(place, ROOT_FOLLOWS, hashed.root, row.root);
            let note = "Each of its records decides to itself: the root was changed, or what no rule derives, such as an id or a text.";
            finding.note = Some(note.to_owned());
            return Err(finding);
        }
        Ok(())
    }

    fn records(&mut self, hashed: &Hashed) -> Result<(), Stop> {
        let lines: Vec<&[u8]> = hashed.row.lines().map(|(_, line)| line).collect();
        let records = hashed.records.as_slice();
        self.insert_keys(records);
        let mut done = 0;
        while let Some(first) = records.get(done) {
            let place = self.next();
            let count = first.envelope.batch.count as usize;
            if count == 0 {
                return Err(
                    Finding::new(place, "a batch is numbered from 0 to its count", "a count", 0).into()
                );
            }
            let batch = done..(done + count).min(records.len());
            let broken_off = batch.len() < count;
            if broken_off && hashed.unreadable.is_some() {
                done = records.len();
                break;
            }
            if broken_off {
                let found = format!("{} in the rest of its row", batch.len());
                return Err(Finding::new(
                    place,
                    "an atomic batch stands in one row",
                    format!("{count} records"),
                    found,
                )
                .into());
            }
            // The rules refuse by a panic what they cannot have let through.
            let judged = caught(|| match count {
                1 => self.single(&hashed.row, first, lines[done]),
                _ => self.batch(&hashed.row, &records[batch.clone()], &lines[batch.clone()]),
            });
            judged.map_err(|panic| {
                Finding::new(
                    place,
                    "the books take every record",
                    "a record that the rules let through",
                    panic,
                )
            })??;
            done = batch.end;
        }
        match &hashed.unreadable {
            None => Ok(()),
            Some(error) => {
                let place = Place::Record(self.position(Sequence(hashed.row.first.0 + done as u64)));
                Err(Finding::new(place, "every record can be read", "a record", error).into())
            }
        }
    }

    /// A whole row's at once. Among millions of keys each one waits for memory, and so they wait together.
    fn insert_keys(&mut self, records: &[Record]) {
        let name = |record: &Record| self.keys.name(&record.envelope.ledger, &record.envelope.key);
        self.names.clear();
        self.names.extend(records.iter().map(name));
        for (name, by) in self.names.iter().zip(self.fold.last.0 + 1..) {
            let by = Sequence(by);
            if let Some(first_by) = self.keys.insert_first(*name, by) {
                self.key_used_again.get_or_insert(UsedAgain { by, first_by });
            }
        }
    }

    /// Counts a record that was found right; its books are changed already.
    pub fn passed(&mut self, record: &Record) {
        let envelope = &record.envelope;
        self.fold.last = envelope.sequence;
        self.fold.recorded_at = envelope.recorded_at;
        match &record.event {
            Event::CommandRefused(_) => self.refusals += 1,
            Event::TransactionPosted(event) => self.entries += event.entries.len() as u64,
            Event::TransactionReversed(event) => self.entries += event.entries.len() as u64,
            _ => {}
        }
    }

    /// The log's end: all that the head promised was there, and the books are balanced.
    pub fn end(&self) -> Result<Verified, Box<Finding>> {
        if (self.fold.last, self.root) != (self.head.last, self.head.root) {
            let place = Place::After(self.position(self.fold.last));
            let end = |last, root| format!("an end at {last} with root {root}");
            let expected = end(self.position(self.head.last), self.head.root);
            let found = end(self.position(self.fold.last), self.root);
            return Err(Finding::new(place, "LOG-2: what is in the log stays there", expected, found));
        }
        self.check_totals()?;
        let ledgers = self.fold.books.ledgers();
        Ok(Verified {
            log_id: self.head.log_id.to_string(),
            head: self.position(self.head.last),
            epoch: self.head.epoch.0,
            tree_size: self.head.tree_size,
            tree_head: self.root.to_string(),
            rows: self.rows,
            records: self.fold.last.0,
            refusals: self.refusals,
            entries: self.entries,
            ledgers: ledgers.len() as u64,
            accounts: ledgers.iter().map(|ledger| ledger.accounts().len() as u64).sum(),
            snapshots: 0,
            snapshots_skipped: 0,
            took: Duration::ZERO,
        })
    }

    /// LGR-1 over whole ledgers: whatever one account has, another lacks.
    fn check_totals(&self) -> Result<(), Box<Finding>> {
        for ledger in self.fold.books.ledgers() {
            let mut totals: BTreeMap<AssetCode, i128> = BTreeMap::new();
            for account in ledger.accounts() {
                for balance in ledger.balances(account) {
                    // Each side fits, their sum over accounts need not. Zero stays zero however often it wraps.
                    let net = balance.debits.minor.wrapping_sub(balance.credits.minor);
                    let total = totals.entry(balance.currency).or_default();
                    *total = total.wrapping_add(net);
                }
            }
            if let Some((currency, net)) = totals.into_iter().find(|(_, net)| *net != 0) {
                let place = Place::Books(self.position(self.fold.last));
                let rule =
                    format!("LGR-1: debits equal credits in {currency} over all accounts of {}", ledger.id);
                return Err(Finding::new(
                    place,
                    rule,
                    "0 minor units apart",
                    format!("{net} minor units apart"),
                ));
            }
        }
        Ok(())
    }
}

/// Whether the bytes were changed after they were written, or written wrong.
fn with_root(stop: Stop, hashed: &Hashed) -> Stop {
    let Stop::Finding(mut finding) = stop else { return stop };
    let note = if hashed.root == hashed.row.root {
        "The row's root matches its bytes: they were written like this, or root and bytes were both made anew."
    } else {
        "The row's root does not match its bytes: they, or some before them, were changed after they were written."
    };
    finding.note = Some(note.to_owned());
    Stop::Finding(finding)
}
