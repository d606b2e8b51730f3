//! A server without IO: the machine, its statement in the database, and the records it waits for.

use event_schemas::Sequence;
use event_store::{Epoch, NewRow};
use sequencer::{Item, Machine, Start};
use uuid::Uuid;

use super::clients::Ticket;
use super::disk::{Disk, ServerId};

pub struct Server {
    pub id: ServerId,
    pub machine: Machine<Ticket>,
    pub commit: Commit,
    /// Submissions that wait for records to be read from the log.
    pub fetches: Vec<Fetch>,
}

pub struct Fetch {
    pub items: Vec<(Ticket, Item)>,
    pub originals: Vec<(usize, Sequence)>,
    pub atomic: bool,
}

/// The row in flight.
pub enum Commit {
    Idle,
    /// On its way to the database.
    Sent(NewRow),
    /// The database has answered; the answer is on its way to us.
    Answered(NewRow, Outcome),
    /// The connection is lost.
    Unknown(NewRow),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Stored,
    NotStored,
    Fenced,
    /// Stored, and another server has taken over since.
    StoredThenFenced,
}

impl Server {
    /// Takes the shard over and boots from the log.
    pub fn boot(disk: &Disk, id: ServerId, epoch: Epoch) -> Server {
        let (fold, keys) = disk.boot();
        let start = Start {
            shard: event_schemas::Shard(1),
            epoch,
            first: disk.last().first,
            last: fold.last,
            recorded_at: fold.recorded_at,
            tree: fold.tree,
            books: fold.books,
        };
        let mut made = (id as u128) << 64;
        let ids = move |_| {
            made += 1;
            Uuid::from_u128(made)
        };
        let machine = Machine::new(start, Box::new(keys), Box::new(ids));
        Server { id, machine, commit: Commit::Idle, fetches: Vec::new() }
    }
}
