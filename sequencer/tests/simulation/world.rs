//! The simulated world: servers, one database, clients, and chance.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use event_schemas::{Key, LedgerId, Sequence, Ts};
use event_store::{NewRow, Root};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sequencer::{Item, Submitted, snapshot};

use super::clients::{Asked, Clients, Ticket};
use super::disk::Disk;
use super::naive::Wish;
use super::servers::{Commit, Fetch, Outcome, Server};

pub struct World {
    pub seed: u64,
    pub rng: StdRng,
    pub disk: Disk,
    pub clients: Clients,
    pub servers: Vec<Server>,
    /// Statements whose clients are gone: the database may carry them out all the same.
    ghosts: Vec<NewRow>,
    /// Of the servers' memory, where a row ends, by the row's root.
    snapshots: HashMap<Root, Bytes>,
    /// What was acknowledged, as bytes.
    pub acknowledged: HashMap<(LedgerId, Key), Vec<u8>>,
    servers_made: usize,
    clock: i64,
    pub met: Met,
    pub steps: Vec<String>,
}

/// How often what a run is for occurred.
#[derive(Debug, Default)]
pub struct Met(BTreeMap<&'static str, u64>);

const SERVERS_MAX: usize = 2;

impl World {
    pub fn new(seed: u64) -> World {
        World {
            seed,
            rng: StdRng::seed_from_u64(seed),
            disk: Disk::new(),
            clients: Clients::default(),
            servers: Vec::new(),
            ghosts: Vec::new(),
            snapshots: HashMap::new(),
            acknowledged: HashMap::new(),
            servers_made: 0,
            clock: 1_000,
            met: Met::default(),
            steps: Vec::new(),
        }
    }

    pub fn note(&mut self, step: impl Into<String>) {
        self.steps.push(step.into());
    }

    /// Something happens somewhere.
    pub fn step(&mut self) {
        if self.servers.is_empty() {
            return self.start_server();
        }
        let at = self.rng.random_range(0..self.servers.len());
        match self.rng.random_range(0..100) {
            0..30 => self.submit_one(at),
            30..37 => self.submit_atomic(at),
            37..42 => self.read(at),
            42..46 => self.tick(at),
            46..60 => self.send_row(at),
            60..72 => self.database_works(at),
            72..86 => self.hear(at),
            86..89 => self.lose_connection(at),
            89..93 => self.fetch(at),
            93..96 => self.ghost_works(),
            96..98 => self.crash(at),
            _ if self.servers.len() < SERVERS_MAX => self.start_server(),
            _ => self.crash(at),
        }
    }

    pub fn start_server(&mut self) {
        self.statements_race();
        let id = self.servers_made;
        self.servers_made += 1;
        let epoch = self.disk.take_over(id);
        self.note(format!("server {id} takes over in epoch {epoch} at {}", self.disk.last().last));
        self.servers.push(Server::boot(&self.disk, id, epoch));
    }

    /// A take-over waits for what is under way: each statement comes just before it, or too late.
    fn statements_race(&mut self) {
        for at in 0..self.servers.len() {
            if self.rng.random_bool(0.5) {
                self.database_works(at);
            }
        }
        while !self.ghosts.is_empty() && self.rng.random_bool(0.5) {
            self.ghost_works();
        }
    }

    fn crash(&mut self, at: usize) {
        let server = self.servers.swap_remove(at);
        self.note(format!("server {} crashes", server.id));
        match server.commit {
            Commit::Sent(row) => {
                self.met.count("crash with a statement under way");
                self.ghosts.push(row);
            }
            Commit::Answered(..) => self.met.count("crash before the answer is heard"),
            Commit::Unknown(_) => self.met.count("crash with an unknown outcome"),
            Commit::Idle => self.met.count("crash with nothing in flight"),
        }
    }

    fn tick(&mut self, at: usize) {
        // Clocks are not equal, and one may go back.
        self.clock += self.rng.random_range(0..50);
        let skew = self.rng.random_range(-30..30);
        self.servers[at].machine.tick(Ts(self.clock + skew));
    }

    fn asked(&mut self, at: usize, item: Option<(Item, Wish)>) -> Ticket {
        let machine = &self.servers[at].machine;
        self.clients.ask(Asked {
            item,
            group: Vec::new(),
            server: self.servers[at].id,
            decided: machine.decided(),
            durable: machine.durable(),
            saw: None,
            answer: None,
        })
    }

    fn item(&mut self, ledger: &str) -> (Item, Wish) {
        let is_open = self.disk.naive.last().is_some_and(|naive| naive.has_ledger(ledger));
        let of_few = self.rng.random_bool(0.5);
        self.clients.item(&mut self.rng, ledger, is_open, of_few, self.clients.next_ticket())
    }

    fn submit_one(&mut self, at: usize) {
        let ledger = Clients::ledger(&mut self.rng);
        let (mut item, wish) = self.item(ledger);
        item.dry_run = self.rng.random_bool(0.1);
        self.submit_item(at, item, wish);
    }

    pub fn submit_item(&mut self, at: usize, item: Item, wish: Wish) -> Ticket {
        let ticket = self.asked(at, Some((item.clone(), wish.clone())));
        let dry = if item.dry_run { " (dry)" } else { "" };
        let server = self.servers[at].id;
        self.note(format!(
            "server {server}: {ticket:?} {} {} {wish:?}{dry}",
            item.ledger.as_str(),
            item.key.as_str()
        ));
        self.submit(at, vec![(ticket, item)], false);
        ticket
    }

    fn submit_atomic(&mut self, at: usize) {
        let count = self.rng.random_range(1..5);
        let dry_run = self.rng.random_bool(0.1);
        let mut items = Vec::new();
        let mut ledger = Clients::ledger(&mut self.rng);
        for _ in 0..count {
            if self.rng.random_bool(0.1) {
                ledger = Clients::ledger(&mut self.rng);
            }
            let (mut item, wish) = self.item(ledger);
            item.dry_run = dry_run;
            items.push((self.asked(at, Some((item.clone(), wish))), item));
        }
        let group: Vec<Ticket> = items.iter().map(|(ticket, _)| *ticket).collect();
        let server = self.servers[at].id;
        self.note(format!("server {server}: atomic, dry: {dry_run}"));
        for ticket in &group {
            self.clients.get_mut(*ticket).group = group.clone();
            let asked = self.clients.get(*ticket);
            let (ledger, key) = asked.name();
            let text = format!("  {ticket:?} {} {} {:?}", ledger.as_str(), key.as_str(), asked.wish());
            self.note(text);
        }
        self.submit(at, items, true);
    }

    fn submit(&mut self, at: usize, mut items: Vec<(Ticket, Item)>, atomic: bool) {
        let machine = &mut self.servers[at].machine;
        let before = snapshot::encode_books(machine.books());
        let decided = machine.decided();
        for (ticket, item) in &items {
            let asked = self.clients.get_mut(*ticket);
            (asked.decided, asked.durable) = (decided, machine.durable());
            asked.saw = item.dry_run.then(|| before.clone());
        }
        let dry_run = items.iter().any(|(_, item)| item.dry_run);
        let submitted = if atomic {
            machine.submit_atomic(items)
        } else {
            let (ticket, item) = items.pop().expect("one item");
            machine.submit(ticket, item)
        };
        if dry_run {
            assert_eq!(snapshot::encode_books(machine.books()), before, "a dry run changes nothing");
            assert_eq!(machine.decided(), decided, "a dry run records nothing");
        }
        if let Submitted::NeedsOriginals { items, originals } = submitted {
            assert_eq!(machine.decided(), decided, "nothing is decided without its originals");
            self.met.count("original needed");
            self.servers[at].fetches.push(Fetch { items, originals, atomic });
        }
    }

    /// The records that reversals name have come from the log.
    fn fetch(&mut self, at: usize) {
        let fetches = &mut self.servers[at].fetches;
        if fetches.is_empty() {
            return;
        }
        let chosen = self.rng.random_range(0..fetches.len());
        let Fetch { mut items, originals, atomic } = fetches.swap_remove(chosen);
        for (index, sequence) in originals {
            items[index].1.original = Some(Arc::new(self.disk.record(sequence).clone()));
        }
        let server = self.servers[at].id;
        self.note(format!("server {server}: originals come for {:?}", items[0].0));
        self.submit(at, items, atomic);
    }

    fn read(&mut self, at: usize) {
        let ticket = self.asked(at, None);
        let server = &mut self.servers[at];
        let saw = snapshot::encode_books(server.machine.books());
        server.machine.wait(ticket);
        let (id, decided) = (server.id, server.machine.decided());
        self.clients.get_mut(ticket).saw = Some(saw);
        self.note(format!("server {id}: {ticket:?} reads at {decided}"));
    }

    fn send_row(&mut self, at: usize) {
        let server = &mut self.servers[at];
        let was_idle = matches!(server.commit, Commit::Idle);
        let Some(row) = server.machine.take_row() else { return };
        assert!(was_idle, "one row in flight");
        let text = format!("server {}: row {} to {} is sent", server.id, row.first, row.last);
        self.snapshots.insert(row.root, server.machine.snapshot().bytes);
        server.commit = Commit::Sent(row);
        self.note(text);
    }

    /// The database carries out a statement, or fails at it.
    fn database_works(&mut self, at: usize) {
        let server = &mut self.servers[at];
        let Commit::Sent(row) = &server.commit else { return };
        let (row, id) = (row.clone(), server.id);
        let outcome = match self.rng.random_range(0..8) {
            0 => Outcome::NotStored,
            _ if self.insert(&row) => Outcome::Stored,
            _ => Outcome::Fenced,
        };
        self.note(format!("server {id}: row {} is {outcome:?}", row.first));
        self.servers[at].commit = Commit::Answered(row, outcome);
    }

    fn ghost_works(&mut self) {
        if self.ghosts.is_empty() {
            return;
        }
        let chosen = self.rng.random_range(0..self.ghosts.len());
        let row = self.ghosts.swap_remove(chosen);
        let stored = self.insert(&row);
        self.met.count(if stored {
            "stored behind a lost connection"
        } else {
            "too late behind a lost connection"
        });
        self.note(format!("a ghost's row {} is stored: {stored}", row.first));
    }

    fn insert(&mut self, row: &NewRow) -> bool {
        let stored = self.disk.insert(row);
        if stored {
            let fold = snapshot::encode(&self.disk.fold);
            assert!(self.snapshots[&row.root] == fold, "LGR-6: a snapshot of memory is the fold of the log");
            self.check_new_row(row.first);
        }
        stored
    }

    fn lose_connection(&mut self, at: usize) {
        let server = &mut self.servers[at];
        let row = match &server.commit {
            Commit::Sent(row) => {
                self.ghosts.push(row.clone());
                row.clone()
            }
            Commit::Answered(row, _) => row.clone(),
            Commit::Idle | Commit::Unknown(_) => return,
        };
        let text = format!("server {} loses its connection during row {}", server.id, row.first);
        server.commit = Commit::Unknown(row);
        self.note(text);
    }

    /// A server hears what became of its row, or finds it out.
    pub fn hear(&mut self, at: usize) {
        match std::mem::replace(&mut self.servers[at].commit, Commit::Idle) {
            Commit::Answered(_, outcome) => self.settle(at, outcome),
            Commit::Unknown(row) => {
                let outcome = self.look(at, &row);
                self.met.count(match outcome {
                    Outcome::Stored => "unknown, and was stored",
                    Outcome::NotStored => "unknown, and was not stored",
                    Outcome::Fenced => "unknown, and was fenced",
                    Outcome::StoredThenFenced => "unknown, was stored, and was fenced",
                });
                self.settle(at, outcome);
            }
            other => self.servers[at].commit = other,
        }
    }

    /// What the shell does after a lost connection.
    fn look(&mut self, at: usize, row: &NewRow) -> Outcome {
        self.statements_race();
        let id = self.servers[at].id;
        let epoch = self.disk.take_over_from(row.epoch, id);
        let found = self.disk.row_starting_at(row.first);
        let ours = found.is_some_and(|found| found.root == row.root && found.last == row.last);
        let Some(epoch) = epoch else {
            return if ours { Outcome::StoredThenFenced } else { Outcome::Fenced };
        };
        let outcome = match found {
            Some(_) if ours => Outcome::Stored,
            Some(_) => Outcome::Fenced,
            None if self.disk.last().last.next() == row.first => Outcome::NotStored,
            None => Outcome::Fenced,
        };
        if outcome != Outcome::Fenced {
            self.servers[at].machine.set_epoch(epoch);
        }
        outcome
    }

    fn settle(&mut self, at: usize, outcome: Outcome) {
        let id = self.servers[at].id;
        self.note(format!("server {id} hears: {outcome:?}"));
        let machine = &mut self.servers[at].machine;
        let with_more = machine.decided() > machine.durable();
        match outcome {
            Outcome::Stored => machine.stored(),
            Outcome::NotStored => {
                machine.not_stored();
                if with_more {
                    self.met.count("taken back");
                }
                self.give_answers(at, false);
            }
            Outcome::Fenced | Outcome::StoredThenFenced => {
                if outcome == Outcome::StoredThenFenced {
                    machine.stored();
                }
                if machine.is_committing() || machine.take_row().is_some() {
                    machine.not_stored();
                }
                self.met.count("fenced");
                assert_ne!(self.disk.owner, Some(id), "LOG-3: only another server fences");
                self.give_answers(at, true);
                self.servers.swap_remove(at);
            }
        }
    }

    /// Brings everything to its end: no answer may be missing. Then asks for everything again.
    pub fn end(&mut self) {
        while self.servers.iter().any(|server| {
            !matches!(server.commit, Commit::Idle)
                || !server.fetches.is_empty()
                || server.machine.decided() > server.machine.durable()
        }) {
            let at = self.rng.random_range(0..self.servers.len());
            match self.rng.random_range(0..4) {
                0 => self.fetch(at),
                1 => self.send_row(at),
                2 => self.database_works(at),
                _ => self.hear(at),
            }
            self.check();
        }
        for at in 0..self.servers.len() {
            self.give_answers(at, false);
        }
        self.check_all_answered();
        self.servers.clear();
        self.note("all servers end; one starts, and everything is asked again");
        self.start_server();
        self.check();
        let mut asked_again = Vec::new();
        for name in self.clients.names() {
            let (item, wish) = self.clients.again(&name, self.clients.next_ticket());
            asked_again.push(self.submit_item(0, item, wish));
            if !self.servers[0].fetches.is_empty() {
                self.fetch(0);
            }
        }
        while let Some(row) = self.servers[0].machine.take_row() {
            self.snapshots.insert(row.root, self.servers[0].machine.snapshot().bytes);
            assert!(self.insert(&row), "nobody else writes");
            self.servers[0].machine.stored();
        }
        self.give_answers(0, false);
        self.check_asked_again(&asked_again);
        self.check();
    }

    pub fn last(&self) -> Sequence {
        self.disk.last().last
    }
}

impl Met {
    pub fn count(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    pub fn add(&mut self, other: &Met) {
        for (what, times) in &other.0 {
            *self.0.entry(what).or_default() += times;
        }
    }

    pub fn expect_everything(&self) {
        for what in super::checks::EXPECTED {
            let times = self.0.get(what).copied().unwrap_or(0);
            assert!(times >= 20, "met {times} times only: {what}");
        }
    }
}
