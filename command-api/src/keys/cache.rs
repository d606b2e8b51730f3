//! The keys in memory: asked at every request, read anew every two seconds.
//!
//! Polling rather than LISTEN: it needs no connection of its own, misses nothing, and a revoked key is out within
//! `REFRESH_EVERY` plus one query. When the list cannot be read for `STALE_AFTER`, nobody gets in: a key revoked in
//! the meantime would otherwise pass.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::{Key, split_token};

pub const REFRESH_EVERY: Duration = Duration::from_secs(2);
pub const STALE_AFTER: Duration = Duration::from_secs(30);

const _: () = assert!(REFRESH_EVERY.as_secs() <= 5);

/// Where keys are kept.
#[async_trait]
pub trait KeySource: Send + Sync {
    async fn load(&self) -> Result<Vec<Key>, KeySourceError>;
}

#[derive(Debug, thiserror::Error)]
#[error("could not read the keys")]
pub struct KeySourceError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Why nobody was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoEntry {
    Invalid,
    Stale,
}

pub struct Keys {
    source: Box<dyn KeySource>,
    by_id: RwLock<Arc<HashMap<String, Arc<Key>>>>,
    started: Instant,
    /// Milliseconds after `started` at which the list was last read.
    read_ms: AtomicU64,
}

impl Keys {
    /// Reads the keys once; `follow` keeps them fresh.
    pub async fn load(source: impl KeySource + 'static) -> Result<Arc<Self>, KeySourceError> {
        let keys = Self {
            source: Box::new(source),
            by_id: RwLock::default(),
            started: Instant::now(),
            read_ms: AtomicU64::new(0),
        };
        keys.refresh().await?;
        Ok(Arc::new(keys))
    }

    pub async fn refresh(&self) -> Result<(), KeySourceError> {
        // Taken before the reading, so that what it says of freshness is never too kind.
        let began_ms = self.elapsed_ms();
        let keys = self.source.load().await?;
        let by_id = keys.into_iter().map(|key| (key.id.clone(), Arc::new(key))).collect();
        *self.by_id.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(by_id);
        self.read_ms.store(began_ms, Ordering::Release);
        Ok(())
    }

    /// Refreshes until told to stop.
    pub async fn follow(self: Arc<Self>, stop: CancellationToken) {
        let mut failing = false;
        while stop.run_until_cancelled(tokio::time::sleep(REFRESH_EVERY)).await.is_some() {
            match self.refresh().await {
                Ok(()) => failing = false,
                Err(error) if !failing => {
                    failing = true;
                    let cause = error.0;
                    tracing::warn!(%cause, "the keys cannot be refreshed; trying on");
                }
                Err(_) => {}
            }
        }
    }

    /// The key that this token opens.
    pub fn open(&self, token: &str) -> Result<Arc<Key>, NoEntry> {
        if self.age() > STALE_AFTER {
            return Err(NoEntry::Stale);
        }
        let (id, secret) = split_token(token).ok_or(NoEntry::Invalid)?;
        let key = {
            let by_id = self.by_id.read().unwrap_or_else(PoisonError::into_inner);
            by_id.get(id).cloned().ok_or(NoEntry::Invalid)?
        };
        if key.opened_by(secret) { Ok(key) } else { Err(NoEntry::Invalid) }
    }

    /// Whether a key that was opened before would open again: for what lasts longer than a request.
    pub fn still_opens(&self, key: &Key) -> bool {
        let by_id = self.by_id.read().unwrap_or_else(PoisonError::into_inner);
        self.age() <= STALE_AFTER && by_id.get(&key.id).is_some_and(|now| **now == *key)
    }

    pub fn age(&self) -> Duration {
        Duration::from_millis(self.elapsed_ms() - self.read_ms.load(Ordering::Acquire))
    }

    fn elapsed_ms(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }
}

/// Keys that live in this process: for tests, and for a server that is its own only client.
#[derive(Clone, Default)]
pub struct MemoryKeys(Arc<RwLock<Vec<Key>>>);

impl MemoryKeys {
    pub fn put(&self, key: Key) {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        keys.retain(|known| known.id != key.id);
        keys.push(key);
    }

    pub fn revoke_all(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[async_trait]
impl KeySource for MemoryKeys {
    async fn load(&self) -> Result<Vec<Key>, KeySourceError> {
        Ok(self.0.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::Utc;

    use super::*;
    use crate::keys::{Grant, Scope};

    #[tokio::test]
    async fn a_revoked_key_is_out_after_the_next_refresh() {
        let source = MemoryKeys::default();
        let scopes = BTreeSet::from([Scope::Read]);
        let (mut key, token) = Key::issue(None, "till".into(), scopes, Grant::All, Utc::now());
        source.put(key.clone());
        let keys = Keys::load(source.clone()).await.unwrap();
        assert_eq!(keys.open(token.as_str()).unwrap().id, key.id);
        assert!(keys.still_opens(&key));
        let as_it_was = key.clone();

        key.revoked_at = Some(Utc::now());
        source.put(key);
        keys.refresh().await.unwrap();
        assert_eq!(keys.open(token.as_str()).unwrap_err(), NoEntry::Invalid);
        assert!(!keys.still_opens(&as_it_was));
        assert_eq!(keys.open("nxk_nobody_x").unwrap_err(), NoEntry::Invalid);
    }
}
