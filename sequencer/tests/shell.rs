//! The sequencer over a log in memory: answers, repeats, reversals, reads, boot.

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{item, open_books, transfer};
use event_schemas::{Event, LedgerId, Record, Shard};
use event_store::{Fault, Log, MemoryLog};
use ledger_core::{AccountRef, Books};
use sequencer::{Answer, BATCH_RECORDS_MAX, Config, Sequencer, Stopped, Unavailable, start};

fn recorded(answer: Answer) -> Arc<Record> {
    match answer {
        Answer::Recorded(record) => record,
        other => panic!("expected a record: {other:?}"),
    }
}

async fn started(log: &MemoryLog) -> Sequencer {
    // On the test's own thread, so that a test that yields lets it run.
    start(Arc::new(log.clone()), Config { own_thread: false, wake_every: 1, ..Config::default() })
        .await
        .expect("the log boots")
        .0
}

fn bank(books: &Books) -> Option<String> {
    let ledger = books.ledger(&LedgerId::parse("books").expect("valid"))?;
    let (_, account) = ledger.account(&AccountRef::Path("assets:bank".parse().expect("valid")))?;
    Some(ledger.balances(account)[0].posted.to_string())
}

#[tokio::test]
async fn a_repeat_hears_the_same_answer_and_records_nothing() {
    let log = MemoryLog::new(Shard(1));
    let sequencer = started(&log).await;
    recorded(sequencer.submit(open_books()).await.expect("taken"));
    let first = recorded(
        sequencer.submit(transfer("t1", "equity:opening", "assets:bank", "5")).await.expect("taken"),
    );
    let Answer::Known(at) =
        sequencer.submit(transfer("t1", "equity:opening", "assets:bank", "5")).await.expect("taken")
    else {
        panic!("a durable key is known");
    };
    assert_eq!(sequencer.record(at).await.expect("readable"), Some((*first).clone()));
    let refused = recorded(
        sequencer.submit(transfer("t2", "equity:opening", "assets:bank", "0")).await.expect("taken"),
    );
    assert!(matches!(refused.event, Event::CommandRefused(_)));
    assert_eq!(sequencer.read(|books, _| bank(books)).await, Ok(Some("5.00".to_owned())));
}

#[tokio::test]
async fn a_batch_that_is_not_stored_leaves_nothing_behind() {
    let log = MemoryLog::new(Shard(1));
    let sequencer = started(&log).await;
    recorded(sequencer.submit(open_books()).await.expect("taken"));
    log.inject(Fault::NotStored);
    let lost = sequencer.submit(transfer("t1", "equity:opening", "assets:bank", "5")).await.expect("taken");
    assert!(matches!(lost, Answer::NotRecorded), "{lost:?}");
    assert_eq!(sequencer.read(|books, _| bank(books)).await, Ok(None));
    recorded(sequencer.submit(transfer("t1", "equity:opening", "assets:bank", "7")).await.expect("taken"));
    assert_eq!(sequencer.read(|books, _| bank(books)).await, Ok(Some("7.00".to_owned())));
}

#[tokio::test]
async fn an_unknown_outcome_is_looked_into() {
    let log = MemoryLog::new(Shard(1));
    let sequencer = started(&log).await;
    recorded(sequencer.submit(open_books()).await.expect("taken"));
    log.inject(Fault::UnknownButStored);
    recorded(sequencer.submit(transfer("t1", "equity:opening", "assets:bank", "5")).await.expect("taken"));
    log.inject(Fault::UnknownNotStored);
    let lost = sequencer.submit(transfer("t2", "equity:opening", "assets:bank", "5")).await.expect("taken");
    assert!(matches!(lost, Answer::NotRecorded), "{lost:?}");
    recorded(sequencer.submit(transfer("t2", "equity:opening", "assets:bank", "5")).await.expect("taken"));
    assert_eq!(sequencer.read(|books, _| bank(books)).await, Ok(Some("10.00".to_owned())));
}

