//! What must hold after every step, and of every answer.

use event_schemas::events::entries::Entry;
use event_schemas::{Event, Record, Sequence};
use rand::RngExt;
use sequencer::{Answer, snapshot};

use super::clients::{Asked, Ticket};
use super::naive::{Outcome, Wish};
use super::world::World;

/// What a full simulation meets.
pub const EXPECTED: &[&str] = &[
    "crash with a statement under way",
    "crash before the answer is heard",
    "crash with an unknown outcome",
    "crash with nothing in flight",
    "stored behind a lost connection",
    "too late behind a lost connection",
    "unknown, and was stored",
    "unknown, and was not stored",
    "unknown, and was fenced",
    "unknown, was stored, and was fenced",
    "taken back",
    "fenced",
    "original needed",
    "atomic batch recorded",
    "atomic batch refused",
    "reversal recorded",
    "recorded",
    "repeat in memory",
    "repeat of old",
    "old key, other body",
    "dry run",
    "key conflict",
    "keys mixed",
    "read",
    "no ledger",
    "not recorded",
];

impl World {
    /// Between any two steps.
    pub fn check(&mut self) {
        for at in 0..self.servers.len() {
            // Answers may wait in a server's memory, and be lost with it.
            if self.rng.random_bool(0.8) {
                self.give_answers(at, false);
            }
            let machine = &self.servers[at].machine;
            let (decided, durable) = (machine.decided(), machine.durable());
            assert!(durable <= decided && durable <= self.last());
            assert_eq!(machine.keys() as u64, decided.0, "LGR-5: a key per record, none more");
            if !machine.is_committing() && decided == durable {
                let books = snapshot::encode_books(machine.books());
                assert!(
                    books == self.disk.books[durable.0 as usize],
                    "LGR-6: the books of server {} at {durable} are the fold of the log",
                    self.servers[at].id
                );
            }
        }
    }

    /// The new records are what was asked for, and what the naive ledger makes of it.
    pub fn check_new_row(&mut self, first: Sequence) {
        self.disk.index_from(first);
        let mut at = first.0;
        while at <= self.last().0 {
            let count = self.disk.record(Sequence(at)).envelope.batch.count;
            let batch: Vec<Record> =
                (at..at + u64::from(count)).map(|s| self.disk.record(Sequence(s)).clone()).collect();
            self.check_batch(&batch);
            at += u64::from(count);
        }
    }

    fn check_batch(&mut self, batch: &[Record]) {
        let mut naive = self.disk.naive.last().unwrap().clone();
        let mut asked: Vec<&Asked> = Vec::new();
        for (record, index) in batch.iter().zip(0..) {
            let envelope = &record.envelope;
            let ticket = Ticket::of_record(envelope);
            let one = self.clients.get(ticket);
            let item = one.item();
            assert!(!item.dry_run, "a dry run is never recorded");
            assert_eq!((&envelope.ledger, &envelope.key), (&item.ledger, &item.key));
            assert_eq!(envelope.request, item.request);
            assert!(
                !matches!(one.answer, Some(Answer::NotRecorded)),
                "{ticket:?} was told that it is not recorded"
            );
            let expected = if one.group.is_empty() { (0, 1) } else { (index, one.group.len() as u32) };
            assert_eq!((envelope.batch.index, envelope.batch.count), expected);
            asked.push(one);
        }
        let outcomes = predict(&mut naive, &asked);
        for (record, outcome) in batch.iter().zip(&outcomes) {
            assert_eq!(outcome_of(record), *outcome, "{record:?}");
            if let (1, Some(entries)) = (batch.len(), entries_of(record)) {
                for entry in entries {
                    let after = entry.after.debits.minor - entry.after.credits.minor;
                    let path = entry.path.as_ref().unwrap().as_str();
                    let ledger = record.envelope.ledger.as_str();
                    assert_eq!(naive.balance(ledger, path).map(i128::from), Some(after), "{record:?}");
                }
            }
        }
        let refused = outcomes.iter().any(Result::is_err);
        let reverses = asked.iter().any(|one| matches!(one.wish(), Wish::Reverse(_)));
        if batch.len() > 1 {
            self.met.count(if refused { "atomic batch refused" } else { "atomic batch recorded" });
        }
        if reverses && !refused {
            self.met.count("reversal recorded");
        }
        self.disk.naive.extend(batch.iter().map(|_| naive.clone()));
    }

