//! The sequencer's logic, without IO: commands in, rows and answers out.
//!
//! While one batch commits, the next is decided on books that include it. If the commit fails, both are taken back.
//! An answer is given out when everything that it rests on is durable, never before.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use event_schemas::{Batch as Place, Envelope, Record, Sequence, Shard, Ts};
use event_store::merkle::Frontier;
use event_store::{Epoch, NewRow, Snapshot};
use ledger_core::{Books, Command, Context, Decided, Original, Refusal, decide, evolve, undo};
use uuid::Uuid;

use crate::batch::Batch;
use crate::item::{Answer, Item};
use crate::keys::KeyIndex;
use crate::snapshot;

/// Records in one row of the log, unless a single atomic batch is larger: so that singles beside a bulk stay quick.
pub const BATCH_RECORDS_MAX: usize = 1_024;
/// Bytes after which a row takes no further record.
pub const BATCH_BYTES_MAX: usize = 1024 * 1024;
/// Items in one atomic batch.
pub const ATOMIC_MAX: usize = 8_192;

/// Where a machine begins: the end of its log, and the books at that end.
#[derive(Debug)]
pub struct Start {
    pub shard: Shard,
    pub epoch: Epoch,
    /// Where the last row begins, and the last record.
    pub first: Sequence,
    pub last: Sequence,
    pub recorded_at: Ts,
    pub tree: Frontier,
    pub books: Books,
}

/// See the module. `T` names who waits for an answer.
pub struct Machine<T> {
    shard: Shard,
    epoch: Epoch,
    books: Books,
    keys: Box<dyn KeyIndex>,
    /// Over all records decided so far.
    tree: Frontier,
    /// Never goes back.
    now: Ts,
    /// Where the row before the open batch begins.
    previous_first: Sequence,
    durable: Sequence,
    /// When the last durable record was recorded.
    durable_at: Ts,
    in_flight: Option<Batch<T>>,
    open: Batch<T>,
    answers: Vec<(T, Answer)>,
    ids: Box<dyn FnMut(Ts) -> Uuid + Send>,
}

/// What became of a submission.
#[derive(Debug)]
pub enum Submitted<T> {
    Taken,
    /// Reversals among the items name records that are not in memory: read them, put them into the items, submit again.
    NeedsOriginals {
        items: Vec<(T, Item)>,
        originals: Vec<(usize, Sequence)>,
    },
}

impl<T> Machine<T> {
    /// `ids` makes the records' ids: at random, in the order of their times.
    pub fn new(start: Start, keys: Box<dyn KeyIndex>, ids: Box<dyn FnMut(Ts) -> Uuid + Send>) -> Machine<T> {
        assert_eq!(start.tree.size(), start.last.0 + 1, "LOG-4: leaf n is record n");
        let open = Batch::new(start.last.next(), start.tree.clone(), start.recorded_at);
        Machine {
            shard: start.shard,
            epoch: start.epoch,
            books: start.books,
            keys,
            tree: start.tree,
            now: start.recorded_at,
            previous_first: start.first,
            durable: start.last,
            durable_at: start.recorded_at,
            in_flight: None,
            open,
            answers: Vec::new(),
            ids,
        }
    }

    /// All that is decided, durable or not. What is read here may be told only after [`Machine::wait`].
    #[must_use]
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// The last record that is decided.
    #[must_use]
    pub fn decided(&self) -> Sequence {
        self.open.last()
    }

    #[must_use]
    pub fn durable(&self) -> Sequence {
        self.durable
    }

    #[must_use]
    pub fn keys(&self) -> usize {
        self.keys.len()
    }

    /// Answers that may be given out now.
    pub fn take_answers(&mut self) -> Vec<(T, Answer)> {
        std::mem::take(&mut self.answers)
    }

    /// Sets the clock. A clock that goes back is held still.
    pub fn tick(&mut self, now: Ts) {
        self.now = self.now.max(now);
    }

