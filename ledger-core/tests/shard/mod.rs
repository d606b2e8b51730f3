//! One shard's books driven command by command, as the sequencer will, with the core's laws checked at every step.

use event_schemas::{
    ActorId, Batch, Envelope, Event, Key, LedgerId, Record, RequestHash, Sequence, Shard as ShardNumber, Ts,
};
use ledger_core::{
    Books, Command, Context, Decided, NoUndo, Original, Refusal, RefusalKind, Undo, command_of, decide,
    evolve, undo,
};
use uuid::Uuid;

pub struct Shard {
    pub books: Books,
    pub now: Ts,
    pub records: Vec<Record>,
    notes: Vec<Undo>,
    /// The state before each record: how many notes there were, and the books' bytes.
    marks: Vec<(usize, Vec<u8>)>,
}

impl Shard {
    pub fn new(now: Ts) -> Shard {
        Shard { books: Books::default(), now, records: Vec::new(), notes: Vec::new(), marks: Vec::new() }
    }

    pub fn bytes(&self) -> Vec<u8> {
        postcard::to_stdvec(&self.books).expect("the books serialise")
    }

    /// Decides and records a command. Checks that its record decides to itself, survives its bytes and can be undone.
    pub fn execute(&mut self, ledger: &LedgerId, key: &str, command: &Command) -> Record {
        let original = self.original(ledger, command);
        let decided = self.decide(ledger, command, original.as_ref());
        let record = self.record(ledger, key, decided);

        let again = command_of(&record).expect("a record's command is readable");
        let decided = self.decide(ledger, &again, original.as_ref());
        assert_eq!(self.record(ledger, key, decided), record, "a record's command decides to the record");
        assert_eq!(Record::read(&record.to_bytes()).as_ref(), Ok(&record), "a record survives its bytes");

        let (mark, before) = (self.notes.len(), self.bytes());
        evolve(&mut self.books, &record, &mut self.notes);
        let after = self.bytes();
        undo(&mut self.books, &mut self.notes, mark);
        assert_eq!(self.bytes(), before, "undo restores the books");
        evolve(&mut self.books, &record, &mut self.notes);
        assert_eq!(self.bytes(), after, "what was undone can be done again");

        self.marks.push((mark, before));
        self.records.push(record.clone());
        record
    }

    /// Decides and records commands as the sequencer does an atomic batch: each on what the ones before it did, all or none.
    pub fn execute_batch(&mut self, items: &[(LedgerId, String, Command)]) -> Vec<Record> {
        let count = u32::try_from(items.len()).expect("a few");
        let (mark, before, first) = (self.notes.len(), self.bytes(), self.records.len());
        let mut refused = None;
        for ((ledger, key, command), index) in items.iter().zip(0..) {
            let original = self.original(ledger, command);
            let context = Context { now: self.now, shard: ShardNumber(1), original: original.as_ref() };
            match decide(&self.books, ledger, command, &context) {
                Ok(decided) => {
                    let record = self.placed(ledger, key, decided, Batch { index, count });
                    let again = command_of(&record).expect("a record's command is readable");
                    let decided = self.decide(ledger, &again, original.as_ref());
                    let again = self.placed(ledger, key, decided, Batch { index, count });
                    assert_eq!(again, record, "a record's command decides to the record");
                    self.marks.push((self.notes.len(), self.bytes()));
                    evolve(&mut self.books, &record, &mut self.notes);
                    self.records.push(record);
                }
                Err(refusal) => {
                    refused = Some((index, refusal));
                    break;
                }
            }
        }
        if let Some((at_fault, refusal)) = refused {
            undo(&mut self.books, &mut self.notes, mark);
            assert_eq!(self.bytes(), before, "a refused batch leaves the books as they were");
            self.records.truncate(first);
            self.marks.truncate(first);
            let others = Refusal::of_batch(at_fault as usize, &refusal);
            for ((ledger, key, command), index) in items.iter().zip(0..) {
                let context = Context { now: self.now, shard: ShardNumber(1), original: None };
                let refusal = if index == at_fault { &refusal } else { &others };
                let decided = Decided::refused(command, refusal, &context);
                let record = self.placed(ledger, key, decided, Batch { index, count });
                self.marks.push((self.notes.len(), self.bytes()));
                evolve(&mut self.books, &record, &mut self.notes);
                self.records.push(record);
            }
            assert_eq!(self.bytes(), before, "a refusal changes nothing");
        }
        self.records[first..].to_vec()
    }

    fn decide(&self, ledger: &LedgerId, command: &Command, original: Option<&Original>) -> Decided {
        let context = Context { now: self.now, shard: ShardNumber(1), original };
        decide(&self.books, ledger, command, &context).unwrap_or_else(|refusal| {
            let (_, documented) = Command::REFUSALS
                .iter()
                .find(|(name, _)| *name == command.name())
                .expect("every command lists its refusals");
            assert!(documented.contains(&refusal.kind), "{} does not list {refusal:?}", command.name());
            Decided::refused(command, &refusal, &context)
        })
    }

