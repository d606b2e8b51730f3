//! Which keys were used, and where: every key of the log in memory, 24 bytes each.
//!
//! The interface leaves room for an index of 10^9 keys on disk; this one is loaded at boot.

use std::hash::{Hash, Hasher};

use event_schemas::{Key, LedgerId, Sequence};
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
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
///
/// Many small tables: one for all would move every key when it grows, and 7 million keys take half a second, in which
/// nothing is answered.
#[derive(Debug)]
pub struct MemoryKeys {
    tables: Box<[HashTable<Slot>; TABLES]>,
    len: usize,
    secret: [u8; 16],
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    hash: [u64; 2],
    sequence: Sequence,
}

/// A key of a ledger, as the index knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name([u64; 2]);

const TABLES: usize = 1 << 10;

/// A length that a log says it has may be a lie. Beyond this many keys (1.6 GB) the index grows as they come.
const RESERVED_MAX: u64 = 1 << 26;

impl MemoryKeys {
    #[must_use]
    pub fn new(secret: [u8; 16]) -> MemoryKeys {
        MemoryKeys::with_room_for(secret, 0)
    }

    /// With room for so many keys. A table that grows to millions moves each of them again and again.
    #[must_use]
    pub fn with_room_for(secret: [u8; 16], keys: u64) -> MemoryKeys {
        let keys = usize::try_from(keys.min(RESERVED_MAX)).expect("a usize has 64 bits");
        // Their shares differ, by the root of a share.
        let share = keys / TABLES;
        let tables = std::array::from_fn(|_| HashTable::with_capacity(share + 4 * share.isqrt()));
        MemoryKeys { tables: Box::new(tables), len: 0, secret }
    }

    #[must_use]
    pub fn name(&self, ledger: &LedgerId, key: &Key) -> Name {
        self.name_of_text(ledger.as_str(), key.as_str())
    }

    /// From a record's text, for the boot.
    pub(crate) fn name_of_text(&self, ledger: &str, key: &str) -> Name {
        let mut hasher = SipHasher13::new_with_key(&self.secret);
        ledger.hash(&mut hasher);
        hasher.write(key.as_bytes());
        let hash = hasher.finish128();
        Name([hash.h1, hash.h2])
    }

    fn get_name(&self, name: Name) -> Option<Sequence> {
        self.tables[table_of(name.0)].find(name.0[0], |slot| slot.hash == name.0).map(|slot| slot.sequence)
    }

    /// The name must not be in the index.
    pub fn insert_name(&mut self, name: Name, sequence: Sequence) {
        if self.insert_first(name, sequence).is_some() {
            panic!("LGR-5: one key, one outcome: at {sequence}");
        }
    }

    /// Leaves a name that is in the index as it is, and answers who used it.
    pub fn insert_first(&mut self, name: Name, sequence: Sequence) -> Option<Sequence> {
        let slot = Slot { hash: name.0, sequence };
        let table = &mut self.tables[table_of(name.0)];
        match table.entry(name.0[0], |slot| slot.hash == name.0, |slot| slot.hash[0]) {
            Entry::Occupied(place) => Some(place.get().sequence),
            Entry::Vacant(place) => {
                place.insert(slot);
                self.len += 1;
                None
            }
        }
    }
}

/// By the half of the hash that the tables themselves do not go by.
fn table_of(hash: [u64; 2]) -> usize {
    hash[1] as usize % TABLES
}

impl KeyIndex for MemoryKeys {
    fn get(&self, ledger: &LedgerId, key: &Key) -> Option<Sequence> {
        self.get_name(self.name(ledger, key))
    }

    fn insert(&mut self, ledger: &LedgerId, key: &Key, sequence: Sequence) {
        self.insert_name(self.name(ledger, key), sequence);
    }

    fn remove(&mut self, ledger: &LedgerId, key: &Key) {
        let Name(hash) = self.name(ledger, key);
        self.tables[table_of(hash)]
            .find_entry(hash[0], |slot| slot.hash == hash)
            .expect("only what was inserted is removed")
            .remove();
        self.len -= 1;
    }

    fn len(&self) -> usize {
        self.len
    }
}
