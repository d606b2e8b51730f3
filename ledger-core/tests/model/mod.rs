//! The core against a naive model: random commands, and at every step the same answer and the same books.
//!
//! The model shares no code with the core and none of its shapes: text instead of types, lists instead of indexes, sums
//! instead of totals. `NEXUS_SEED` repeats a run, `NEXUS_SEQUENCES` makes it longer.

mod asked;
mod calendar;
mod compare;
mod generate;
mod money;
mod naive;

use std::cell::RefCell;
use std::collections::BTreeMap;

use event_schemas::{LedgerId, Ts};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use crate::shard::{self, Shard};
use asked::Asked;
use generate::{Sequence, Step};
use naive::Naive;

const SEQUENCES: u32 = 10_000;
const SEED: u64 = 20_261_124;
/// 2026-11-24T10:00:00Z.
const START: i64 = 1_795_514_400_000_000;

/// How often each outcome was seen.
type Outcomes = BTreeMap<String, u64>;

// LGR-1, LGR-2, LGR-3 and LGR-6 at every step of every sequence.
#[test]
fn the_core_agrees_with_the_naive_model() {
    let seed = number_from_environment("NEXUS_SEED").unwrap_or(SEED);
    let sequences = number_from_environment("NEXUS_SEQUENCES").map_or(SEQUENCES, |n| n as u32);
    eprintln!("NEXUS_SEED={seed} NEXUS_SEQUENCES={sequences}");

    let outcomes = RefCell::new(Outcomes::new());
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config { cases: sequences, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new_with_rng(config, rng).run(&generate::sequence(), |sequence| {
        run(&sequence, &mut outcomes.borrow_mut()).map_err(TestCaseError::fail)
    });
    if let Err(error) = result {
        panic!("NEXUS_SEED={seed}: {error}");
    }

    let outcomes = outcomes.into_inner();
    eprintln!("{outcomes:#?}");
    if sequences >= SEQUENCES {
        for expected in EXPECTED {
            assert!(outcomes.contains_key(*expected), "{expected} never happened: the commands are too tame");
        }
    }
}

/// What has to happen in a run, or it proves too little.
const EXPECTED: &[&str] = &[
    "ledger_opened",
    "account_opened",
    "account_renamed",
    "account_frozen",
    "account_unfrozen",
    "account_closed",
    "limits_set",
    "asset_registered",
    "transaction_posted",
    "transaction_reversed",
    "ledger_already_exists",
    "time_zone_is_unknown",
    "account_not_found",
    "account_already_exists",
    "account_type_is_unknown",
    "account_is_frozen",
    "account_is_closed",
    "account_is_not_frozen",
    "account_has_balance",
    "asset_not_found",
    "asset_already_exists",
    "asset_scale_is_too_large",
    "entries_are_too_few",
    "amount_is_zero",
    "amount_has_too_many_decimals",
    "amount_is_too_large",
    "entries_do_not_balance",
    "effective_in_the_future",
    "balance_below_floor",
    "balance_above_ceiling",
    "limits_contradict",
    "balance_is_too_low",
    "balance_is_too_high",
    "ledger_has_changed",
    "transaction_not_found",
    "transaction_is_reversed",
    "transaction_is_a_reversal",
];

fn run(sequence: &Sequence, outcomes: &mut Outcomes) -> Result<(), String> {
    let mut shard = Shard::new(Ts(START));
    let mut naive = Naive::default();
    for (at, step) in sequence.steps.iter().enumerate() {
        shard.now.0 += step.pause;
        one(&mut shard, &mut naive, step, at, outcomes).map_err(|error| format!("step {at}: {error}"))?;
        if at % sequence.snapshot_every == 0 {
            shard.through_a_snapshot();
        }
    }
    compare::everything(&shard.books, &naive)?;
    shard.check_replay();
    let mut steps = sequence.undo_steps.iter().copied().cycle();
    shard.check_undo_of_everything(|| steps.next().expect("it cycles"));
    Ok(())
}

fn one(
    shard: &mut Shard,
    naive: &mut Naive,
    step: &Step,
    at: usize,
    outcomes: &mut Outcomes,
) -> Result<(), String> {
    let opens = matches!(step.wish, generate::Wish::OpenLedger { .. });
    if !opens && !naive.has_ledger(step.ledger) {
        // The sequencer answers for ledgers that are not there.
        return Ok(());
    }
    let key = format!("k{at}");
    let asked: Asked = step.wish.resolve(step.ledger, naive, shard.now.0);
    let ledger = LedgerId::parse(step.ledger).map_err(|error| error.to_string())?;
    let before = compare::posted(&shard.books);

    let record = shard.execute(&ledger, &key, &asked.to_command());
    let expected = naive.ask(step.ledger, &key, &asked, shard.now.0);

    let actual = shard::refusal(&record).map_or(Ok(()), |kind| Err(kind.code()));
    let told = expected.as_ref().map(|_| ()).map_err(|code| *code);
    if actual != told {
        return Err(format!("{asked:?} at {}: the core says {actual:?}, the model {told:?}", shard.now));
    }
    let outcome = actual.map_or_else(str::to_owned, |()| record.event.name().to_owned());
    *outcomes.entry(outcome).or_default() += 1;
    if let Ok(done) = &expected {
        compare::record(&record, done)?;
        compare::invariants(&shard.books, &record, naive, &asked, &before)?;
    }
    compare::ledger(&shard.books, naive, step.ledger)
}

fn number_from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number: {text}")))
}
