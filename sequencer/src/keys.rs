//! Which keys were used, and where: every key of the log in memory, 24 bytes each.
//!
//! The interface leaves room for an index of 10^9 keys on disk; this one is loaded at boot.

use std::hash::{Hash, Hasher};

use event_schemas::{Key, LedgerId, Sequence};
use hashbrown::HashTable;
use siphasher::sip128::{Hasher128, SipHasher13};

/// From (ledger, key) to the record that used it.
pub trait KeyIndex: Send {
    fn get(&self, ledger: &LedgerId, key: &Key) -> Option<Sequence>;

    /// The key must not be in the index.
    fn insert(&mut self, ledger: &LedgerId, key: &Key, sequence: Sequence);

    /// For batches that were not stored.
    fn remove(&mut self, ledger: &LedgerId, key: &Key);

    fn len(&self) -> usize;

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Keys by a 128-bit hash under a secret of this process, so that nobody can make two keys collide.
#[derive(Debug)]
pub struct MemoryKeys {
    table: HashTable<Slot>,
    secret: [u8; 16],
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    hash: [u64; 2],
    sequence: Sequence,
}

impl MemoryKeys {
    #[must_use]
    pub fn new(secret: [u8; 16]) -> MemoryKeys {
        MemoryKeys { table: HashTable::new(), secret }
    }

    fn hash(&self, ledger: &LedgerId, key: &Key) -> [u64; 2] {
        self.hash_text(ledger.as_str(), key.as_str())
    }

    fn hash_text(&self, ledger: &str, key: &str) -> [u64; 2] {
        let mut hasher = SipHasher13::new_with_key(&self.secret);
        ledger.hash(&mut hasher);
        hasher.write(key.as_bytes());
        let hash = hasher.finish128();
        [hash.h1, hash.h2]
    }

    /// Like `insert`, from a record's text, for the boot.
    pub(crate) fn insert_text(&mut self, ledger: &str, key: &str, sequence: Sequence) {
        let hash = self.hash_text(ledger, key);
        self.insert_hash(hash, sequence);
    }

    fn insert_hash(&mut self, hash: [u64; 2], sequence: Sequence) {
        assert!(
            self.table.find(hash[0], |slot| slot.hash == hash).is_none(),
            "LGR-5: one key, one outcome: at {sequence}"
        );
        self.table.insert_unique(hash[0], Slot { hash, sequence }, |slot| slot.hash[0]);
    }
}

impl KeyIndex for MemoryKeys {
    fn get(&self, ledger: &LedgerId, key: &Key) -> Option<Sequence> {
        let hash = self.hash(ledger, key);
        self.table.find(hash[0], |slot| slot.hash == hash).map(|slot| slot.sequence)
    }

    fn insert(&mut self, ledger: &LedgerId, key: &Key, sequence: Sequence) {
        let hash = self.hash(ledger, key);
        self.insert_hash(hash, sequence);
    }

    fn remove(&mut self, ledger: &LedgerId, key: &Key) {
        let hash = self.hash(ledger, key);
        self.table
            .find_entry(hash[0], |slot| slot.hash == hash)
            .expect("only what was inserted is removed")
            .remove();
    }

    fn len(&self) -> usize {
        self.table.len()
    }
}