    fn original(&self, ledger: &LedgerId, command: &Command) -> Option<Original> {
        let Command::ReverseTransaction(reverse) = command else { return None };
        let named = |record: &&Record| {
            record.envelope.key == reverse.transaction && record.envelope.ledger == *ledger
        };
        self.records.iter().find(named).and_then(Original::of)
    }

    fn record(&self, ledger: &LedgerId, key: &str, decided: Decided) -> Record {
        self.placed(ledger, key, decided, Batch::ALONE)
    }

    fn placed(&self, ledger: &LedgerId, key: &str, decided: Decided, batch: Batch) -> Record {
        let sequence = Sequence(self.records.len() as u64 + 1);
        let envelope = Envelope {
            sequence,
            id: Uuid::from_u128(u128::from(sequence.0)),
            ledger: ledger.clone(),
            batch,
            key: Key::parse(key).expect("a valid key"),
            request: RequestHash([7; 16]),
            actor: ActorId::parse("key:dev").expect("a valid actor"),
            caused_by: None,
            traceparent: None,
            recorded_at: self.now,
            effective_at: decided.effective_at,
        };
        Record { envelope, event: decided.event }
    }

    /// The refusal of a batch's other items, which the sequencer gives in the rules' stead.
    pub fn refuse_for_batch(
        &mut self,
        ledger: &LedgerId,
        key: &str,
        command: &Command,
        at_fault: &Refusal,
    ) -> Record {
        let context = Context { now: self.now, shard: ShardNumber(1), original: None };
        let decided = Decided::refused(command, &Refusal::of_batch(0, at_fault), &context);
        let record = self.record(ledger, key, decided);
        self.marks.push((self.notes.len(), self.bytes()));
        evolve(&mut self.books, &record, &mut self.notes);
        self.records.push(record.clone());
        record
    }

    /// Records events as they are, each in an envelope like this one.
    pub fn record_all(&mut self, like: &Envelope, events: impl Iterator<Item = Event>) {
        for event in events {
            let decided = Decided { event, effective_at: self.now };
            let record = self.record(&like.ledger, &format!("all-{}", self.records.len()), decided);
            evolve(&mut self.books, &record, &mut self.notes);
            self.records.push(record);
        }
    }

    /// Puts another number wherever a snapshot of the books holds `number`, which ought to be one that stands out.
    pub fn replace_in_a_snapshot(&mut self, number: i128, other: i128) {
        let varint = |number: i128| postcard::to_stdvec(&number).expect("a number serialises");
        let (number, other) = (varint(number), varint(other));
        let (mut bytes, mut at, mut replaced) = (self.bytes(), 0, 0);
        while let Some(found) = bytes[at..].windows(number.len()).position(|window| window == number) {
            at += found;
            bytes.splice(at..at + number.len(), other.iter().copied());
            at += other.len();
            replaced += 1;
        }
        assert!(replaced > 0, "the books hold the number");
        self.books = postcard::from_bytes(&bytes).expect("the books are readable");
    }

    /// What a snapshot makes of the books: their indexes are built anew.
    pub fn through_a_snapshot(&mut self) {
        let bytes = self.bytes();
        self.books = postcard::from_bytes(&bytes).expect("the books are readable");
        assert_eq!(self.bytes(), bytes, "a snapshot of a snapshot is the same");
    }

    /// LGR-6: replaying the records' bytes gives these books, byte for byte.
    pub fn check_replay(&self) {
        let mut replayed = Books::default();
        for record in &self.records {
            let read = Record::read(&record.to_bytes()).expect("a record is readable");
            evolve(&mut replayed, &read, &mut NoUndo);
        }
        let replayed = postcard::to_stdvec(&replayed).expect("the books serialise");
        assert_eq!(replayed, self.bytes(), "LGR-6: replayed books are the live ones, byte for byte");
    }

    /// Takes everything back, a random number of records at a time.
    pub fn check_undo_of_everything(mut self, mut steps: impl FnMut() -> usize) {
        while !self.marks.is_empty() {
            let keep = self.marks.len().saturating_sub(steps().max(1));
            let (mark, before) = self.marks.drain(keep..).next().expect("at least one is taken back");
            undo(&mut self.books, &mut self.notes, mark);
            assert_eq!(
                self.bytes(),
                before,
                "undo restores the books as they were before record {}",
                keep + 1
            );
        }
        assert_eq!(self.bytes(), Shard::new(self.now).bytes());
    }
}

/// Which refusal a record holds, if it is one.
pub fn refusal(record: &Record) -> Option<RefusalKind> {
    match &record.event {
        Event::CommandRefused(refused) => {
            Some(RefusalKind::by_number(refused.refusal.number).expect("refusals have known numbers"))
        }
        _ => None,
    }
}
