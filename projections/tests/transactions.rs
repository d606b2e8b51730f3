//! The rows of transactions and entries equal what a naive program remembers, whatever the batches, through kills and rebuilds.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod support;

use std::time::Duration;

use event_schemas::{Direction, Sequence};
use projections::{State, rebuild, statuses, sums, views::transactions::Transactions};
use support::{
    Dice, PATIENCE, World,
    book::{Book, Leg, Naive},
    until,
};

type Stored = (Vec<String>, Vec<Vec<String>>);

/// All that the tables hold of a ledger, in one form with [`expected`].
async fn stored(world: &World, book: &Book) -> Vec<Stored> {
    let reader = world.views.reader(&[&Transactions::default()], Some(world.last()), PATIENCE).await.unwrap();
    let sql = "SELECT position::text, effective::text, recorded::text, coalesce(reverses::text, '-'), kind, id, actor,
            coalesce(description, '-'), coalesce(reference, '-'),
            coalesce((SELECT string_agg(key || '=' || value, ';' ORDER BY key COLLATE \"C\")
                      FROM jsonb_each_text(metadata)), '-')
        FROM {transactions}.transactions t
        WHERE ledger = (SELECT number FROM {transactions}.ledgers WHERE id = $1) ORDER BY t.position";
    let transactions = reader.query(sql, &[&book.id.as_str()]).await.unwrap();
    let sql = "SELECT position::text, effective::text, account::text, leg::text, is_debit::text, leads::text, currency,
            amount::text, coalesce(category, '-'), coalesce(memo, '-'), coalesce(array_to_string(tags, ';'), '-')
        FROM {transactions}.entries e
        WHERE ledger = (SELECT number FROM {transactions}.ledgers WHERE id = $1) ORDER BY e.position, e.leg";
    let entries = reader.query(sql, &[&book.id.as_str()]).await.unwrap();
    let texts = |row: &tokio_postgres::Row, count: usize| (0..count).map(|at| row.get(at)).collect();
    let mut entries: Vec<Vec<String>> = entries.iter().map(|row| texts(row, 11)).collect();
    let mut stored = Vec::new();
    for row in transactions {
        let head: Vec<String> = texts(&row, 10);
        let rest = entries.iter().position(|entry| entry[0] != head[0]).unwrap_or(entries.len());
        stored.push((head, entries.drain(..rest).collect()));
    }
    assert!(entries.is_empty());
    reader.end().await.unwrap();
    stored
}

fn expected(book: &Book) -> Vec<Stored> {
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let leg = |of: &Naive, at: usize, leg: &Leg| {
        let leads =
            !of.legs[..at].iter().any(|other| (other.amount, other.currency) == (leg.amount, leg.currency));
        vec![
            of.sequence.0.to_string(),
            of.effective.0.to_string(),
            leg.account.to_string(),
            at.to_string(),
            (leg.direction == Direction::Debit).to_string(),
            leads.to_string(),
            leg.currency.to_owned(),
            leg.amount.to_string(),
            or_none(leg.category.map(str::to_owned)),
            or_none(leg.memo.clone()),
            or_none((!leg.tags.is_empty()).then(|| leg.tags.iter().copied().collect::<Vec<_>>().join(";"))),
        ]
    };
    let transaction = |of: &Naive| {
        let metadata: Vec<String> =
            of.metadata.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let head = vec![
            of.sequence.0.to_string(),
            of.effective.0.to_string(),
            of.recorded.0.to_string(),
            or_none(of.reverses.map(|original: Sequence| original.0.to_string())),
            if of.reverses.is_some() { "reversal" } else { "posted" }.to_owned(),
            of.id.clone(),
            of.actor.to_owned(),
            or_none(of.description.clone()),
            or_none(of.reference.clone()),
            or_none((!metadata.is_empty()).then(|| metadata.join(";"))),
        ];
        (head, of.legs.iter().enumerate().map(|(at, of_leg)| leg(of, at, of_leg)).collect())
    };
    book.transactions.iter().map(transaction).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_are_what_was_recorded_and_a_rebuilt_view_has_the_same() {
    let mut dice = Dice::seeded(1);
    let mut world = World::new().await;
    let projectors = world.projectors().await;
    let mut books = [Book::open(&mut world, "one").await, Book::open(&mut world, "two").await];
    for round in 0..10 {
        for book in &mut books {
            // Folded in pieces of every size.
            let count = dice.below(30) + 1;
            book.post(&mut world, &mut dice, count).await;
            if round % 4 == 3 {
                book.rename(&mut world, &mut dice).await;
            }
        }
        if dice.below(2) == 0 {
            assert_eq!(stored(&world, &books[0]).await, expected(&books[0]));
        }
    }
    for book in &books {
        assert_eq!(stored(&world, book).await, expected(book));
    }
    projectors.stop().await;
    // Once more, alone and in one go.
    let pool = world.views.pool().clone();
    let second = rebuild(&pool, "transactions", support::SHARD).await.unwrap();
    let projectors = world.projectors().await;
    let all = || async {
        let client = pool.get().await.unwrap();
        statuses(&**client, support::SHARD).await.unwrap()
    };
    until("the second build is live", || async {
        let all = all().await;
        assert!(all.iter().all(|status| status.state != State::Differs));
        all.iter().any(|status| status.build == second && status.state == State::Live)
    })
    .await;
    projectors.stop().await;
    let grown =
        all().await.into_iter().find(|status| status.build.build == 1 && status.build.name == "transactions");
    let client = pool.get().await.unwrap();
    assert_eq!(
        sums(&**client, &grown.unwrap().build.schema()).await.unwrap(),
        sums(&**client, &second.schema()).await.unwrap()
    );
    assert_eq!(stored(&world, &books[1]).await, expected(&books[1]));
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
    for _ in 0..12 {
        let (url, log) = (world.url.clone(), world.log.clone());
        let victim = tokio::runtime::Runtime::new().unwrap();
        let names = ["transactions".to_owned()];
        let started =
            victim.spawn(async move { projections::start(&url, log, &names).await.map(std::mem::forget) });
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
        assert_eq!(stored(&world, &book).await, expected(&book));
        projectors.stop().await;
    });
}