    /// Whether the open batch takes `items` more. An empty one takes any number.
    #[must_use]
    pub fn has_room_for(&self, items: usize) -> bool {
        self.open.is_empty()
            || (self.open.records.len() + items <= BATCH_RECORDS_MAX
                && self.open.bytes.len() < BATCH_BYTES_MAX)
    }

    #[must_use]
    pub fn is_committing(&self) -> bool {
        self.in_flight.is_some()
    }

    /// Closes the open batch, when there is one and no other is in flight: append this row and report by `stored` or `not_stored`.
    pub fn take_row(&mut self) -> Option<NewRow> {
        if self.in_flight.is_some() || self.open.is_empty() {
            return None;
        }
        let next = Batch::new(self.open.last().next(), self.tree.clone(), self.now);
        let mut batch = std::mem::replace(&mut self.open, next);
        let row = NewRow {
            first: batch.first,
            last: batch.last(),
            previous_first: self.previous_first,
            epoch: self.epoch,
            tree_size: self.tree.size(),
            root: self.tree.root(),
            recorded_at: batch.recorded_at,
            records: Bytes::from(std::mem::take(&mut batch.bytes)),
        };
        assert_eq!(row.tree_size, row.last.0 + 1, "LOG-4: leaf n is record n");
        self.in_flight = Some(batch);
        Some(row)
    }

