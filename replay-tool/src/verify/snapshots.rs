//! Holds stored snapshots against the fold.

use std::collections::BTreeSet;
use std::sync::Arc;

use event_schemas::{Position, Sequence};
use event_store::merkle::Frontier;
use event_store::{Log, LogError, SnapshotInfo};
use sequencer::{Fold, snapshot};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;

use super::{Finding, Place, Stop};

pub(super) struct Snapshots {
    log: Arc<dyn Log>,
    runtime: Handle,
    /// Those that this program can read, and has not looked at yet.
    ours: Vec<SnapshotInfo>,
    pub equal: u64,
    /// Of other programs.
    pub skipped: u64,
}

impl Snapshots {
    /// Those up to the head that is verified.
    pub async fn list(log: Arc<dyn Log>, until: Sequence) -> Result<Snapshots, LogError> {
        let all = log.newest_snapshots().await?.into_iter().filter(|info| info.sequence <= until);
        let (ours, others): (Vec<_>, Vec<_>) =
            all.partition(|info| info.fingerprint == snapshot::fingerprint());
        Ok(Snapshots { log, runtime: Handle::current(), ours, equal: 0, skipped: others.len() as u64 })
    }

    pub fn positions(&self) -> BTreeSet<Sequence> {
        self.ours.iter().map(|info| info.sequence).collect()
    }

    /// Holds those that were taken where the fold stands against it.
    pub fn check(&mut self, fold: &mut Fold, tree: Frontier) -> Result<(), Stop> {
        fold.tree = tree;
        let expected: [u8; 32] = Sha256::digest(snapshot::encode(fold)).into();
        let (here, later) = self.ours.drain(..).partition(|info| info.sequence == fold.last);
        self.ours = later;
        let here: Vec<SnapshotInfo> = here;
        here.iter().try_for_each(|info| self.check_one(info, expected))
    }

    fn check_one(&mut self, info: &SnapshotInfo, expected: [u8; 32]) -> Result<(), Stop> {
        let rule = "LGR-6: a snapshot is the fold of the log up to it";
        let finding = |expected: &[u8], found: String| {
            Stop::from(Finding::new(self.place(info), rule, hex(expected), found))
        };
        match self.runtime.block_on(self.log.snapshot(info)) {
            Ok(_) if info.digest == expected => self.equal += 1,
            Ok(_) => return Err(finding(&expected, hex(&info.digest))),
            // A running server may have replaced it by a newer one meanwhile.
            Err(LogError::DamagedSnapshot { .. })
                if !self.runtime.block_on(self.log.newest_snapshots())?.contains(info) => {}
            Err(LogError::DamagedSnapshot { .. }) => {
                return Err(finding(&info.digest, "bytes with another digest".to_owned()));
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// At the log's end each has been looked at, for they are taken where rows end.
    pub fn end(&self) -> Result<(), Box<Finding>> {
        let Some(info) = self.ours.first() else { return Ok(()) };
        let rule = "a snapshot is taken at the end of a row";
        Err(Finding::new(self.place(info), rule, "the end of a row", "the middle of one"))
    }

    fn place(&self, info: &SnapshotInfo) -> Place {
        Place::Snapshot(Position::new(self.log.shard(), info.sequence))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
