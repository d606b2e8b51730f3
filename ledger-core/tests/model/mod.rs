//! The core against a naive model: random commands, and at every step the same answer and the same books.
//!
//! The model shares no code with the core and none of its shapes: text instead of types, lists instead of indexes, sums
//! instead of totals. `NEXUS_SEED` repeats a run, `NEXUS_SEQUENCES` makes it longer.

mod asked;
mod budgets;
mod calendar;
mod compare;
mod generate;
mod money;
mod naive;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use event_schemas::{Event, LedgerId, Record, Ts};
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

    let (outcomes, run_so_far) = (RefCell::new(Outcomes::new()), Cell::new(0_u32));
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config { cases: sequences, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new_with_rng(config, rng).run(&generate::sequence(), |sequence| {
        run_so_far.set(run_so_far.get() + 1);
        run(&sequence, &mut outcomes.borrow_mut()).map_err(TestCaseError::fail)
    });
    if let Err(error) = result {
        panic!("NEXUS_SEED={seed}: {error}");
    }

    let outcomes = outcomes.into_inner();
    eprintln!("{outcomes:#?}");
    assert_eq!(run_so_far.get(), sequences, "as many sequences were run as were asked for");
    if sequences >= SEQUENCES {
        let edges = generate::edges().into_iter().map(|edge| format!("posted {edge}"));
        for expected in EXPECTED.iter().map(|name| (*name).to_owned()).chain(edges) {
            assert!(outcomes.contains_key(&expected), "{expected} never happened: the commands are too tame");
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
    "rate_recorded",
    "budget_set",
    "budget_changed",
    "budget_dropped",
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
    "currencies_are_the_same",
    "rate_is_zero",
    "budget_already_exists",
    "budget_not_found",
    "budget_is_for_nothing",
    "budget_direction_is_unknown",
    "period_is_not_whole",
    "budget_starts_too_early",
    "budget_ends_before_it_starts",
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
    "batch of 4 recorded",
    "batch of 4 refused",
    "batch with its own reversal",
];

fn run(sequence: &Sequence, outcomes: &mut Outcomes) -> Result<(), String> {
    let mut shard = Shard::new(Ts(START));
    let mut naive = Naive::default();
    for (at, step) in sequence.steps.iter().enumerate() {
        shard.now.0 += step.pause;
        let step_of = if step.more.is_empty() { one } else { many };
        step_of(&mut shard, &mut naive, step, at, outcomes).map_err(|error| format!("step {at}: {error}"))?;
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
        count_edges(&record, outcomes);
        compare::record(&record, done)?;
        compare::invariants(&shard.books, &record, naive, &asked, &before)?;
    }
    compare::ledger(&shard.books, naive, step.ledger)
}

/// An atomic batch: each command on what the ones before it did, all or none.
fn many(
    shard: &mut Shard,
    naive: &mut Naive,
    step: &Step,
    at: usize,
    outcomes: &mut Outcomes,
) -> Result<(), String> {
    let wishes = [(step.ledger, &step.wish)].into_iter().chain(step.more.iter().map(|(l, wish)| (*l, wish)));
    // The sequencer answers for ledgers that are not there before the batch.
    let wishes: Vec<_> = wishes.filter(|(ledger, _)| naive.has_ledger(ledger)).collect();
    if wishes.is_empty() {
        return Ok(());
    }
    let mut after = naive.clone();
    let (mut asked, mut expected) = (Vec::new(), Ok(Vec::new()));
    for (index, (ledger, wish)) in wishes.iter().enumerate() {
        let one = wish.resolve(ledger, &after, shard.now.0);
        let key = format!("k{at}-{index}");
        let Ok(done) = &mut expected else {
            asked.push((*ledger, key, one));
            continue;
        };
        match after.ask(ledger, &key, &one, shard.now.0) {
            Ok(one) => done.push(one),
            Err(code) => expected = Err((index, code)),
        }
        asked.push((*ledger, key, one));
    }
    match &expected {
        Ok(_) => *naive = after,
        Err(_) => naive.refuse(asked.len()),
    }

    let id = |text: &str| LedgerId::parse(text).expect("a valid id");
    let items = asked.iter().map(|(ledger, key, one)| (id(ledger), key.clone(), one.to_command()));
    let records = shard.execute_batch(&items.collect::<Vec<_>>());
    let told: Vec<_> = records.iter().map(|record| shard::refusal(record).map(|kind| kind.code())).collect();
    let should = (0..asked.len()).map(|index| match &expected {
        Ok(_) => None,
        Err((at_fault, code)) if *at_fault == index => Some(*code),
        Err(_) => Some("batch_item_refused"),
    });
    let should: Vec<_> = should.collect();
    if told != should {
        return Err(format!("{asked:?} at {}: the core says {told:?}, the model {should:?}", shard.now));
    }
    let outcome = if expected.is_ok() { "recorded" } else { "refused" };
    *outcomes.entry(format!("batch of {} {outcome}", records.len())).or_default() += 1;
    for (record, done) in records.iter().zip(expected.iter().flatten()) {
        count_edges(record, outcomes);
        compare::record(record, done)?;
    }
    let of_batch = |name: &str| asked.iter().any(|(_, key, _)| key == name);
    let own = asked.iter().any(
        |(_, _, one)| matches!(one, Asked::ReverseTransaction { transaction, .. } if of_batch(transaction)),
    );
    if own && expected.is_ok() {
        *outcomes.entry("batch with its own reversal".to_owned()).or_default() += 1;
    }
    compare::everything(&shard.books, naive)
}

/// Which of the edges were really posted, in whole units or in minor ones.
fn count_edges(record: &Record, outcomes: &mut Outcomes) {
    let Event::TransactionPosted(posted) = &record.event else { return };
    let edges = generate::edges();
    for entry in &posted.entries {
        let whole = 10_i128.pow(u32::from(entry.amount.scale));
        let minor = entry.amount.minor;
        let is_whole = minor % whole == 0 && edges.contains(&(minor / whole));
        let hit = if is_whole { Some(minor / whole) } else { edges.contains(&minor).then_some(minor) };
        if let Some(edge) = hit {
            *outcomes.entry(format!("posted {edge}")).or_default() += 1;
        }
    }
}

fn number_from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number: {text}")))
}
