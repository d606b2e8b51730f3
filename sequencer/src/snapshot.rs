//! The books at a position, stored so that a boot need not fold the whole log. Never trusted: checked, or skipped.
//!
//! A snapshot names the state format that it is in and the digest of a small log folded by the program that wrote it.
//! A program that folds that log to other bytes skips the snapshot, so a deploy that changes no rule keeps it.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use event_schemas::{ActorId, Batch, Envelope, Key, LedgerId, Record, RequestHash, Sequence, Shard, Ts};
use event_store::merkle::Frontier;
use event_store::{Log, LogError, Snapshot, SnapshotInfo};
use futures_util::StreamExt;
use ledger_core::{Books, Command, Context, NoUndo, decide, evolve};
use sha2::{Digest, Sha256};
use tokio::{runtime::Handle, sync::oneshot};
use tracing::{info, warn};
use uuid::Uuid;

use crate::fold::{Fold, FoldError};

/// Raised when the meaning of a snapshot's bytes changes without a change of the golden fold.
const STATE_FORMAT: u16 = 1;
/// Of 20: it still gets a tenth of a processor that all want.
const NICE: i32 = 10;

#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("the log cannot be folded")]
    Fold(#[from] FoldError),
    #[error("the log has no genesis row")]
    NoGenesis,
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
    #[error("the snapshot's thread has panicked: its own words stand above")]
    Panicked,
}

/// The state format and the golden fold's digest.
#[must_use]
pub fn fingerprint() -> &'static str {
    static FINGERPRINT: OnceLock<String> = OnceLock::new();
    FINGERPRINT.get_or_init(|| {
        let digest = Sha256::digest(encode_books(&golden_fold()));
        let hex: String = digest[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{STATE_FORMAT}-{hex}")
    })
}

