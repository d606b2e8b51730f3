//! Whole numbers of 384 bits: what a balance times a rate's digits times powers of ten comes to at most.

const LIMBS: usize = 12;

/// Twelve digits of 32 bits, the lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wide([u32; LIMBS]);

impl From<u128> for Wide {
    fn from(number: u128) -> Wide {
        let mut limbs = [0; LIMBS];
        for (place, limb) in limbs.iter_mut().take(4).enumerate() {
            *limb = (number >> (32 * place)) as u32;
        }
        Wide(limbs)
    }
}

impl Wide {
    /// As at school.
    ///
    /// # Panics
    /// Beyond 384 bits, which three factors of 128 bits never are.
    #[must_use]
    pub fn times(self, other: Wide) -> Wide {
        let mut product = [0_u32; LIMBS];
        for (left, a) in self.0.into_iter().enumerate().filter(|(_, a)| *a != 0) {
            let mut carry = 0_u64;
            for (right, b) in other.0.into_iter().enumerate() {
                let place = left + right;
                if place >= LIMBS {
                    assert!(b == 0 && carry == 0, "the product has more than 384 bits");
                    continue;
                }
                let sum = u64::from(a) * u64::from(b) + u64::from(product[place]) + carry;
                product[place] = sum as u32;
                carry = sum >> 32;
            }
            assert_eq!(carry, 0, "the product has more than 384 bits");
        }
        Wide(product)
    }

    /// The quotient, half rounded to the even neighbour. `None`: it has more than 128 bits.
    #[must_use]
    pub fn over_half_even(self, below: Wide) -> Option<u128> {
        assert_ne!(below, Wide::from(0), "a rate is more than zero");
        if let (Some(above), Some(below)) = (self.narrow(), below.narrow())
            && below <= u128::MAX / 2
        {
            let (quotient, twice) = (above / below, above % below * 2);
            return Some(quotient + u128::from(rounds_up(quotient, twice.cmp(&below))));
        }
        let (mut quotient, mut rest) = (0_u128, Wide::from(0));
        for bit in (0..LIMBS * 32).rev() {
            rest = rest.doubled();
            rest.0[0] |= self.0[bit / 32] >> (bit % 32) & 1;
            if quotient >> 127 == 1 {
                return None;
            }
            quotient <<= 1;
            if rest.compare(&below).is_ge() {
                rest = rest.less(&below);
                quotient |= 1;
            }
        }
        quotient.checked_add(u128::from(rounds_up(quotient, rest.doubled().compare(&below))))
    }

    fn narrow(self) -> Option<u128> {
        let lowest = self.0[..4].iter().rev().fold(0, |number, limb| number << 32 | u128::from(*limb));
        self.0[4..].iter().all(|limb| *limb == 0).then_some(lowest)
    }

    /// What is doubled here is less than a divisor, which has far fewer bits.
    fn doubled(self) -> Wide {
        let (mut limbs, mut carry) = (self.0, 0);
        for limb in &mut limbs {
            (*limb, carry) = (*limb << 1 | carry, *limb >> 31);
        }
        assert_eq!(carry, 0);
        Wide(limbs)
    }

    fn less(self, other: &Wide) -> Wide {
        let (mut limbs, mut borrow) = (self.0, false);
        for (limb, taken) in limbs.iter_mut().zip(other.0) {
            let (once, first) = limb.overflowing_sub(taken);
            let (twice, second) = once.overflowing_sub(u32::from(borrow));
            (*limb, borrow) = (twice, first || second);
        }
        assert!(!borrow);
        Wide(limbs)
    }

    fn compare(&self, other: &Wide) -> std::cmp::Ordering {
        self.0.iter().rev().cmp(other.0.iter().rev())
    }
}

/// `twice` compares double the rest with the divisor.
fn rounds_up(quotient: u128, twice: std::cmp::Ordering) -> bool {
    twice.is_gt() || twice.is_eq() && quotient % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_and_short_division_agree() {
        let mut number = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C834_u128;
        for round in 0..2_000_u32 {
            number = number.wrapping_mul(0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645).wrapping_add(1);
            let (above, below) =
                (number >> (round % 90), (number.rotate_left(64) >> (60 + round % 60)).max(1));
            let short = Wide::from(above).over_half_even(Wide::from(below));
            // The same fraction, too wide for the short way.
            let by = Wide::from(u128::MAX);
            let long = Wide::from(above).times(by).over_half_even(Wide::from(below).times(by));
            assert_eq!(short, long, "{above} / {below}");
            let exact = above / below;
            assert!(short == Some(exact) || short == Some(exact + 1));
        }
    }

    #[test]
    fn halves_go_to_the_even_neighbour() {
        for (above, below, expected) in
            [(1, 2, 0), (3, 2, 2), (5, 2, 2), (7, 2, 4), (1, 3, 0), (2, 3, 1), (0, 5, 0)]
        {
            assert_eq!(
                Wide::from(above).over_half_even(Wide::from(below)),
                Some(expected),
                "{above} / {below}"
            );
        }
        let large = Wide::from(u128::MAX).times(Wide::from(2));
        assert_eq!(large.over_half_even(Wide::from(2)), Some(u128::MAX));
        assert_eq!(large.over_half_even(Wide::from(1)), None);
    }
}
