//! Decides what a record says was decided, as the sequencer did, and compares.

use event_schemas::{Event, Record, Sequence};
use event_store::StoredRow;
use ledger_core::{Command, Context, Decided, NoUndo, Original, Refusal, command_of, decide, evolve, undo};
use sequencer::KeyIndex;

use super::judge::Judge;
use super::{Finding, Place, Stop};

const DECIDES_TO_ITSELF: &str = "LGR-6: a record's command, decided again, gives the record";

impl Judge {
    /// A record on its own: what most are.
    pub(super) fn single(&mut self, row: &StoredRow, record: &Record, line: &[u8]) -> Result<(), Stop> {
        self.check_envelope(record, &record.envelope, 0)?;
        let (command, original) = self.asked(row, record, &[])?;
        let decided = self.decide(record, &command, original.as_ref());
        let decided = decided.unwrap_or_else(|refusal| self.refused(record, &command, &refusal));
        self.compare(record, &decided, line)?;
        evolve(&mut self.fold.books, record, &mut NoUndo);
        self.passed(record);
        Ok(())
    }

    /// Records that were decided all or none.
    pub(super) fn batch(&mut self, row: &StoredRow, records: &[Record], lines: &[&[u8]]) -> Result<(), Stop> {
        for (record, index) in records.iter().zip(0..) {
            self.check_envelope(record, &records[0].envelope, index)?;
        }
        let decided = self.decide_all(row, records)?;
        assert_eq!(decided.len(), records.len());
        for ((record, decided), line) in records.iter().zip(&decided).zip(lines) {
            self.compare(record, decided, line)?;
            self.passed(record);
        }
        Ok(())
    }

    /// In order, until one is refused: then all are. The books hold the batch afterwards, unless it was refused.
    fn decide_all(&mut self, row: &StoredRow, records: &[Record]) -> Result<Vec<Decided>, Stop> {
        let mut notes = Vec::new();
        let mut done: Vec<Record> = Vec::with_capacity(records.len());
        for (at, record) in records.iter().enumerate() {
            let (command, original) = self.asked(row, record, &done)?;
            match self.decide(record, &command, original.as_ref()) {
                Ok(Decided { event, effective_at }) => {
                    let mut envelope = record.envelope.clone();
                    envelope.effective_at = effective_at;
                    done.push(Record { envelope, event });
                    evolve(&mut self.fold.books, &done[at], &mut notes);
                }
                Err(refusal) => {
                    undo(&mut self.fold.books, &mut notes, 0);
                    return self.refuse_all(records, at, &refusal);
                }
            }
        }
        let decided =
            |record: Record| Decided { effective_at: record.envelope.effective_at, event: record.event };
        Ok(done.into_iter().map(decided).collect())
    }

    fn refuse_all(
        &self,
        records: &[Record],
        at_fault: usize,
        refusal: &Refusal,
    ) -> Result<Vec<Decided>, Stop> {
        let others = Refusal::of_batch(at_fault, refusal);
        let refused = records.iter().enumerate().map(|(at, record)| {
            let command = self.command(record)?;
            Ok(self.refused(record, &command, if at == at_fault { refusal } else { &others }))
        });
        refused.collect()
    }

    /// Place, time, batch and key; `first` is that of its batch.
    fn check_envelope(
        &self,
        record: &Record,
        first: &event_schemas::Envelope,
        index: u32,
    ) -> Result<(), Box<Finding>> {
        let envelope = &record.envelope;
        let sequence = Sequence(self.fold.last.0 + 1 + u64::from(index));
        let place = Place::Record(self.position(sequence));
        if envelope.sequence != sequence {
            let found = self.position(envelope.sequence);
            return Err(Finding::new(place, "LOG-1: sequences are dense", self.position(sequence), found));
        }
        let expected = (index, first.batch.count);
        if (envelope.batch.index, envelope.batch.count) != expected {
            let text = |(index, count)| format!("index {index} of {count}");
            let found = text((envelope.batch.index, envelope.batch.count));
            return Err(Finding::new(
                place,
                "a batch is numbered from 0 to its count",
                text(expected),
                found,
            ));
        }
        if envelope.recorded_at < self.fold.recorded_at {
            let rule = "recorded_at never goes back";
            let expected = format!("{} or later", self.fold.recorded_at);
            return Err(Finding::new(place, rule, expected, envelope.recorded_at));
        }
        if envelope.recorded_at != first.recorded_at {
            let rule = "an atomic batch is recorded in one moment";
            return Err(Finding::new(place, rule, first.recorded_at, envelope.recorded_at));
        }
        match &self.key_used_again {
            Some(used) if used.by == sequence => {
                let key = format!("{} of {}", envelope.key, envelope.ledger);
                let found = if used.first_by > self.fold.last {
                    format!("{key} twice in one batch")
                } else {
                    format!("{key} at {} too", self.position(used.first_by))
                };
                let rule = "LGR-5: one key, one record";
                Err(Finding::new(place, rule, "a key that no record before used", found))
            }
            _ => Ok(()),
        }
    }

