//! Balances at any two times equal a naive sum over all entries, however late they come, through kills and rebuilds.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod support;

use std::{collections::BTreeMap, time::Duration};

use event_schemas::{LedgerId, Sequence, Ts};
use projections::{
    State, ViewError, rebuild, resume, statuses, sums,
    views::balances::{Answer, Ask, Balances, Of, ask},
};
use support::{Dice, PATIENCE, World, ledger, ledger_opened, path, posted, recorded_at, renamed, until};

/// One entry, as a naive ledger remembers it.
struct Naive {
    sequence: Sequence,
    effective: Ts,
    account: u32,
    minor: i128,
    currency: &'static str,
}

/// A ledger under test: what was appended, and how its accounts were called since when.
struct Book {
    id: LedgerId,
    entries: Vec<Naive>,
    names: Vec<(u32, Sequence, &'static str)>,
}

const NAMES: [&str; 6] = [
    "assets:bank",
    "assets:bank:savings",
    "assets:bankrupt",
    "equity:opening",
    "expenses:food",
    "income:work",
];
const SPARE: [&str; 3] = ["assets:bank:moved", "assets:elsewhere", "expenses:food:out"];
const CURRENCIES: [(&str, u8); 3] = [("EUR", 2), ("JPY", 0), ("BTC", 8)];
const DAY: i64 = 86_400_000_000;

impl Book {
    /// Opens the ledger and its accounts.
    async fn open(world: &mut World, id: &str) -> Book {
        let id = ledger(id);
        let now = recorded_at(world.last());
        let opened: Vec<(u32, &str)> = (1..).zip(NAMES).collect();
        let legs = [(1, 100, "EUR", 2), (4, -100, "EUR", 2)];
        world.append(vec![(&id, now, ledger_opened()), (&id, now, posted(&opened, &legs))]).await;
        let names = opened.iter().map(|(account, _)| (*account, world.last(), NAMES[*account as usize - 1]));
        let names = names.collect();
        let sequence = world.last();
        let entry = |(account, minor, currency, _): (u32, i128, &'static str, u8)| Naive {
            sequence,
            effective: now,
            account,
            minor,
            currency,
        };
        Book { id, entries: legs.map(entry).into(), names }
    }

    /// Posts some transactions as one row, in time or late.
    async fn post(&mut self, world: &mut World, dice: &mut Dice, count: u64) {
        let mut events = Vec::new();
        for n in 1..=count {
            let sequence = Sequence(world.last().0 + n);
            let now = recorded_at(sequence).0;
            let effective = Ts(match dice.below(8) {
                0 => now - i64::try_from(dice.below(40)).unwrap() * DAY,
                1 => (now - i64::try_from(dice.below(400)).unwrap() * DAY) / DAY * DAY,
                2 => now - i64::try_from(dice.below(600_000_000)).unwrap(),
                3 => dice.one_of(&[-62_135_596_800_000_000, -1, 0, 4_102_444_800_000_000]),
                _ => now,
            });
            let mut legs = Vec::new();
            for _ in 0..=dice.below(3) {
                let (currency, scale) = dice.one_of(&CURRENCIES);
                let amount = match dice.below(10) {
                    0 => 79_228_162_514_264_337_593_543_950_335,
                    _ => i128::from(dice.below(100_000)) + 1,
                };
                let (from, to) = (dice.below(6) as u32 + 1, dice.below(6) as u32 + 1);
                for (account, minor) in [(from, -amount), (to, amount)] {
                    legs.push((account, minor, currency, scale));
                    self.entries.push(Naive { sequence, effective, account, minor, currency });
                }
            }
            events.push((&self.id, effective, posted(&[], &legs)));
        }
        world.append(events).await;
    }

    async fn rename(&mut self, world: &mut World, dice: &mut Dice) {
        let account = dice.below(6) as u32 + 1;
        let free: Vec<&'static str> =
            SPARE.into_iter().filter(|name| self.names.iter().all(|(_, _, taken)| taken != name)).collect();
        let Some(name) = free.first() else { return };
        let now = recorded_at(world.last());
        world.append(vec![(&self.id, now, renamed(account, name))]).await;
        self.names.push((account, world.last(), name));
    }

    fn name(&self, account: u32, known: Sequence) -> Option<&'static str> {
        let names = self.names.iter().filter(|(of, since, _)| *of == account && *since <= known);
        names.max_by_key(|(_, since, _)| *since).map(|(.., name)| *name)
    }

