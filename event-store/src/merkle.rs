//! The Merkle tree over the log, as RFC 6962 (Certificate Transparency) defines it.
//!
//! Leaf n is the record with sequence n; leaf 0 is the genesis record, so the root also vouches for the log's id.
//! Only the frontier is kept: the roots of the full subtrees, one per set bit of the size. Costs two hashes per record.

use std::fmt;

use sha2::{Digest, Sha256};

pub type Hash = [u8; 32];

/// The hash of a whole tree.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Root(pub Hash);

/// RFC 6962 §2.1: the prefix keeps a leaf from passing for a node.
#[must_use]
pub fn leaf(record: &[u8]) -> Hash {
    Sha256::new().chain_update([0x00]).chain_update(record).finalize().into()
}

#[must_use]
pub fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([0x01]).chain_update(left).chain_update(right).finalize().into()
}

/// A tree that grows at its right edge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Roots of the full subtrees, the largest first.
    peaks: Vec<Hash>,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("these bytes are no Merkle frontier")]
pub struct InvalidFrontier;

impl Frontier {
    #[must_use]
    pub fn new() -> Frontier {
        Frontier::default()
    }

    /// Adds a record's exact bytes as the next leaf.
    pub fn push(&mut self, record: &[u8]) {
        self.push_leaf(leaf(record));
    }

    /// Adds a leaf that was hashed elsewhere, say on another core.
    pub fn push_leaf(&mut self, leaf: Hash) {
        let mut hash = leaf;
        // Each one bit at the end of the size is a full subtree as large as the one in hand.
        for _ in 0..self.size.trailing_ones() {
            let left = self.peaks.pop().expect("a peak per set bit of the size");
            hash = node(&left, &hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// How many leaves it has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    #[must_use]
    pub fn root(&self) -> Root {
        let Some((last, larger)) = self.peaks.split_last() else {
            return Root(Sha256::digest([]).into());
        };
        Root(larger.iter().rev().fold(*last, |right, left| node(left, &right)))
    }

    /// Size (big-endian u64), then the peaks, the largest first.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.size.to_be_bytes(), self.peaks.as_flattened()].concat()
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Frontier, InvalidFrontier> {
        let (size, peaks) = bytes.split_first_chunk::<8>().ok_or(InvalidFrontier)?;
        let size = u64::from_be_bytes(*size);
        let (peaks, rest) = peaks.as_chunks::<32>();
        if !rest.is_empty() || peaks.len() != size.count_ones() as usize {
            return Err(InvalidFrontier);
        }
        Ok(Frontier { size, peaks: peaks.to_vec() })
    }
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Root({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The leaves and roots that the Certificate Transparency implementations test themselves with.
    const LEAVES: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    #[test]
    fn roots_are_those_of_certificate_transparency() {
        let mut frontier = Frontier::new();
        assert_eq!(frontier.root().to_string(), ROOTS[0]);
        for (record, root) in LEAVES.iter().zip(&ROOTS[1..]) {
            frontier.push(record);
            assert_eq!(frontier.root().to_string(), *root, "{} leaves", frontier.size());
        }
    }

    /// RFC 6962 §2.1, word for word: split at the largest power of two below n.
    fn by_definition(leaves: &[Hash]) -> Hash {
        match leaves {
            [one] => *one,
            _ => {
                let k = leaves.len().next_power_of_two() / 2;
                node(&by_definition(&leaves[..k]), &by_definition(&leaves[k..]))
            }
        }
    }

    #[test]
    fn the_frontier_equals_the_definition_for_every_size_and_survives_its_bytes() {
        let mut frontier = Frontier::new();
        let mut leaves = Vec::new();
        for n in 0..300_u32 {
            leaves.push(leaf(&n.to_be_bytes()));
            frontier.push(&n.to_be_bytes());
            assert_eq!(frontier.root().0, by_definition(&leaves), "{n}");
            assert_eq!(Frontier::from_bytes(&frontier.to_bytes()).as_ref(), Ok(&frontier));
        }
    }

    #[test]
    fn bytes_with_too_many_or_too_few_peaks_are_refused() {
        let mut frontier = Frontier::new();
        (0..5_u8).for_each(|n| frontier.push(&[n]));
        let bytes = frontier.to_bytes();
        for cut in [0, 7, 8, 40, bytes.len() - 1] {
            assert_eq!(Frontier::from_bytes(&bytes[..cut]), Err(InvalidFrontier), "{cut}");
        }
        assert_eq!(Frontier::from_bytes(&[bytes.as_slice(), &[0; 32]].concat()), Err(InvalidFrontier));
    }
}
