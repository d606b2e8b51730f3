//! A log in memory with the same contract, for tests: faults are ordered for the next append.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use bytes::Bytes;
use event_schemas::{Sequence, Shard, Ts};
use futures_util::stream::{self, BoxStream};
use sha2::{Digest, Sha256};
use tokio::sync::{oneshot, watch};
use uuid::Uuid;

use crate::{
    Appended, Epoch, Head, Log, LogClass, LogError, LogId, NewRow, Snapshot, SnapshotInfo, StoredRow,
    log::{SNAPSHOTS_KEPT, genesis_record},
    merkle::Frontier,
};

/// A log in memory. A clone stands for another server on the same log: it has a writer of its own.
pub struct MemoryLog {
    shared: Arc<Shared>,
    /// The outcome of this server's last append is unknown.
    unsettled: Arc<Mutex<bool>>,
    server: Uuid,
}

struct Shared {
    shard: Shard,
    log_id: LogId,
    state: Mutex<State>,
    /// Held by the statement in flight, as the epoch's row is in Postgres.
    statement: tokio::sync::Mutex<()>,
    last: watch::Sender<Sequence>,
}

struct State {
    epoch: Epoch,
    owner: Uuid,
    rows: Vec<StoredRow>,
    snapshots: Vec<(SnapshotInfo, Bytes)>,
    faults: VecDeque<Ordered>,
    clock_skew: i64,
}

/// What the next append meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is stored, but the answer is lost.
    UnknownButStored,
    /// It is not stored, and the answer is lost.
    UnknownNotStored,
    NotStored,
    Fenced,
}

enum Ordered {
    Fault(Fault),
    Hold { reached: oneshot::Sender<()>, release: oneshot::Receiver<()> },
}

/// An append that waits, like one whose disk is slow. Dropping it releases it.
pub struct HeldAppend {
    reached: oneshot::Receiver<()>,
    release: oneshot::Sender<()>,
}

impl HeldAppend {
    /// Waits until the append is under way.
    pub async fn reached(&mut self) {
        let _ = (&mut self.reached).await;
    }

    pub fn release(self) {
        let _ = self.release.send(());
    }
}

impl MemoryLog {
    #[must_use]
    pub fn new(shard: Shard) -> MemoryLog {
        let log_id = LogId(Uuid::new_v4());
        let record = genesis_record(shard, log_id, LogClass::Books, Ts(0));
        let mut frontier = Frontier::new();
        frontier.push(record.as_bytes());
        let genesis = StoredRow {
            first: Sequence::GENESIS,
            last: Sequence::GENESIS,
            epoch: Epoch(0),
            tree_size: 1,
            root: frontier.root(),
            recorded_at: Ts(0),
            records: Bytes::from(record),
        };
        let state = State {
            epoch: Epoch(0),
            owner: Uuid::nil(),
            rows: vec![genesis],
            snapshots: Vec::new(),
            faults: VecDeque::new(),
            clock_skew: 0,
        };
        let shared = Shared {
            shard,
            log_id,
            state: Mutex::new(state),
            statement: tokio::sync::Mutex::default(),
            last: watch::Sender::new(Sequence::GENESIS),
        };
        MemoryLog { shared: Arc::new(shared), unsettled: Arc::default(), server: Uuid::new_v4() }
    }

    /// `None`: another server has raised it since `from`.
    async fn raise_epoch(&self, from: Option<Epoch>) -> Option<Head> {
        let _waited = self.shared.statement.lock().await;
        let mut state = self.shared.state();
        if from.is_some_and(|from| state.epoch != from && state.owner != self.server) {
            return None;
        }
        state.epoch = Epoch(state.epoch.0 + 1);
        state.owner = self.server;
        *self.unsettled.lock().unwrap_or_else(PoisonError::into_inner) = false;
        Some(state.head(self.shared.log_id))
    }

    /// Orders a fault for the next append that has none yet.
    pub fn inject(&self, fault: Fault) {
        self.shared.state().faults.push_back(Ordered::Fault(fault));
    }