#[tokio::test]
async fn a_reversal_finds_its_original_in_memory_and_in_the_log() {
    let log = MemoryLog::new(Shard(1));
    let sequencer = started(&log).await;
    recorded(sequencer.submit(open_books()).await.expect("taken"));
    recorded(sequencer.submit(transfer("t1", "equity:opening", "assets:bank", "5")).await.expect("taken"));
    let reverse = |key| item(key, r#"{"reverse_transaction":{"transaction":"t1"}}"#);
    let reversed = recorded(sequencer.submit(reverse("r1")).await.expect("taken"));
    assert!(matches!(reversed.event, Event::TransactionReversed(_)), "{reversed:?}");
    let again = recorded(sequencer.submit(reverse("r2")).await.expect("taken"));
    assert!(
        matches!(&again.event, Event::CommandRefused(refused) if refused.refusal.number == 702),
        "{again:?}"
    );
    let both = vec![
        transfer("t3", "equity:opening", "assets:bank", "9"),
        item("r3", r#"{"reverse_transaction":{"transaction":"t3"}}"#),
    ];
    let answers = sequencer.submit_atomic(both).await.expect("taken");
    assert!(matches!(recorded(answers[1].clone()).event, Event::TransactionReversed(_)));
    assert_eq!(sequencer.read(|books, _| bank(books)).await, Ok(Some("0.00".to_owned())));
}

#[tokio::test]
async fn an_atomic_batch_with_a_refused_item_is_refused_whole_and_for_ever() {
    let log = MemoryLog::new(Shard(1));
    let sequencer = started(&log).await;
    recorded(sequencer.submit(open_books()).await.expect("taken"));
    let batch = || {
        vec![
            transfer("a", "equity:opening", "assets:bank", "5"),
            transfer("b", "equity:opening", "assets:bank", "0"),
        ]
    };
    let numbers = |answers: Vec<Answer>| -> Vec<u16> {
        let number = |answer| match &recorded(answer).event {
            Event::CommandRefused(refused) => refused.refusal.number,
            other => panic!("expected a refusal: {other:?}"),
        };
        answers.into_iter().map(number).collect()
    };
    assert_eq!(numbers(sequencer.submit_atomic(batch()).await.expect("taken")), [801, 403]);
    let again = sequencer.submit_atomic(batch()).await.expect("taken");
    assert!(again.iter().all(|answer| matches!(answer, Answer::Known(_))), "{again:?}");
    assert_eq!(sequencer.read(|books, _| bank(books)).await, Ok(None));
}

#[tokio::test]
async fn a_new_server_goes_on_where_the_former_was() {
    let log = MemoryLog::new(Shard(1));
    let former = started(&log).await;
    recorded(former.submit(open_books()).await.expect("taken"));
    for at in 0..10 {
        recorded(
            former
                .submit(transfer(&format!("t{at}"), "equity:opening", "assets:bank", "1"))
                .await
                .expect("taken"),
        );
    }
    sequencer::snapshot::take(&log).await.expect("stored");
    recorded(former.submit(transfer("after", "equity:opening", "assets:bank", "1")).await.expect("taken"));
    let server = started(&log).await;
    assert_eq!(server.read(|books, _| bank(books)).await, Ok(Some("11.00".to_owned())));
    let repeat = server.submit(transfer("t3", "equity:opening", "assets:bank", "1")).await.expect("taken");
    assert!(matches!(repeat, Answer::Known(_)), "{repeat:?}");
    // The former is fenced: what it decides is never recorded, and it writes no more.
    // It may have noticed by itself, and stopped.
    let lost = former.submit(transfer("late", "equity:opening", "assets:bank", "1")).await;
    assert!(matches!(lost, Ok(Answer::NotRecorded) | Err(Unavailable::Stopped)), "{lost:?}");
    recorded(server.submit(transfer("late", "equity:opening", "assets:bank", "1")).await.expect("taken"));
}

#[tokio::test(start_paused = true)]
async fn snapshots_are_made_of_the_books_in_memory_under_way_and_at_rest() {
    let log = MemoryLog::new(Shard(1));
    let config = Config { own_thread: false, wake_every: 1, snapshot_every: 5, ..Config::default() };
    let (sequencer, _) = start(Arc::new(log.clone()), config).await.expect("the log boots");
    recorded(sequencer.submit(open_books()).await.expect("taken"));
    let newest = async || log.newest_snapshots().await.expect("listed").first().map(|info| info.sequence);
    let post = async |key: String| {
        recorded(
            sequencer.submit(transfer(&key, "equity:opening", "assets:bank", "1")).await.expect("taken"),
        );
        tokio::time::advance(Duration::from_millis(100)).await;
    };
    let mut posted = 0;
    while newest().await.is_none() {
        post(format!("t{posted}")).await;
        posted += 1;
    }
    let (under_way, last) = (newest().await, log.head().await.expect("a head").last);
    for at in 0..5 {
        post(format!("more {at}")).await;
    }
    // No row follows that could end where a snapshot may stand.
    while newest().await == under_way {
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    assert_eq!(newest().await.map(|at| at.0), Some(last.0 + 5));
    let fold = sequencer::snapshot::newest(&log, None).await.expect("its root is the log's");
    assert_eq!(fold.last.0, last.0 + 5);
    assert_eq!(bank(&fold.books), sequencer.read(|books, _| bank(books)).await.expect("read"));
}

#[tokio::test(start_paused = true)]
async fn a_superseded_server_that_has_nothing_to_write_ends_too() {
    let log = MemoryLog::new(Shard(1));
    let config = Config { own_thread: false, ..Config::default() };
    let (former, running) = start(Arc::new(log.clone()), config).await.expect("the log boots");
    recorded(former.submit(open_books()).await.expect("taken"));
    let _server = started(&log).await;
    let ended = tokio::time::timeout(Duration::from_secs(10), running).await.expect("it ends soon");
    assert_eq!(ended.expect("it does not panic"), Stopped::Fenced);
    assert_eq!(former.read(|books, _| bank(books)).await, Err(Unavailable::Stopped));
}

#[tokio::test]
async fn it_ends_when_its_last_handle_is_gone() {
    let log = MemoryLog::new(Shard(1));
    let (sequencer, running) = start(Arc::new(log), Config::default()).await.expect("the log boots");
    recorded(sequencer.submit(open_books()).await.expect("taken"));
    drop(sequencer);
    let ended = tokio::time::timeout(Duration::from_secs(10), running).await.expect("it ends soon");
    assert_eq!(ended.expect("it does not panic"), Stopped::Asked);
}

#[tokio::test]
async fn a_row_that_was_stored_before_another_server_took_over_is_acknowledged() {
    let log = MemoryLog::new(Shard(1));
    let former = started(&log).await;
    recorded(former.submit(open_books()).await.expect("taken"));
    let mut held = log.hold_next_append();
    log.inject(Fault::UnknownButStored);
    let submitter = former.clone();
    let answer = tokio::spawn(async move {
        submitter.submit(transfer("t1", "equity:opening", "assets:bank", "5")).await.expect("taken")
    });
    held.reached().await;
    let submitter = former.clone();
    let behind_it = tokio::spawn(async move {
        submitter.submit(transfer("t2", "equity:opening", "assets:bank", "5")).await.expect("taken")
    });
    let other = log.clone();
    let booting = tokio::spawn(async move { started(&other).await });
    // Until the other one waits for the statement.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    held.release();
    recorded(answer.await.expect("no panic"));
    let lost = behind_it.await.expect("no panic");
    assert!(matches!(lost, Answer::NotRecorded), "{lost:?}");
    let server = booting.await.expect("no panic");
    let repeat = server.submit(transfer("t1", "equity:opening", "assets:bank", "5")).await.expect("taken");
    assert!(matches!(repeat, Answer::Known(_)), "{repeat:?}");
    assert!(former.submit(open_books()).await.is_err(), "the former server has stopped");
}

/// Lets the sequencer's task take what stands in its queue.
async fn let_it_decide() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_large_atomic_batch_is_not_starved_by_singles() {
    let log = MemoryLog::new(Shard(1));
    let sequencer = started(&log).await;
    recorded(sequencer.submit(open_books()).await.expect("taken"));
    let single = |key: &str| {
        let (sequencer, item) = (sequencer.clone(), transfer(key, "equity:opening", "assets:bank", "1"));
        tokio::spawn(async move { recorded(sequencer.submit(item).await.expect("taken")) })
    };
    let mut first_commit = log.hold_next_append();
    let in_flight = single("in flight");
    first_commit.reached().await;
    let beside = single("decided beside it");
    let_it_decide().await;
    // More than a batch takes beside others: it needs one of its own.
    let items =
        (0..=BATCH_RECORDS_MAX).map(|at| transfer(&format!("a{at}"), "equity:opening", "assets:cash", "1"));
    let (submitter, items) = (sequencer.clone(), items.collect());
    let atomic = tokio::spawn(async move { submitter.submit_atomic(items).await.expect("taken") });
    let_it_decide().await;
    let mut second_commit = log.hold_next_append();
    first_commit.release();
    second_commit.reached().await;
    let_it_decide().await;
    let late = single("late");
    let_it_decide().await;
    second_commit.release();

    let answers = atomic.await.expect("no panic");
    let last = recorded(answers[BATCH_RECORDS_MAX].clone()).envelope.sequence;
    assert!(in_flight.await.expect("no panic").envelope.sequence < last);
    assert!(beside.await.expect("no panic").envelope.sequence < last);
    assert!(last < late.await.expect("no panic").envelope.sequence, "who came later went first");
}

#[tokio::test]
async fn a_read_of_what_is_taken_back_is_told_to_try_again() {
    let log = MemoryLog::new(Shard(1));
    let sequencer = started(&log).await;
    recorded(sequencer.submit(open_books()).await.expect("taken"));
    let mut held = log.hold_next_append();
    log.inject(Fault::NotStored);
    let submitter = sequencer.clone();
    let lost = tokio::spawn(async move {
        submitter.submit(transfer("t1", "equity:opening", "assets:bank", "5")).await.expect("taken")
    });
    held.reached().await;
    let reader = sequencer.clone();
    let read = tokio::spawn(async move { reader.read(|books, _| bank(books)).await });
    let_it_decide().await;
    held.release();
    assert!(matches!(lost.await.expect("no panic"), Answer::NotRecorded));
    assert_eq!(read.await.expect("no panic"), Err(Unavailable::Interrupted));
    assert_eq!(sequencer.read(|books, _| bank(books)).await, Ok(None));
}
