//! Keys as clients make them (36 characters of a UUID), yet each can be named again by its run and number.

/// Which keys a stream of requests uses. Two streams of one seed never meet.
#[derive(Debug, Clone, Copy)]
pub struct KeySpace {
    pub seed: u64,
    pub stream: u64,
}

impl KeySpace {
    pub fn key(&self, number: u64) -> Key {
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        self.uuid(number).hyphenated().encode_lower(&mut text);
        Key(text)
    }

    pub fn uuid(&self, number: u64) -> uuid::Uuid {
        let high = mix(self.seed ^ mix(self.stream) ^ number);
        let low = mix(high ^ number);
        let bytes = (u128::from(high) << 64 | u128::from(low)).to_be_bytes();
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}

/// A key's text, without an allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key([u8; uuid::fmt::Hyphenated::LENGTH]);

impl Key {
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("hex digits and dashes are ASCII")
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): the generator behind keys and transfers. A run is repeated by its seed.
#[derive(Debug, Clone)]
pub struct SplitMix(pub u64);

impl SplitMix {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in `0..bound`; the bias of the multiplication is below 2⁻¹⁰ of a share for our bounds.
    pub fn below(&mut self, bound: u32) -> u32 {
        ((u64::from(bound) * (self.next() >> 32)) >> 32) as u32
    }
}

pub fn mix(value: u64) -> u64 {
    SplitMix(value).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_between_numbers_and_streams_and_come_again_from_the_same_seed() {
        let mut seen = std::collections::HashSet::new();
        for stream in 0..20 {
            let keys = KeySpace { seed: 1, stream };
            assert!((0..1_000).all(|number| seen.insert(keys.key(number))));
            assert_eq!(keys.key(7), KeySpace { seed: 1, stream }.key(7));
        }
        let key = KeySpace { seed: 1, stream: 2 }.key(3);
        assert_eq!(uuid::Uuid::parse_str(key.as_str()).unwrap().get_version_num(), 4);
    }
}