    /// Makes the next append wait; it then meets the fault that was ordered after this, if any.
    pub fn hold_next_append(&self) -> HeldAppend {
        let (reached_now, reached) = oneshot::channel();
        let (release, released) = oneshot::channel();
        self.shared.state().faults.push_back(Ordered::Hold { reached: reached_now, release: released });
        HeldAppend { reached, release }
    }

    /// What `clock_skew` answers from now on, in µs.
    pub fn set_clock_skew(&self, micros: i64) {
        self.shared.state().clock_skew = micros;
    }

    /// Changes stored bytes behind the log's back, as a thief with the disk in hand would.
    pub fn tamper(&self, first: Sequence, change: impl FnOnce(&mut StoredRow)) {
        let mut state = self.shared.state();
        change(state.rows.iter_mut().find(|row| row.first == first).expect("a row starts there"));
    }
}

impl Clone for MemoryLog {
    fn clone(&self) -> MemoryLog {
        MemoryLog { shared: self.shared.clone(), unsettled: Arc::default(), server: Uuid::new_v4() }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn append(&self, row: NewRow) -> Appended {
        let _in_flight = self.statement.lock().await;
        let fault = loop {
            let ordered = self.state().faults.pop_front();
            match ordered {
                None => break None,
                Some(Ordered::Fault(fault)) => break Some(fault),
                Some(Ordered::Hold { reached, release }) => {
                    let _ = reached.send(());
                    let _ = release.await;
                }
            }
        };
        match fault {
            None => self.insert(&row),
            Some(Fault::Fenced) => Appended::Fenced,
            Some(Fault::NotStored) => Appended::NotStored(LogError::Injected),
            Some(Fault::UnknownNotStored) => Appended::Unknown(LogError::Injected),
            Some(Fault::UnknownButStored) => {
                self.insert(&row);
                Appended::Unknown(LogError::Injected)
            }
        }
    }

    fn insert(&self, row: &NewRow) -> Appended {
        let mut state = self.state();
        let last = state.rows.last().expect("the genesis row");
        let follows = last.first == row.previous_first && last.last.next() == row.first;
        if row.epoch != state.epoch || !follows {
            return Appended::Fenced;
        }
        state.rows.push(row.stored());
        drop(state);
        self.last.send_replace(row.last);
        Appended::Stored
    }
}

impl State {
    /// Where the row that holds this sequence stands.
    fn index_of(&self, sequence: Sequence) -> usize {
        self.rows.partition_point(|row| row.last < sequence)
    }

    fn head(&self, log_id: LogId) -> Head {
        let StoredRow { first, last, tree_size, root, .. } = *self.rows.last().expect("the genesis row");
        Head { log_id, epoch: self.epoch, first, last, tree_size, root }
    }
}

#[async_trait]
impl Log for MemoryLog {
    fn shard(&self) -> Shard {
        self.shared.shard
    }

    async fn head(&self) -> Result<Head, LogError> {
        Ok(self.shared.state().head(self.shared.log_id))
    }

    async fn take_over(&self) -> Result<Head, LogError> {
        Ok(self.raise_epoch(None).await.expect("only a take-over from an epoch can come too late"))
    }

    async fn take_over_from(&self, epoch: Epoch) -> Result<Option<Head>, LogError> {
        Ok(self.raise_epoch(Some(epoch)).await)
    }

    async fn is_owner(&self) -> Result<bool, LogError> {
        Ok(self.shared.state().owner == self.server)
    }

    async fn connect_writer(&self) -> Result<(), LogError> {
        Ok(())
    }