    fn command(&self, record: &Record) -> Result<Command, Box<Finding>> {
        command_of(record).map_err(|error| {
            let place = Place::Record(self.position(record.envelope.sequence));
            Finding::new(place, "a refusal keeps its command", "a command", error)
        })
    }

    /// The record's command, and the transaction that it reverses. `earlier`: of the same batch, and not yet judged.
    fn asked(
        &self,
        row: &StoredRow,
        record: &Record,
        earlier: &[Record],
    ) -> Result<(Command, Option<Original>), Stop> {
        let command = self.command(record)?;
        let ledger = &record.envelope.ledger;
        let opens = matches!(command, Command::OpenLedger(_));
        // The door of an atomic batch lets in no ledger that is not open, whatever the batch opens before.
        if !opens && self.fold.books.ledger(ledger).is_none() {
            let place = Place::Record(self.position(record.envelope.sequence));
            return Err(Finding::new(place, "a record's ledger is open", "an open ledger", ledger).into());
        }
        let Command::ReverseTransaction(reverse) = &command else { return Ok((command, None)) };
        let key = &reverse.transaction;
        let in_batch = earlier.iter().find(|e| e.envelope.key == *key && e.envelope.ledger == *ledger);
        // The index is ahead: it has the keys of the whole row.
        let judged = self.keys.get(ledger, key).filter(|sequence| *sequence <= self.fold.last);
        let original = match (in_batch, judged) {
            (Some(record), _) => Original::of(record),
            (None, None) => None,
            (None, Some(sequence)) => self.originals.record(row, sequence)?.as_ref().and_then(Original::of),
        };
        Ok((command, original))
    }

    fn decide(
        &self,
        record: &Record,
        command: &Command,
        original: Option<&Original>,
    ) -> Result<Decided, Refusal> {
        let context = Context { now: record.envelope.recorded_at, shard: self.shard, original };
        decide(&self.fold.books, &record.envelope.ledger, command, &context)
    }

    fn refused(&self, record: &Record, command: &Command, refusal: &Refusal) -> Decided {
        let context = Context { now: record.envelope.recorded_at, shard: self.shard, original: None };
        Decided::refused(command, refusal, &context)
    }

    /// By bytes, which also shows that the record's own are canonical.
    fn compare(&mut self, record: &Record, decided: &Decided, line: &[u8]) -> Result<(), Box<Finding>> {
        self.line.clear();
        record.envelope.write(&decided.event, &mut self.line);
        let effective_at = record.envelope.effective_at;
        if self.line == line && decided.effective_at == effective_at {
            return Ok(());
        }
        let place = Place::Record(self.position(record.envelope.sequence));
        if decided.event == record.event && decided.effective_at == effective_at {
            return Err(Finding::between(place, "a record's bytes are canonical", &self.line, line));
        }
        if decided.event == record.event {
            let time = |time| format!("effective_at {time}");
            return Err(Finding::new(
                place,
                DECIDES_TO_ITSELF,
                time(decided.effective_at),
                time(effective_at),
            ));
        }
        let (expected, found) = (named(&decided.event), named(&record.event));
        if expected == found {
            Err(Finding::between(place, DECIDES_TO_ITSELF, &self.line, line))
        } else {
            Err(Finding::new(place, DECIDES_TO_ITSELF, expected, found))
        }
    }
}

/// An event by its name, a refusal by its number too.
fn named(event: &Event) -> String {
    match event {
        Event::CommandRefused(refused) => {
            format!("command_refused ({} {})", refused.refusal.number, refused.refusal.code)
        }
        event => event.name().to_owned(),
    }
}
