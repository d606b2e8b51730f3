//! An endless, seeded sequence of transfers between numbered wallets.

use super::keys::{KeySpace, SplitMix, mix};

/// The wallet that every transfer of a hot run pays from or into.
pub const HOT: u32 = 0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// Both wallets drawn evenly.
    Uniform,
    /// One side is always the hot wallet, the other drawn evenly: either side pays.
    Hot,
    /// So in two of three: the hot wallet has a third of all entries.
    Third,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transfer {
    pub payer: u32,
    pub payee: u32,
    pub cents: u32,
}

#[derive(Debug, Clone)]
pub struct Transfers {
    random: SplitMix,
    wallets: u32,
    spread: Spread,
}

impl Transfers {
    /// The transfers that go with a stream of keys.
    pub fn of(keys: KeySpace, wallets: u32, spread: Spread) -> Self {
        assert!(wallets >= 2, "a transfer needs two wallets");
        Self { random: SplitMix(mix(keys.seed) ^ mix(!keys.stream)), wallets, spread }
    }

    pub fn next(&mut self) -> Transfer {
        let one = match self.spread {
            Spread::Uniform => self.random.below(self.wallets),
            Spread::Hot => HOT,
            Spread::Third if self.random.below(3) < 2 => HOT,
            Spread::Third => self.random.below(self.wallets),
        };
        // Drawn from the others: nobody pays himself.
        let other = self.random.below(self.wallets - 1);
        let other = if other >= one { other + 1 } else { other };
        let cents = 1 + self.random.below(999);
        match self.random.below(2) {
            0 => Transfer { payer: one, payee: other, cents },
            _ => Transfer { payer: other, payee: one, cents },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_pays_himself_and_a_hot_wallet_is_in_every_hot_transfer_on_either_side() {
        for spread in [Spread::Uniform, Spread::Hot, Spread::Third] {
            let mut transfers = Transfers::of(KeySpace { seed: 9, stream: 0 }, 10, spread);
            let drawn: Vec<_> = (0..1_000).map(|_| transfers.next()).collect();
            assert!(drawn.iter().all(|t| t.payer != t.payee && t.payer < 10 && t.payee < 10));
            assert!(drawn.iter().all(|t| (1..1_000).contains(&t.cents)));
            let hot_pays = drawn.iter().filter(|t| t.payer == HOT).count();
            let hot_is_paid = drawn.iter().filter(|t| t.payee == HOT).count();
            match spread {
                Spread::Hot => assert!(hot_pays + hot_is_paid == 1_000 && hot_pays.abs_diff(500) < 100),
                Spread::Third => assert!((hot_pays + hot_is_paid).abs_diff(733) < 60),
                Spread::Uniform => assert!(hot_pays.abs_diff(100) < 60),
            }
        }
    }
}
