//! A ledger written in the plainest way: a map of balances. It says what every command ought to come to.

use std::collections::{BTreeMap, BTreeSet};

/// A command as this ledger understands it.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    OpenLedger,
    OpenAccount(&'static str),
    Transfer { to: &'static str, from: &'static str, cents: i64 },
    Reverse(String),
    Floor(&'static str, i64),
    Freeze(&'static str),
    Unfreeze(&'static str),
}

/// `Ok`, or a refusal's number.
pub type Outcome = Result<(), u16>;

const OF_ANOTHER_ITEM: u16 = 801;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Naive {
    ledgers: BTreeMap<String, Ledger>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Ledger {
    /// Debits less credits, in cents.
    balances: BTreeMap<&'static str, i64>,
    floors: BTreeMap<&'static str, i64>,
    frozen: BTreeSet<&'static str>,
    by_key: BTreeMap<String, Done>,
}

#[derive(Debug, Clone, PartialEq)]
enum Done {
    Transfer { to: &'static str, from: &'static str, cents: i64, reversed: bool },
    Reversal,
    Other,
}

impl Naive {
    pub fn has_ledger(&self, ledger: &str) -> bool {
        self.ledgers.contains_key(ledger)
    }

    /// Debits less credits of an account, in cents, if it is open.
    pub fn balance(&self, ledger: &str, account: &str) -> Option<i64> {
        self.ledgers.get(ledger)?.balances.get(account).copied()
    }

    /// Carries out the items, all or none.
    pub fn all(&mut self, items: &[(&str, &str, &Wish)]) -> Vec<Outcome> {
        let mut after = self.clone();
        for (at, (ledger, key, wish)) in items.iter().enumerate() {
            if let Err(number) = after.one(ledger, key, wish) {
                let refused = |n| if n == at { Err(number) } else { Err(OF_ANOTHER_ITEM) };
                for (ledger, key, _) in items {
                    self.remember(ledger, key, Done::Other);
                }
                return (0..items.len()).map(refused).collect();
            }
        }
        *self = after;
        vec![Ok(()); items.len()]
    }

    fn remember(&mut self, ledger: &str, key: &str, done: Done) {
        if let Some(ledger) = self.ledgers.get_mut(ledger) {
            ledger.by_key.insert(key.to_owned(), done);
        }
    }

    fn one(&mut self, ledger: &str, key: &str, wish: &Wish) -> Outcome {
        if *wish == Wish::OpenLedger {
            if self.has_ledger(ledger) {
                return Err(101);
            }
            self.ledgers.insert(ledger.to_owned(), Ledger::default());
            self.remember(ledger, key, Done::Other);
            return Ok(());
        }
        let books = self.ledgers.get_mut(ledger).expect("the ledger of a recorded command is open");
        let done = books.carry_out(wish)?;
        self.remember(ledger, key, done);
        Ok(())
    }
}

impl Ledger {
    fn carry_out(&mut self, wish: &Wish) -> Result<Done, u16> {
        let is_open = |path| self.balances.contains_key(path);
        match wish {
            Wish::OpenLedger => unreachable!("not within a ledger"),
            Wish::OpenAccount(path) if is_open(path) => return Err(202),
            Wish::Floor(path, _) | Wish::Freeze(path) | Wish::Unfreeze(path) if !is_open(path) => {
                return Err(201);
            }
            Wish::Freeze(path) if self.frozen.contains(path) => return Err(204),
            Wish::Unfreeze(path) if !self.frozen.contains(path) => return Err(206),
            Wish::OpenAccount(path) => drop(self.balances.insert(path, 0)),
            Wish::Floor(path, cents) => drop(self.floors.insert(path, *cents)),
            Wish::Freeze(path) => drop(self.frozen.insert(path)),
            Wish::Unfreeze(path) => drop(self.frozen.remove(path)),
            Wish::Transfer { cents: 0, .. } => return Err(403),
            Wish::Transfer { to, from, cents } => {
                self.transfer(to, from, *cents)?;
                return Ok(Done::Transfer { to, from, cents: *cents, reversed: false });
            }
            Wish::Reverse(key) => {
                let (to, from, cents) = match self.by_key.get(key) {
                    None | Some(Done::Other) => return Err(701),
                    Some(Done::Reversal) => return Err(703),
                    Some(Done::Transfer { reversed: true, .. }) => return Err(702),
                    Some(Done::Transfer { to, from, cents, .. }) => (*to, *from, *cents),
                };
                self.transfer(from, to, cents)?;
                let done = Done::Transfer { to, from, cents, reversed: true };
                self.by_key.insert(key.clone(), done);
                return Ok(Done::Reversal);
            }
        }
        Ok(Done::Other)
    }

    fn transfer(&mut self, to: &'static str, from: &'static str, cents: i64) -> Outcome {
        if self.frozen.contains(to) || self.frozen.contains(from) {
            return Err(204);
        }
        // Floors are set on assets alone, and an asset falls when it gives.
        let left = self.balances.get(from).copied().unwrap_or(0) - cents;
        if self.floors.get(from).is_some_and(|floor| left < *floor) {
            return Err(501);
        }
        self.balances.insert(from, left);
        *self.balances.entry(to).or_default() += cents;
        Ok(())
    }
}
