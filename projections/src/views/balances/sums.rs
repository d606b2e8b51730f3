//! Running sums that a fold keeps in memory of its tables, in forty bytes each.

use std::collections::{HashMap, hash_map::Entry};

use event_schemas::Quantity;

use super::fold::Totals;

/// What is summed (a holding's number), and over what: a moment, or a bucket of effective time.
pub type Spot = (u32, i64);

#[derive(Debug, Default)]
pub struct Sums(HashMap<Spot, Sum>);

#[derive(Debug)]
enum Sum {
    /// Nearly all.
    Narrow {
        debits: i64,
        credits: i64,
        scale: u8,
    },
    Wide(Box<Totals>),
}

impl Sums {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn has(&self, spot: Spot) -> bool {
        self.0.contains_key(&spot)
    }

    pub fn put(&mut self, spot: Spot, totals: Totals) {
        self.0.insert(spot, Sum::of(totals));
    }

    /// The sum with `moved` added, which is kept. `None`: they cannot be added.
    pub fn add(&mut self, spot: Spot, moved: Totals) -> Option<Totals> {
        match self.0.entry(spot) {
            Entry::Vacant(vacant) => {
                vacant.insert(Sum::of(moved));
                Some(moved)
            }
            Entry::Occupied(mut before) => {
                let sum = before.get().totals().plus(moved)?;
                before.insert(Sum::of(sum));
                Some(sum)
            }
        }
    }
}

impl Sum {
    fn of(totals: Totals) -> Sum {
        let Totals { debits, credits } = totals;
        match (i64::try_from(debits.minor), i64::try_from(credits.minor)) {
            (Ok(narrow_debits), Ok(narrow_credits)) if debits.scale == credits.scale => {
                Sum::Narrow { debits: narrow_debits, credits: narrow_credits, scale: debits.scale }
            }
            _ => Sum::Wide(Box::new(totals)),
        }
    }

    fn totals(&self) -> Totals {
        match *self {
            Sum::Narrow { debits, credits, scale } => Totals {
                debits: Quantity::new(debits.into(), scale),
                credits: Quantity::new(credits.into(), scale),
            },
            Sum::Wide(ref totals) => **totals,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(debits: i128, credits: i128, scale: u8) -> Totals {
        Totals { debits: Quantity::new(debits, scale), credits: Quantity::new(credits, scale) }
    }

    #[test]
    fn narrow_and_wide_sums_add_up_alike() {
        assert_eq!(size_of::<(Spot, Sum)>(), 40);
        let mut sums = Sums::default();
        let most = i128::from(i64::MAX);
        assert_eq!(sums.add((1, 5), both(most, 1, 2)), Some(both(most, 1, 2)));
        assert_eq!(sums.add((1, 5), both(1, most, 2)), Some(both(most + 1, most + 1, 2)));
        assert_eq!(sums.add((1, 5), both(-2, -2, 2)), Some(both(most - 1, most - 1, 2)));
        assert_eq!(sums.add((2, 5), both(7, 0, 0)), Some(both(7, 0, 0)));
    }

    #[test]
    fn what_cannot_be_added_changes_nothing() {
        let mut sums = Sums::default();
        sums.put((1, 1), both(i128::MAX, 0, 2));
        assert_eq!(sums.add((1, 1), both(1, 0, 2)), None);
        assert_eq!(sums.add((1, 1), both(1, 0, 3)), None);
        assert_eq!(sums.add((1, 1), both(0, 1, 2)), Some(both(i128::MAX, 1, 2)));
    }
}