    /// Answers reach their clients. `fenced`: their server has stopped over it.
    pub fn give_answers(&mut self, at: usize, fenced: bool) {
        for (ticket, answer) in self.servers[at].machine.take_answers() {
            let text = format!("{answer:?}");
            self.note(format!("{ticket:?} hears {}", &text[..text.len().min(60)]));
            assert!(self.clients.get(ticket).answer.is_none(), "{ticket:?} is answered twice");
            self.check_answer(ticket, &answer, fenced);
            self.clients.get_mut(ticket).answer = Some(answer);
        }
    }

    fn check_answer(&mut self, ticket: Ticket, answer: &Answer, fenced: bool) {
        let asked = self.clients.get(ticket);
        match answer {
            Answer::Recorded(record) => {
                let sequence = record.envelope.sequence;
                assert!(sequence <= self.last(), "LOG-2: {sequence} is acknowledged before it is durable");
                assert_eq!(self.disk.bytes(sequence), record.to_bytes(), "LOG-2");
                assert_eq!(record.envelope.request, asked.item().request);
                let own = Ticket::of_record(&record.envelope) == ticket;
                self.met.count(if own { "recorded" } else { "repeat in memory" });
                self.acknowledge(ticket, sequence);
            }
            Answer::Known(sequence) => {
                assert!(*sequence <= self.last());
                let same = self.disk.record(*sequence).envelope.request == asked.item().request;
                self.met.count(if same { "repeat of old" } else { "old key, other body" });
                if same {
                    self.acknowledge(ticket, *sequence);
                } else {
                    self.check_key_is_used(ticket);
                }
            }
            Answer::DryRun(record) => {
                self.check_seen(asked);
                self.check_dry_run(ticket, record);
                self.met.count("dry run");
            }
            Answer::KeyConflict(_) => {
                let same_name = |other: &&Ticket| self.clients.get(**other).name() == asked.name();
                let names = asked.group.iter().map(|t| self.clients.get(*t).name());
                let distinct: std::collections::HashSet<_> = names.collect();
                assert!(asked.group.is_empty() || asked.group.iter().any(|t| same_name(&t)));
                if distinct.len() == asked.group.len() || asked.group.is_empty() {
                    self.check_key_is_used(ticket);
                }
                self.met.count("key conflict");
            }
            Answer::KeysMixed => {
                // Who was superseded without knowing it knows what was durable for it, and no more.
                let writes = self.disk.owner == Some(asked.server);
                let knew = if writes { asked.decided } else { asked.durable };
                let used_up_to = |last| {
                    let used = |t: &&Ticket| {
                        let name = self.clients.get(**t).name();
                        self.disk.by_key.get(&name).is_some_and(|sequence| *sequence <= last)
                    };
                    asked.group.iter().filter(used).count()
                };
                assert!(used_up_to(asked.decided) > 0, "no key of a mixed batch was used");
                assert!(used_up_to(knew) < asked.group.len(), "each key of a mixed batch was used");
                self.met.count("keys mixed");
            }
            Answer::Seen => {
                self.check_seen(asked);
                self.met.count("read");
            }
            Answer::LedgerNotFound => {
                let before = &self.disk.naive[asked.durable.0 as usize];
                let group = if asked.group.is_empty() { &[ticket][..] } else { &asked.group };
                let missing = |t: &Ticket| !before.has_ledger(self.clients.get(*t).item().ledger.as_str());
                assert!(group.iter().any(missing));
                self.met.count("no ledger");
            }
            Answer::NotRecorded => {
                assert_eq!(self.disk.by_ticket.get(&ticket), None, "{ticket:?} is in the log");
                // Of a batch some keys may have been used before; of one item that would have been the answer.
                if asked.item.is_some() && asked.group.is_empty() && !fenced {
                    let used_at = self.disk.by_key.get(&asked.name());
                    // What is durable for this server cannot have been taken back.
                    assert!(used_at.is_none_or(|at| *at > self.durable_of(asked)), "the key is not free");
                }
                self.met.count("not recorded");
            }
            Answer::TimedOut => panic!("the machine has no clock"),
        }
    }

