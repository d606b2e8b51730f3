//! A log in memory to write records to, and a database for views.
#![allow(dead_code, reason = "each test binary uses its part")]

pub mod book;

use std::{future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use event_schemas::{
    AccountNumber, AccountPath, AccountType, ActorId, AssetCode, Batch, Direction, Envelope, Event, Key,
    LedgerId, Quantity, Record, RequestHash, Sequence, Shard, Ts,
    events::{
        AccountRenamed, Contract, LedgerOpened, TransactionPosted,
        entries::{After, Entry, OpenedAccount},
    },
};
use event_store::{Appended, Head, Log, MemoryLog, NewRow, PoolOptions, merkle::Frontier};
use infra::TestPostgres;
use projections::{Projectors, Views};
use uuid::Uuid;

pub const SHARD: Shard = Shard(1);
/// Longer than anything here takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct World {
    pub log: Arc<MemoryLog>,
    pub url: String,
    pub views: Views,
    head: Head,
    tree: Frontier,
}

impl World {
    pub async fn new() -> World {
        let _ = tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_test_writer().try_init();
        let migrate = |url: String| async move { projections::migrate(&url).await.unwrap() };
        let url = TestPostgres::shared().fresh_database("views", migrate).await.url;
        let pool = event_store::pool(&url, &PoolOptions::default()).unwrap();
        let log = Arc::new(MemoryLog::new(SHARD));
        let head = log.take_over().await.unwrap();
        let mut tree = Frontier::new();
        tree.push(&log.record(Sequence::GENESIS).await.unwrap().unwrap());
        World { log, url, views: Views::new(pool, SHARD), head, tree }
    }

    pub async fn projectors(&self) -> Projectors {
        projections::start(&self.url, self.log.clone(), &[]).await.unwrap()
    }

    pub fn last(&self) -> Sequence {
        self.head.last
    }

    pub fn last_known(&self) -> Ts {
        recorded_at(self.head.last)
    }

    /// Appends events as one row, each a record of its own: (ledger, effective, event).
    pub async fn append(&mut self, events: Vec<(&LedgerId, Ts, Event)>) {
        let lines = events.into_iter().zip(1..).map(|((ledger, effective_at, event), n)| {
            let sequence = Sequence(self.head.last.0 + n);
            Record { envelope: envelope(ledger, sequence, effective_at), event }.to_bytes()
        });
        let lines: Vec<Vec<u8>> = lines.collect();
        self.append_lines(&lines).await;
    }

    pub async fn append_lines(&mut self, lines: &[Vec<u8>]) {
        lines.iter().for_each(|line| self.tree.push(line));
        let last = Sequence(self.head.last.0 + lines.len() as u64);
        let row = NewRow {
            first: self.head.last.next(),
            last,
            previous_first: self.head.first,
            epoch: self.head.epoch,
            tree_size: self.tree.size(),
            root: self.tree.root(),
            recorded_at: recorded_at(last),
            records: Bytes::from(lines.join(&b'\n')),
        };
        let appended = self.log.append(&row).await;
        assert!(matches!(appended, Appended::Stored), "{appended:?}");
        self.head = Head { first: row.first, last, tree_size: row.tree_size, root: row.root, ..self.head };
    }
}

/// Tries until it is true, or too long.
pub async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let mut every = tokio::time::interval(Duration::from_millis(10));
    let tried = async {
        while !is_so().await {
            every.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, tried).await.unwrap_or_else(|_| panic!("it never came true: {what}"));
}

pub fn recorded_at(sequence: Sequence) -> Ts {
    Ts(1_700_000_000_000_000 + i64::try_from(sequence.0).unwrap() * 1_000)
}

pub fn envelope(ledger: &LedgerId, sequence: Sequence, effective_at: Ts) -> Envelope {
    Envelope {
        sequence,
        id: Uuid::from_u128(u128::from(sequence.0)),
        ledger: ledger.clone(),
        batch: Batch::ALONE,
        key: Key::parse(&format!("k{}", sequence.0)).unwrap(),
        request: RequestHash([0; 16]),
        actor: ActorId::parse("key:test").unwrap(),
        caused_by: None,
        traceparent: None,
        recorded_at: recorded_at(sequence),
        effective_at,
    }
}

pub fn ledger(id: &str) -> LedgerId {
    LedgerId::parse(id).unwrap()
}

pub fn path(path: &str) -> AccountPath {
    AccountPath::parse(path).unwrap()
}

pub fn code(code: &str) -> AssetCode {
    AssetCode::parse(code).unwrap()
}

pub fn ledger_opened() -> Event {
    LedgerOpened::example().into()
}

pub fn renamed(account: u32, to: &str) -> Event {
    AccountRenamed { account: AccountNumber(account), path: path(to).into() }.into()
}

/// `(account, minor units: debits above zero, credits below, currency, scale)`.
pub type Leg<'a> = (u32, i128, &'a str, u8);

/// A posted transaction; `opened` are accounts that it opens.
pub fn posted(opened: &[(u32, &str)], legs: &[Leg<'_>]) -> Event {
    let opened = opened.iter().map(|(account, name)| OpenedAccount {
        account: AccountNumber(*account),
        path: path(name).into(),
        account_type: path(name).account_type().unwrap_or(AccountType::Asset),
    });
    let entries = legs.iter().map(|(account, minor, currency, scale)| {
        let amount = Quantity::new(minor.abs(), *scale);
        Entry {
            account: AccountNumber(*account),
            path: None,
            account_type: AccountType::Asset,
            direction: if *minor < 0 { Direction::Credit } else { Direction::Debit },
            amount,
            currency: code(currency),
            category: None,
            memo: None,
            tags: Vec::new(),
            number: 1,
            after: After { debits: amount, credits: amount, pending_debits: None, pending_credits: None },
        }
    });
    TransactionPosted {
        description: None,
        reference: None,
        metadata: None,
        preconditions: None,
        opened: opened.collect(),
        entries: entries.collect(),
    }
    .into()
}

/// Numbers that repeat with their seed.
pub struct Dice(pub u64);

impl Dice {
    /// From the environment's NEXUS_SEED, or this one; it is printed.
    pub fn seeded(usual: u64) -> Dice {
        let seed = std::env::var("NEXUS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(usual);
        eprintln!("NEXUS_SEED={seed}");
        Dice(seed)
    }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}