    /// The state at the end of the row in flight, or of the last durable one: byte for byte what a fold of the log comes to
    /// there. Nothing may be decided beyond. Of a row in flight it may be stored only once that is durable.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        assert!(self.open.is_empty(), "a snapshot stands at the end of a row");
        let recorded_at = self.in_flight.as_ref().map_or(self.durable_at, |batch| batch.recorded_at);
        Snapshot {
            sequence: self.decided(),
            fingerprint: snapshot::fingerprint().to_owned(),
            bytes: snapshot::encode_parts(recorded_at, &self.tree, &self.books),
        }
    }

    /// The row in flight is durable.
    pub fn stored(&mut self) {
        let batch = self.in_flight.take().expect("a row was in flight");
        self.previous_first = batch.first;
        self.durable = batch.last();
        self.durable_at = batch.recorded_at;
        self.answers.extend(batch.answers);
    }

    /// The row in flight is not in the log and never will be: it and what was decided on top of it are taken back.
    pub fn not_stored(&mut self) {
        let batch = self.in_flight.take().expect("a row was in flight");
        let fresh = Batch::new(batch.first, batch.tree_before.clone(), self.now);
        let open = std::mem::replace(&mut self.open, fresh);
        self.tree = batch.tree_before.clone();
        for mut failed in [open, batch] {
            undo(&mut self.books, &mut failed.notes, 0);
            for record in &failed.records {
                self.keys.remove(&record.envelope.ledger, &record.envelope.key);
            }
            self.answers.extend(failed.answers.into_iter().map(|(who, _)| (who, Answer::NotRecorded)));
        }
        assert_eq!(self.open.last(), self.durable, "LOG-1: the next record follows the last durable one");
    }

    /// After a take-over of our own, by which an unknown outcome was settled.
    pub fn set_epoch(&mut self, epoch: Epoch) {
        assert!(epoch > self.epoch, "LOG-3: epochs only rise");
        self.epoch = epoch;
    }

    /// Answers `Seen` when all that is decided by now is durable.
    pub fn wait(&mut self, who: T) {
        let seen = self.decided();
        self.answer_when_durable(seen, who, Answer::Seen);
    }

    /// Decides one command, unless its key has an answer already.
    pub fn submit(&mut self, who: T, item: Item) -> Submitted<T> {
        let opens = matches!(item.command, Command::OpenLedger(_));
        if !opens && self.books.ledger(&item.ledger).is_none() {
            self.answers.push((who, Answer::LedgerNotFound));
            return Submitted::Taken;
        }
        if let Some(used_at) = self.keys.get(&item.ledger, &item.key) {
            self.answer_repeat(who, &item, used_at);
            return Submitted::Taken;
        }
        let original = match self.original(&item) {
            Ok(original) => original,
            Err(sequence) => {
                return Submitted::NeedsOriginals {
                    items: vec![(who, item)],
                    originals: vec![(0, sequence)],
                };
            }
        };
        let decided =
            self.decide(&item, original.as_ref()).unwrap_or_else(|refusal| self.refused(&item, &refusal));
        let record = Arc::new(self.record(&item, decided, self.open.last().next(), Place::ALONE));
        if item.dry_run {
            let seen = self.decided();
            self.answer_when_durable(seen, who, Answer::DryRun(record));
            return Submitted::Taken;
        }
        evolve(&mut self.books, &record, &mut self.open.notes);
        self.push(who, record);
        Submitted::Taken
    }

    /// Decides several commands, all or none. They must have room ([`Machine::has_room_for`]) and be at most [`ATOMIC_MAX`].
    pub fn submit_atomic(&mut self, items: Vec<(T, Item)>) -> Submitted<T> {
        assert!(items.len() <= ATOMIC_MAX && self.has_room_for(items.len()));
        if items.iter().any(|(_, item)| self.books.ledger(&item.ledger).is_none()) {
            self.answers.extend(items.into_iter().map(|(who, _)| (who, Answer::LedgerNotFound)));
            return Submitted::Taken;
        }
        let mut names = HashSet::with_capacity(items.len());
        if !items.iter().all(|(_, item)| names.insert((&item.ledger, &item.key))) {
            drop(names);
            self.answers.extend(items.into_iter().map(|(who, _)| (who, Answer::KeyConflict(None))));
            return Submitted::Taken;
        }
        let used: Vec<Option<Sequence>> =
            items.iter().map(|(_, item)| self.keys.get(&item.ledger, &item.key)).collect();
        if used.iter().any(Option::is_some) {
            self.answer_repeats(items, &used);
            return Submitted::Taken;
        }
        let missing =
            items.iter().enumerate().filter_map(|(at, (_, item))| Some((at, self.original(item).err()?)));
        let originals: Vec<(usize, Sequence)> = missing.collect();
        if !originals.is_empty() {
            return Submitted::NeedsOriginals { items, originals };
        }
        let dry_run = items.iter().any(|(_, item)| item.dry_run);
        let mark = self.open.notes.len();
        let records = self.decide_all(&items);
        if dry_run {
            undo(&mut self.books, &mut self.open.notes, mark);
        }
        for ((who, _), record) in items.into_iter().zip(records) {
            if dry_run {
                let seen = self.decided();
                self.answer_when_durable(seen, who, Answer::DryRun(Arc::new(record)));
            } else {
                self.push(who, Arc::new(record));
            }
        }
        Submitted::Taken
    }

    /// The records of an atomic batch, with the books changed by them. If one is refused, all are, and the books are as before.
    fn decide_all(&mut self, items: &[(T, Item)]) -> Vec<Record> {
        let first = self.open.last().next();
        let count = u32::try_from(items.len()).expect("at most ATOMIC_MAX");
        let place = |at: usize| Place { index: at as u32, count };
        let mark = self.open.notes.len();
        let mut records: Vec<Record> = Vec::with_capacity(items.len());
        for (at, (_, item)) in items.iter().enumerate() {
            let in_batch = original_key(item).and_then(|key| {
                records
                    .iter()
                    .find(|earlier| earlier.envelope.key == *key && earlier.envelope.ledger == item.ledger)
            });
            let original = in_batch.map_or_else(|| self.original(item).expect("fetched"), Original::of);
            match self.decide(item, original.as_ref()) {
                Ok(decided) => {
                    let record = self.record(item, decided, Sequence(first.0 + at as u64), place(at));
                    evolve(&mut self.books, &record, &mut self.open.notes);
                    records.push(record);
                }
                Err(refusal) => {
                    undo(&mut self.books, &mut self.open.notes, mark);
                    return self.refuse_all(items, at, &refusal, first, place);
                }
            }
        }
        records
    }

    fn refuse_all(
        &mut self,
        items: &[(T, Item)],
        at_fault: usize,
        refusal: &Refusal,
        first: Sequence,
        place: impl Fn(usize) -> Place,
    ) -> Vec<Record> {
        let others = Refusal::of_batch(at_fault, refusal);
        let records = items.iter().enumerate().map(|(at, (_, item))| {
            let decided = self.refused(item, if at == at_fault { refusal } else { &others });
            self.record(item, decided, Sequence(first.0 + at as u64), place(at))
        });
        records.collect()
    }

    fn decide(&self, item: &Item, original: Option<&Original>) -> Result<Decided, Refusal> {
        decide(
            &self.books,
            &item.ledger,
            &item.command,
            &Context { now: self.now, shard: self.shard, original },
        )
    }

    fn refused(&self, item: &Item, refusal: &Refusal) -> Decided {
        Decided::refused(
            &item.command,
            refusal,
            &Context { now: self.now, shard: self.shard, original: None },
        )
    }

    fn record(&mut self, item: &Item, decided: Decided, sequence: Sequence, batch: Place) -> Record {
        let envelope = Envelope {
            sequence,
            id: (self.ids)(self.now),
            ledger: item.ledger.clone(),
            batch,
            key: item.key.clone(),
            request: item.request,
            actor: item.actor.clone(),
            caused_by: item.caused_by,
            traceparent: item.traceparent.clone(),
            recorded_at: self.now,
            effective_at: decided.effective_at,
        };
        Record { envelope, event: decided.event }
    }

    fn push(&mut self, who: T, record: Arc<Record>) {
        let envelope = &record.envelope;
        assert_eq!(envelope.sequence, self.open.last().next(), "LOG-1: sequences are dense");
        self.keys.insert(&envelope.ledger, &envelope.key, envelope.sequence);
        self.open.push(record.clone(), &mut self.tree);
        self.open.answers.push((who, Answer::Recorded(record)));
    }

    /// The transaction that a reversal names. `Err`: its record has to be read from the log first.
    fn original(&self, item: &Item) -> Result<Option<Original>, Sequence> {
        let Some(sequence) = original_key(item).and_then(|key| self.keys.get(&item.ledger, key)) else {
            return Ok(None);
        };
        let fetched = item.original.as_ref().filter(|record| record.envelope.sequence == sequence);
        match self.in_memory(sequence).or(fetched) {
            Some(record) => Ok(Original::of(record)),
            None => Err(sequence),
        }
    }

    fn in_memory(&self, sequence: Sequence) -> Option<&Arc<Record>> {
        self.open.record(sequence).or_else(|| self.in_flight.as_ref()?.record(sequence))
    }

    /// A repeat shares the fate of the record that used its key.
    fn answer_repeat(&mut self, who: T, item: &Item, used_at: Sequence) {
        let answer = match self.in_memory(used_at) {
            None => Answer::Known(used_at),
            Some(record) if record.envelope.request == item.request => Answer::Recorded(record.clone()),
            Some(_) => Answer::KeyConflict(Some(used_at)),
        };
        self.answer_when_durable(used_at, who, answer);
    }

    fn answer_repeats(&mut self, items: Vec<(T, Item)>, used: &[Option<Sequence>]) {
        let all = used.iter().all(Option::is_some);
        for ((who, item), used_at) in items.into_iter().zip(used) {
            match used_at {
                Some(used_at) if all => self.answer_repeat(who, &item, *used_at),
                _ => {
                    let seen = used.iter().flatten().copied().max().expect("some key was used");
                    self.answer_when_durable(seen, who, Answer::KeysMixed);
                }
            }
        }
    }

    fn answer_when_durable(&mut self, seen: Sequence, who: T, answer: Answer) {
        match &mut self.in_flight {
            _ if seen <= self.durable => self.answers.push((who, answer)),
            Some(batch) if seen <= batch.last() => batch.answers.push((who, answer)),
            _ => self.open.answers.push((who, answer)),
        }
    }
}

/// The key of the transaction that a command undoes.
fn original_key(item: &Item) -> Option<&event_schemas::Key> {
    match &item.command {
        Command::ReverseTransaction(command) => Some(&command.transaction),
        _ => None,
    }
}