/// Small books in which every kind of state occurs.
fn golden_fold() -> Books {
    let mut books = Books::default();
    let commands: [(&str, &str); 7] = [
        ("open_ledger", r#"{"time_zone":"Europe/Prague"}"#),
        ("register_asset", r#"{"currency":"BTC","scale":8}"#),
        ("open_account", r#"{"path":"assets:bank"}"#),
        ("set_limits", r#"{"account":"assets:bank","currency":"EUR","credit_line":"10"}"#),
        (
            "post_transaction",
            r#"{"entries":[{"account":"expenses:food","direction":"debit","amount":"3.50","currency":"EUR"},
                {"account":"assets:bank","direction":"credit","amount":"3.50","currency":"EUR"},
                {"account":"assets:coins","direction":"debit","amount":"0.00000001","currency":"BTC"},
                {"account":"income:mining","direction":"credit","amount":"0.00000001","currency":"BTC"}]}"#,
        ),
        ("rename_account", r#"{"account":"assets:coins","path":"assets:wallet"}"#),
        (
            "set_budget",
            r#"{"budget":"food","category":"food","currency":"EUR","amount":"9","period":"week","starts":"2026-11-23","carry_over":"none"}"#,
        ),
    ];
    for (at, (name, inputs)) in commands.into_iter().enumerate() {
        let command: Command =
            serde_json::from_str(&format!("{{\"{name}\":{inputs}}}")).expect("a valid command");
        let record = golden_record(&books, &command, at as u64 + 1);
        evolve(&mut books, &record, &mut NoUndo);
    }
    books
}

fn golden_record(books: &Books, command: &Command, sequence: u64) -> Record {
    let context = Context { now: Ts(sequence as i64), shard: Shard(1), original: None };
    let ledger = LedgerId::parse("golden").expect("a valid id");
    let decided = decide(books, &ledger, command, &context).expect("the golden log has no refusals");
    let envelope = Envelope {
        sequence: Sequence(sequence),
        id: Uuid::nil(),
        ledger,
        batch: Batch::ALONE,
        key: Key::parse(&sequence.to_string()).expect("digits are a key"),
        request: RequestHash([0; 16]),
        actor: ActorId::parse("system").expect("a valid actor"),
        caused_by: None,
        traceparent: None,
        recorded_at: context.now,
        effective_at: decided.effective_at,
    };
    Record { envelope, event: decided.event }
}

/// The books as bytes: the same books, the same bytes.
#[must_use]
pub fn encode_books(books: &Books) -> Vec<u8> {
    postcard::to_stdvec(books).expect("books have no maps with failing keys")
}

/// A fold as a snapshot stores it.
#[must_use]
pub fn encode(fold: &Fold) -> Bytes {
    encode_parts(fold.recorded_at, &fold.tree, &fold.books)
}

/// The same, of what is not held as a fold.
pub(crate) fn encode_parts(recorded_at: Ts, tree: &Frontier, books: &Books) -> Bytes {
    postcard::to_stdvec(&(recorded_at, tree.to_bytes(), books)).expect("as above").into()
}

fn decode(snapshot: &Snapshot) -> Option<Fold> {
    let (recorded_at, tree, books): (Ts, Vec<u8>, Books) = postcard::from_bytes(&snapshot.bytes).ok()?;
    let tree = Frontier::from_bytes(&tree).ok()?;
    (tree.size() == snapshot.sequence.0 + 1).then_some(Fold {
        books,
        tree,
        last: snapshot.sequence,
        recorded_at,
    })
}

/// The newest snapshot at or before `until` that this program can use, or the empty books.
pub async fn newest(log: &dyn Log, until: Option<Sequence>) -> Result<Fold, SnapshotError> {
    for info in log.newest_snapshots().await? {
        if until.is_some_and(|until| info.sequence > until) {
            continue;
        }
        match usable(log, &info).await? {
            Some(fold) => return Ok(fold),
            None => {
                warn!(sequence = %info.sequence, "skipped a snapshot: it is damaged, or another program's")
            }
        }
    }
    let genesis = log.row_starting_at(Sequence::GENESIS).await?.ok_or(SnapshotError::NoGenesis)?;
    Ok(Fold::after_genesis(&genesis))
}

async fn usable(log: &dyn Log, info: &SnapshotInfo) -> Result<Option<Fold>, LogError> {
    if info.fingerprint != fingerprint() {
        return Ok(None);
    }
    let fold = match log.snapshot(info).await {
        Ok(snapshot) => decode(&snapshot),
        Err(LogError::DamagedSnapshot { .. }) => None,
        Err(error) => return Err(error),
    };
    let Some(fold) = fold else { return Ok(None) };
    // Snapshots are made at the ends of rows: there the log says what the tree's root must be.
    let before = Sequence(fold.last.0.saturating_sub(1));
    let row = log.rows(before, Some(fold.last)).next().await.transpose()?;
    Ok(row.filter(|row| row.last == fold.last && row.root == fold.tree.root()).map(|_| fold))
}

/// [`take`] on a thread of its own that yields to all others: requests go first.
pub async fn take_quietly(log: Arc<dyn Log>) -> Result<Sequence, SnapshotError> {
    let (taken_in, taken) = oneshot::channel();
    let home = Handle::current();
    let thread = std::thread::Builder::new().name("snapshots".to_owned());
    let take = move || {
        // For this thread alone, on Linux. Where it fails, the snapshot merely costs the requests more.
        let _ = rustix::process::setpriority_process(None, NICE);
        let _ = taken_in.send(home.block_on(take(&*log)));
    };
    thread.spawn(take).map_err(SnapshotError::Thread)?;
    taken.await.map_err(|_| SnapshotError::Panicked)?
}

/// Folds the log from the newest snapshot to its end and stores the result. Off the hot path: it reads what others read.
pub async fn take(log: &dyn Log) -> Result<Sequence, SnapshotError> {
    let mut fold = newest(log, None).await?;
    let from = fold.last;
    let mut rows = log.rows(fold.last, None);
    while let Some(row) = rows.next().await {
        fold.row(&row?, |_, _, _| {})?;
    }
    if fold.last > from {
        log.put_snapshot(&Snapshot {
            sequence: fold.last,
            fingerprint: fingerprint().to_owned(),
            bytes: encode(&fold),
        })
        .await?;
        info!(sequence = %fold.last, folded = fold.last.0 - from.0, "stored a snapshot");
    }
    Ok(fold.last)
}
