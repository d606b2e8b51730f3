//! How fast the rules are: nanoseconds of one core per two-leg transfer, and bytes per idle account.
//!
//! `cargo run --release -p ledger-core --example fold_speed`, on Linux. It counts the time that this thread had a core, so
//! that neighbours on the machine are left out as far as they can be.

use std::hint::black_box;

use event_schemas::{
    ActorId, Batch, Envelope, Event, Key, LedgerId, Record, RequestHash, Sequence, Shard, Ts,
};
use ledger_core::{Books, Command, Context, NoUndo, Undo, decide, evolve};
use serde_json::json;
use uuid::Uuid;

const TRANSFERS: u64 = 500_000;
/// Commands and records are made beforehand, as many at a time as stay in the cache as a batch of the sequencer does.
const CHUNK: u64 = 1_000;
const NOW: Ts = Ts(1_764_000_000_000_000);

fn main() {
    // Just before and just after the accounts' list has doubled. Both are kept, for freed memory would count as none.
    let kept = [1_000_000, 1_100_000].map(memory);
    drop(kept);
    for accounts in [1_000, 1_000_000] {
        speed(accounts);
    }
}

/// A fixed sequence of numbers (xorshift), so that two runs measure the same.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

fn ledger() -> LedgerId {
    LedgerId::parse("household").expect("a valid id")
}

fn path(account: u64) -> String {
    format!("liabilities:customers:c{account:07}")
}

fn command(value: serde_json::Value) -> Command {
    serde_json::from_value(value).expect("a command")
}

fn record(sequence: u64, event: Event) -> Record {
    let envelope = Envelope {
        sequence: Sequence(sequence),
        id: Uuid::from_u128(u128::from(sequence) << 64 | 0x8000_1234_5678_9abc_def0),
        ledger: ledger(),
        batch: Batch::ALONE,
        key: Key::parse(&format!("67e55044-10b1-426f-9247-{sequence:012}")).expect("a valid key"),
        request: RequestHash(u128::from(sequence).to_le_bytes()),
        actor: ActorId::parse("key:dev").expect("a valid actor"),
        caused_by: None,
        traceparent: None,
        recorded_at: NOW,
        effective_at: NOW,
    };
    Record { envelope, event }
}

fn decided(books: &Books, command: &Command) -> Event {
    let context = Context { now: NOW, shard: Shard(1), original: None };
    decide(books, &ledger(), command, &context).expect("nothing is wrong with it").event
}

/// A ledger with so many accounts, each with a balance in one currency.
fn books(accounts: u64) -> (Books, u64) {
    let mut books = Books::default();
    let mut sequence = 1;
    let event = decided(&books, &command(json!({ "open_ledger": {} })));
    evolve(&mut books, &record(sequence, event), &mut NoUndo);
    for first in (0..accounts).step_by(250) {
        let entry = |account: u64, direction: &str| json!({ "account": path(account), "direction": direction, "amount": "1000.00", "currency": "EUR" });
        let pairs = (first..first + 250).step_by(2).flat_map(|a| [entry(a, "credit"), entry(a + 1, "debit")]);
        let event = decided(
            &books,
            &command(json!({ "post_transaction": { "entries": pairs.collect::<Vec<_>>() } })),
        );
        sequence += 1;
        evolve(&mut books, &record(sequence, event), &mut NoUndo);
    }
    (books, sequence)
}

fn transfer(numbers: &mut Numbers, accounts: u64) -> Command {
    let from = numbers.below(accounts);
    let to = (from + 1 + numbers.below(accounts - 1)) % accounts;
    let amount = format!("{}.{:02}", 1 + numbers.below(1000), numbers.below(100));
    command(json!({ "post_transaction": { "entries": [
        { "account": path(from), "direction": "debit", "amount": amount, "currency": "EUR" },
        { "account": path(to), "direction": "credit", "amount": amount, "currency": "EUR" },
    ] } }))
}

fn speed(accounts: u64) {
    let (mut recording, mut sequence) = books(accounts);
    let (mut live, _) = books(accounts);
    let (mut folded, _) = books(accounts);
    let mut numbers = Numbers(20_261_124);
    let [mut decide_ns, mut evolve_ns, mut encode_ns, mut decode_ns, mut fold_ns, mut bytes] = [0; 6];
    for _ in 0..TRANSFERS / CHUNK {
        let commands: Vec<Command> = (0..CHUNK).map(|_| transfer(&mut numbers, accounts)).collect();
        decide_ns += core_ns(|| {
            for command in &commands {
                black_box(decided(&recording, command));
            }
        });
        let mut records = Vec::with_capacity(commands.len());
        for command in &commands {
            sequence += 1;
            let record = record(sequence, decided(&recording, command));
            evolve(&mut recording, &record, &mut NoUndo);
            records.push(record);
        }

        let mut notes: Vec<Undo> = Vec::new();
        evolve_ns += core_ns(|| {
            for batch in records.chunks(256) {
                for record in batch {
                    evolve(&mut live, record, &mut notes);
                }
                notes.clear();
            }
        });
        let mut log = Vec::with_capacity(records.len() * 700);
        let mut ends = Vec::with_capacity(records.len());
        encode_ns += core_ns(|| {
            for record in &records {
                record.write(&mut log);
                ends.push(log.len());
            }
        });
        bytes += log.len() as u64;
        // The log's reader cuts lines once for a whole row.
        let mut start = 0;
        let lines = ends.iter().map(|end| &log[std::mem::replace(&mut start, *end)..*end]);
        let lines: Vec<&[u8]> = lines.collect();
        decode_ns += core_ns(|| {
            for line in &lines {
                black_box(Record::read(line).expect("a record"));
            }
        });
        fold_ns += core_ns(|| {
            for line in &lines {
                evolve(&mut folded, &Record::read(line).expect("a record"), &mut NoUndo);
            }
        });
    }
    let each = |ns: u64| ns / TRANSFERS;
    println!(
        "{accounts} accounts: decide {} ns, evolve {} ns, encode {} ns, decode {} ns, fold {} ns = {:.2} M records/s, {} bytes a record",
        each(decide_ns),
        each(evolve_ns),
        each(encode_ns),
        each(decode_ns),
        each(fold_ns),
        TRANSFERS as f64 * 1e3 / fold_ns as f64,
        each(bytes),
    );
    let state = |books: &Books| postcard::to_stdvec(books).expect("books serialise");
    assert!(state(&live) == state(&folded), "LGR-6: what was folded is what was live");
}

fn memory(accounts: u64) -> Books {
    let before = resident_bytes();
    let (books, _) = books(accounts);
    println!("{accounts} idle accounts: {} bytes each", (resident_bytes() - before) / accounts);
    books
}

/// The nanoseconds for which this thread had a core.
fn core_ns(work: impl FnOnce()) -> u64 {
    let now = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
    };
    let before = now();
    work();
    now() - before
}

/// What the process holds in memory, by the kernel's account (Linux).
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("it is told");
    let kilobytes = line.split_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok());
    kilobytes.expect("a number") * 1024
}
