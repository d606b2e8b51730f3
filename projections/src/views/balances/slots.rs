//! Effective time as a number of eight hexadecimal digits, and the buckets of a radix tree over it.
//!
//! A sum over all entries before a slot is the sum over at most 15 buckets on each of 8 levels, whatever their number.

use event_schemas::Ts;

/// 2^28 µs: four and a half minutes.
const SLOT_BITS: u32 = 28;
/// The year 1: no ledger's time is before.
const ORIGIN: i64 = -62_135_596_800_000_000;
pub const LEVELS: u32 = 8;
const RADIX_BITS: u32 = 4;

/// A slot of effective time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot(u64);

impl Slot {
    /// Times outside of the years 1 to 9999 fall into the first and the last slot.
    pub fn of(time: Ts) -> Slot {
        let since = time.0.saturating_sub(ORIGIN).max(0).unsigned_abs() >> SLOT_BITS;
        Slot(since.min((1 << (RADIX_BITS * LEVELS)) - 1))
    }

    /// When it begins, in µs since 1970; the first has no beginning.
    pub fn start(self) -> i64 {
        if self.0 == 0 {
            return i64::MIN;
        }
        let since = i64::try_from(self.0 << SLOT_BITS).expect("8 digits and 28 bits are 60 bits");
        ORIGIN + since
    }

    /// The bucket that holds the slot on a level: 0 are single slots.
    pub fn bucket(self, level: u32) -> i64 {
        i64::try_from(self.0 >> (RADIX_BITS * level)).expect("8 digits are 32 bits")
    }

    /// The buckets, `(level, bucket)`, that together hold every slot before this one.
    pub fn before(self) -> Vec<(i16, i64)> {
        let mut buckets = Vec::new();
        for level in 0..LEVELS {
            let own = self.bucket(level);
            let first = own & !((1 << RADIX_BITS) - 1);
            let level = i16::try_from(level).expect("there are eight");
            buckets.extend((first..own).map(|bucket| (level, bucket)));
        }
        buckets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_buckets_before_a_slot_hold_each_earlier_slot_once() {
        for slot in [0, 1, 15, 16, 17, 255, 256, 4_095, 4_096, 69_905, 74_565] {
            let mut held = vec![0_u8; slot + 1];
            for (level, bucket) in Slot(slot as u64).before() {
                let width = 1_usize << (RADIX_BITS * level as u32);
                let from = bucket as usize * width;
                held[from..from + width].iter_mut().for_each(|count| *count += 1);
            }
            assert!(held[..slot].iter().all(|count| *count == 1) && held[slot] == 0, "{slot}");
        }
    }

    #[test]
    fn a_slot_begins_no_later_than_its_times() {
        for time in [i64::MIN, ORIGIN - 1, ORIGIN, -1, 0, 1, 1_800_000_000_000_000, i64::MAX] {
            let slot = Slot::of(Ts(time));
            assert!(slot.start() <= time && Slot(slot.0 + 1).start() > time || time == i64::MAX, "{time}");
            assert!(slot.before().len() <= 120);
        }
    }
}