    /// `(path, currency) → (debits, credits)` of the accounts that `of` picks.
    fn sum(
        &self,
        at: Option<Ts>,
        known: Sequence,
        of: impl Fn(u32, &str) -> bool,
    ) -> BTreeMap<(String, String), (i128, i128)> {
        let mut sums = BTreeMap::new();
        for entry in &self.entries {
            let Some(name) = self.name(entry.account, known) else { continue };
            let counts = entry.sequence <= known && at.is_none_or(|at| entry.effective <= at);
            if counts && of(entry.account, name) {
                let sum: &mut (i128, i128) =
                    sums.entry((name.to_owned(), entry.currency.to_owned())).or_default();
                if entry.minor > 0 { sum.0 += entry.minor } else { sum.1 -= entry.minor }
            }
        }
        sums
    }

    /// Asks about everything at many pairs of times and holds the answers against the naive sums.
    async fn check(&self, world: &World, dice: &mut Dice, pairs: u64) {
        let reader = world.views.reader(&[&Balances::default()], Some(world.last()), PATIENCE).await.unwrap();
        for _ in 0..pairs {
            let known = Sequence(dice.below(world.last().0 + 1));
            let at = match dice.below(5) {
                0 => None,
                1 => Some(Ts(recorded_at(known).0 / DAY * DAY)),
                2 => Some(Ts(recorded_at(known).0 - i64::try_from(dice.below(400)).unwrap() * DAY)),
                _ => {
                    let entry = self.entries.get(dice.below(self.entries.len() as u64) as usize);
                    entry.map(|entry| Ts(entry.effective.0 + dice.one_of(&[-1, 0, 1])))
                }
            };
            let opened = self.names[0].1;
            let top = dice.one_of(&["assets:bank", "assets", "expenses:food", "equity:opening", "nothing"]);
            let below = format!("{top}:");
            let is_in = |name: &str| name == top || name.starts_with(&below);
            let account = dice.below(6) as u32 + 1;
            // By a name of any time that it had by then.
            let names: Vec<&str> = self
                .names
                .iter()
                .filter(|(of, since, _)| *of == account && *since <= known)
                .map(|(.., name)| *name)
                .collect();
            let questions: [(Of, BTreeMap<_, _>); 3] = [
                (Of::All, self.sum(at, known, |_, _| true)),
                (Of::Subtree(path(top)), self.sum(at, known, |_, name| is_in(name))),
                (
                    Of::Accounts(vec![path(names.last().copied().unwrap_or("assets:none"))]),
                    self.sum(at, known, |number, _| number == account),
                ),
            ];
            for (of, expected) in questions {
                let question = Ask { ledger: self.id.clone(), of: of.clone(), at, known_at: Some(known) };
                let answer = ask(&reader, &question).await.unwrap();
                let context = format!("{question:?}");
                match answer {
                    Answer::NoLedger => assert!(known < opened, "{context}"),
                    Answer::NoAccount(_) => {
                        let nobody = (1..=6).all(|n| self.name(n, known).is_none_or(|name| !is_in(name)));
                        assert!(known < opened || matches!(of, Of::Subtree(_)) && nobody, "{context}");
                    }
                    Answer::Known(balances) => {
                        let found: BTreeMap<_, _> = balances
                            .iter()
                            .map(|b| {
                                assert_eq!(
                                    b.debits.scale,
                                    CURRENCIES.iter().find(|c| c.0 == b.currency.as_str()).unwrap().1
                                );
                                let key = (b.account.as_str().to_owned(), b.currency.as_str().to_owned());
                                (key, (b.debits.minor, b.credits.minor))
                            })
                            .collect();
                        assert_eq!(found.len(), balances.len(), "{context}");
                        assert_eq!(found, expected, "{context}");
                    }
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn balances_at_any_two_times_equal_a_naive_sum() {
    let mut dice = Dice::seeded(1);
    let mut world = World::new().await;
    let projectors = world.projectors().await;
    let mut books = [Book::open(&mut world, "one").await, Book::open(&mut world, "two").await];
    for round in 0..12 {
        for book in &mut books {
            let count = dice.below(20) + 1;
            book.post(&mut world, &mut dice, count).await;
            if round % 4 == 3 {
                book.rename(&mut world, &mut dice).await;
            }
        }
        // Folded in pieces of every size.
        if dice.below(2) == 0 {
            books[0].check(&world, &mut dice, 6).await;
        }
    }
    for book in &books {
        book.check(&world, &mut dice, 120).await;
    }
    projectors.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuilt_view_equals_the_one_that_grew_and_takes_its_place() {
    let mut dice = Dice::seeded(2);
    let mut world = World::new().await;
    let mut book = Book::open(&mut world, "one").await;
    let projectors = world.projectors().await;
    for _ in 0..10 {
        book.post(&mut world, &mut dice, 30).await;
    }
    book.rename(&mut world, &mut dice).await;
    book.check(&world, &mut dice, 10).await;
    let second = rebuild(world.views.pool(), "balances", support::SHARD).await.unwrap();
    for _ in 0..10 {
        book.post(&mut world, &mut dice, 30).await;
        book.check(&world, &mut dice, 2).await;
    }
    let pool = world.views.pool().clone();
    until("the second build is live", || async {
        let client = pool.get().await.unwrap();
        let all = statuses(&**client, support::SHARD).await.unwrap();
        let of =
            |build: u32| all.iter().find(|s| s.build.name == "balances" && s.build.build == build).unwrap();
        assert_ne!(of(2).state, State::Differs);
        of(2).state == State::Live && of(2).compared_at.is_some() && of(1).state == State::Retired
    })
    .await;
    book.check(&world, &mut dice, 40).await;
    projectors.stop().await;
    // A third time, alone and in one go: the same rows.
    let third = rebuild(world.views.pool(), "balances", support::SHARD).await.unwrap();
    let projectors = world.projectors().await;
    until("the third build is live", || async {
        let client = pool.get().await.unwrap();
        let all = statuses(&**client, support::SHARD).await.unwrap();
        all.iter().any(|s| s.build == third && s.state == State::Live && s.position == world.last())
    })
    .await;
    let client = pool.get().await.unwrap();
    assert_eq!(
        sums(&**client, &second.schema()).await.unwrap(),
        sums(&**client, &third.schema()).await.unwrap()
    );
    projectors.stop().await;
}

#[test]
fn a_projector_that_is_killed_anywhere_neither_loses_nor_repeats() {
    let mut dice = Dice::seeded(3);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (mut world, mut book) = runtime.block_on(async {
        let mut world = World::new().await;
        let book = Book::open(&mut world, "one").await;
        (world, book)
    });
    for _ in 0..25 {
        let (url, log) = (world.url.clone(), world.log.clone());
        let victim = tokio::runtime::Runtime::new().unwrap();
        let started =
            victim.spawn(async move { projections::start(&url, log, &[]).await.map(std::mem::forget) });
        runtime.block_on(async {
            for _ in 0..dice.below(6) {
                book.post(&mut world, &mut dice, 10).await;
                // Killed at a moment of chance.
                let moment = Duration::from_micros(dice.below(30_000));
                let _ = tokio::time::timeout(moment, std::future::pending::<()>()).await;
            }
        });
        // All its tasks stop where they are; its connections break.
        victim.shutdown_background();
        drop(started);
    }
    runtime.block_on(async {
        let projectors = world.projectors().await;
        book.check(&world, &mut dice, 60).await;
        projectors.stop().await;
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_folded_halts_the_view_just_before_it() {
    let mut dice = Dice::seeded(4);
    let mut world = World::new().await;
    let mut book = Book::open(&mut world, "one").await;
    book.post(&mut world, &mut dice, 5).await;
    let sound = world.last();
    let line = format!(
        r#"{{"seq":{},"id":"00000000-0000-0000-0000-000000000001","type":"transaction_posted","version":99,"ledger":"one","batch":{{"index":0,"count":1}},"key":"k","request":"AAAAAAAAAAAAAAAAAAAAAA","actor":"key:test","recorded_at":1,"effective_at":1,"what":"is this"}}"#,
        sound.0 + 1
    );
    world.append_lines(&[line.into_bytes()]).await;
    let projectors = world.projectors().await;
    let pool = world.views.pool().clone();
    let halted = || async {
        let client = pool.get().await.unwrap();
        let all = statuses(&**client, support::SHARD).await.unwrap();
        all.into_iter()
            .find(|s| s.build.name == "balances")
            .and_then(|s| s.halted.map(|halted| (s.position, halted)))
    };
    until("the view has halted", || async { halted().await.is_some() }).await;
    let (position, (at, reason)) = halted().await.unwrap();
    assert_eq!((position, at), (sound, sound.next()));
    assert!(reason.contains("transaction_posted") && reason.contains("99"), "{reason}");
    // It says how far it is, and nothing is answered as if it were further.
    let reader =
        world.views.reader(&[&Balances::default()], Some(world.last()), Duration::from_millis(50)).await;
    assert!(matches!(reader, Err(ViewError::NotReady { .. } | ViewError::Behind { .. })));
    // Resumed without a cure, it halts again.
    assert_eq!(resume(&pool, "balances", support::SHARD).await.unwrap(), 1);
    until("the view has halted again", || async { halted().await.is_some() }).await;
    projectors.stop().await;
}