    fn durable_of(&self, asked: &Asked) -> Sequence {
        let server = self.servers.iter().find(|server| server.id == asked.server);
        server.expect("who answers is alive").machine.durable()
    }

    /// LOG-2 and LGR-5: for ever the same bytes.
    fn acknowledge(&mut self, ticket: Ticket, sequence: Sequence) {
        let name = self.clients.get(ticket).name();
        assert_eq!(self.disk.by_key.get(&name), Some(&sequence), "LGR-5: the key's one record");
        let bytes = self.disk.bytes(sequence);
        let told = self.acknowledged.entry(name).or_insert_with(|| bytes.to_vec());
        assert_eq!(told, bytes, "LGR-5: the same answer for ever");
    }

    fn check_key_is_used(&self, ticket: Ticket) {
        let asked = self.clients.get(ticket);
        let used_at = self.disk.by_key.get(&asked.name()).expect("the key of a conflict is in the log");
        assert_ne!(self.disk.record(*used_at).envelope.request, asked.item().request);
    }

    /// What was seen is durable, and was so as it was seen.
    fn check_seen(&self, asked: &Asked) {
        assert!(asked.decided <= self.last(), "what was seen at {} is not durable", asked.decided);
        let saw = asked.saw.as_ref().expect("kept when it was submitted");
        assert!(*saw == self.disk.books[asked.decided.0 as usize], "what was seen never was");
    }

    fn check_dry_run(&self, ticket: Ticket, record: &Record) {
        let asked = self.clients.get(ticket);
        assert_eq!(self.disk.by_ticket.get(&ticket), None);
        let used_at = self.disk.by_key.get(&asked.name());
        assert!(used_at.is_none_or(|at| *at > asked.decided), "a used key has its answer already");
        let mut naive = self.disk.naive[asked.decided.0 as usize].clone();
        let group = if asked.group.is_empty() { vec![ticket] } else { asked.group.clone() };
        let all: Vec<&Asked> = group.iter().map(|t| self.clients.get(*t)).collect();
        let outcomes = predict(&mut naive, &all);
        let at = group.iter().position(|t| *t == ticket).unwrap();
        assert_eq!(outcome_of(record), outcomes[at]);
    }

    /// Whoever's server lived on has an answer.
    pub fn check_all_answered(&self) {
        for (at, asked) in self.clients.asked.iter().enumerate() {
            let lives = self.servers.iter().any(|server| server.id == asked.server);
            assert!(!lives || asked.answer.is_some(), "{:?} got no answer", Ticket(at));
            let recorded = |t: &&Ticket| self.disk.by_ticket.contains_key(*t);
            let recorded = asked.group.iter().filter(recorded).count();
            assert!(recorded == 0 || recorded == asked.group.len(), "half a batch is recorded");
        }
    }

    /// After a restart everything has an answer, and what had one has the same.
    pub fn check_asked_again(&self, tickets: &[Ticket]) {
        for ticket in tickets {
            let asked = self.clients.get(*ticket);
            let answer = asked.answer.as_ref().expect("everything is answered");
            let in_log = self.disk.by_key.get(&asked.name());
            match answer {
                Answer::Recorded(_) | Answer::Known(_) => assert!(in_log.is_some()),
                Answer::LedgerNotFound => assert_eq!(in_log, None),
                other => panic!("{ticket:?}: {other:?}"),
            }
        }
        for (name, bytes) in &self.acknowledged {
            let sequence = self.disk.by_key[name];
            assert_eq!(self.disk.bytes(sequence), bytes, "LOG-2");
        }
    }
}

fn predict(naive: &mut super::naive::Naive, asked: &[&Asked]) -> Vec<Outcome> {
    let items: Vec<(&str, &str, &Wish)> =
        asked.iter().map(|one| (one.item().ledger.as_str(), one.item().key.as_str(), one.wish())).collect();
    naive.all(&items)
}

fn outcome_of(record: &Record) -> Outcome {
    match &record.event {
        Event::CommandRefused(refused) => Err(refused.refusal.number),
        _ => Ok(()),
    }
}

fn entries_of(record: &Record) -> Option<&[Entry]> {
    match &record.event {
        Event::TransactionPosted(posted) => Some(&posted.entries),
        Event::TransactionReversed(reversed) => Some(&reversed.entries),
        _ => None,
    }
}