    async fn append(&self, row: &NewRow) -> Appended {
        row.check();
        if *self.unsettled.lock().unwrap_or_else(PoisonError::into_inner) {
            return Appended::NotStored(LogError::Unsettled);
        }
        let (shared, row, unsettled) = (self.shared.clone(), row.clone(), self.unsettled.clone());
        let appending = tokio::spawn(async move {
            let outcome = shared.append(row).await;
            *unsettled.lock().unwrap_or_else(PoisonError::into_inner) =
                matches!(outcome, Appended::Unknown(_));
            outcome
        });
        appending.await.unwrap_or(Appended::Unknown(LogError::ConnectionLost))
    }

    async fn row_starting_at(&self, first: Sequence) -> Result<Option<StoredRow>, LogError> {
        let state = self.shared.state();
        let row = state.rows.get(state.index_of(first)).filter(|row| row.first == first);
        row.cloned().map(StoredRow::check).transpose()
    }

    async fn record(&self, sequence: Sequence) -> Result<Option<Bytes>, LogError> {
        let state = self.shared.state();
        Ok(state.rows.get(state.index_of(sequence)).and_then(|row| row.record(sequence)))
    }

    fn rows(
        &self,
        after: Sequence,
        until: Option<Sequence>,
    ) -> BoxStream<'static, Result<StoredRow, LogError>> {
        let reader = (self.shared.clone(), after);
        Box::pin(stream::try_unfold(reader, move |(shared, after)| async move {
            if until.is_some_and(|until| after >= until) {
                return Ok(None);
            }
            let row = {
                let state = shared.state();
                state.rows.get(state.index_of(after.next())).cloned()
            };
            let Some(row) = row.map(StoredRow::check).transpose()? else { return Ok(None) };
            let last = row.last;
            Ok(Some((row, (shared, last))))
        }))
    }

    async fn wait_past(&self, sequence: Sequence, timeout: Duration) -> Result<Sequence, LogError> {
        let mut last = self.shared.last.subscribe();
        let _ = tokio::time::timeout(timeout, last.wait_for(|last| *last > sequence)).await;
        Ok(*self.shared.last.borrow())
    }

    async fn put_snapshot(&self, snapshot: &Snapshot) -> Result<(), LogError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        let info = SnapshotInfo {
            sequence: snapshot.sequence,
            fingerprint: snapshot.fingerprint.clone(),
            digest: Sha256::digest(&snapshot.bytes).into(),
            size: snapshot.bytes.len() as u64,
            made_at: Ts(i64::try_from(now).unwrap_or(i64::MAX)),
        };
        let mut state = self.shared.state();
        let same =
            |old: &SnapshotInfo| (old.sequence, &old.fingerprint) == (info.sequence, &info.fingerprint);
        state.snapshots.retain(|(old, _)| !same(old));
        state.snapshots.push((info, snapshot.bytes.clone()));
        state.snapshots.sort_by_key(|(info, _)| std::cmp::Reverse((info.sequence, info.made_at)));
        let mut seen: Vec<String> = Vec::new();
        state.snapshots.retain(|(info, _)| {
            let age = seen.iter().filter(|f| **f == info.fingerprint).count();
            seen.push(info.fingerprint.clone());
            age < if info.fingerprint == snapshot.fingerprint { SNAPSHOTS_KEPT } else { 1 }
        });
        Ok(())
    }

    async fn newest_snapshots(&self) -> Result<Vec<SnapshotInfo>, LogError> {
        Ok(self.shared.state().snapshots.iter().map(|(info, _)| info.clone()).collect())
    }

    async fn snapshot(&self, info: &SnapshotInfo) -> Result<Snapshot, LogError> {
        let state = self.shared.state();
        let found = state.snapshots.iter().find(|(stored, _)| stored == info);
        let (_, bytes) = found.ok_or(LogError::DamagedSnapshot { sequence: info.sequence })?;
        Ok(Snapshot { sequence: info.sequence, fingerprint: info.fingerprint.clone(), bytes: bytes.clone() })
    }

    async fn clock_skew(&self) -> Result<i64, LogError> {
        Ok(self.shared.state().clock_skew)
    }

    async fn make_partitions_ahead(&self, _head: Sequence) -> Result<(), LogError> {
        Ok(())
    }
}
