//! How views run: alone at what they cannot read, one build however many start, no step back, nothing lost to a panic.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use async_trait::async_trait;
use event_schemas::{
    Contract, Event, LedgerId, Record, Sequence,
    events::{LedgerOpened, TransactionPosted},
};
use projections::{
    MakeView, Projectors, State, Status, Stranger, Unknown, View, ViewError, drop_builds, rebuild_view,
    start_views, statuses, sums,
};
use support::{PATIENCE, SHARD, World, ledger, ledger_opened, posted, recorded_at, until};
use tokio_postgres::Transaction;

/// A view that writes down what it is given.
#[derive(Clone)]
struct Notes {
    name: &'static str,
    consumes: &'static [&'static str],
    unknown: Unknown,
    /// So often it panics in the middle of a fold.
    panics: Arc<AtomicU64>,
}

impl Notes {
    fn new(name: &'static str) -> Notes {
        Notes { name, consumes: Event::NAMES, unknown: Unknown::Halts, panics: Arc::default() }
    }

    fn make(&self) -> MakeView {
        let view = self.clone();
        Arc::new(move || Box::new(view.clone()))
    }

    async fn note(transaction: &Transaction<'_>, sequence: Sequence, what: &str) -> Result<(), ViewError> {
        let sequence = i64::try_from(sequence.0).unwrap();
        let noted = transaction.execute("INSERT INTO notes VALUES ($1, $2)", &[&sequence, &what]).await;
        noted.map(drop).map_err(|source| ViewError::Postgres { doing: "note", source })
    }
}

#[async_trait]
impl View for Notes {
    fn name(&self) -> &'static str {
        self.name
    }

    fn version(&self) -> u16 {
        1
    }

    fn consumes(&self) -> &'static [&'static str] {
        self.consumes
    }

    fn tables(&self) -> &'static str {
        "CREATE TABLE notes (sequence bigint PRIMARY KEY, what text NOT NULL)"
    }

    fn indexes(&self) -> &'static str {
        "CREATE INDEX notes_by_what ON notes (what)"
    }

    fn unknown(&self) -> Unknown {
        self.unknown
    }

    async fn apply(&mut self, transaction: &Transaction<'_>, records: &[Record]) -> Result<(), ViewError> {
        for record in records {
            Notes::note(transaction, record.envelope.sequence, record.event.name()).await?;
            let panics = self.panics.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1));
            assert!(panics.is_err(), "ordered by the test");
        }
        Ok(())
    }

    async fn apply_strangers(
        &mut self,
        transaction: &Transaction<'_>,
        strangers: &[Stranger],
    ) -> Result<(), ViewError> {
        for stranger in strangers {
            let what = format!("{} {}", stranger.name, stranger.version);
            Notes::note(transaction, stranger.envelope.sequence, &what).await?;
        }
        Ok(())
    }

    fn forget(&mut self) {}
}

async fn run(world: &World, views: &[&Notes]) -> Projectors {
    let makes = views.iter().map(|view| view.make()).collect();
    start_views(&world.url, world.log.clone(), makes).await.unwrap()
}

async fn all(world: &World) -> Vec<Status> {
    let client = world.views.pool().get().await.unwrap();
    statuses(&**client, SHARD).await.unwrap()
}

async fn one(world: &World, view: &Notes) -> Option<Status> {
    all(world).await.into_iter().find(|status| status.build.name == view.name)
}

/// What a view has noted up to here.
async fn noted(world: &World, view: &Notes, up_to: Sequence) -> Vec<(i64, String)> {
    let reader = world.views.reader(&[view], Some(up_to), PATIENCE).await.unwrap();
    let rows = reader
        .query(&format!("SELECT sequence, what FROM {{{}}}.notes ORDER BY 1", view.name), &[])
        .await
        .unwrap();
    reader.end().await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

async fn post(world: &mut World, id: &LedgerId, count: usize) {
    let now = recorded_at(world.last());
    let event = || (id, now, posted(&[], &[(1, 5, "EUR", 2), (2, -5, "EUR", 2)]));
    world.append((0..count).map(|_| event()).collect()).await;
}

/// A record of an event that a newer program wrote.
fn stranger(sequence: u64, name: &str, version: u16) -> Vec<u8> {
    format!(
        r#"{{"seq":{sequence},"id":"00000000-0000-0000-0000-00000000000{version}","type":"{name}","version":{version},"ledger":"one","batch":{{"index":0,"count":1}},"key":"k{sequence}","request":"AAAAAAAAAAAAAAAAAAAAAA","actor":"key:test","recorded_at":1700000000000000,"effective_at":1,"what":"is this"}}"#
    )
    .into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_nobody_knows_halts_each_view_alone_and_none_that_needs_the_envelope_only() {
    let mut world = World::new().await;
    let id = ledger("one");
    world.append(vec![(&id, recorded_at(world.last()), ledger_opened())]).await;
    let money = Notes { consumes: &[TransactionPosted::NAME], ..Notes::new("money") };
    let names = Notes { consumes: &[LedgerOpened::NAME], ..Notes::new("names") };
    let audit = Notes { unknown: Unknown::Noted, ..Notes::new("audit") };
    let projectors = run(&world, &[&money, &names, &audit]).await;

    // A newer version of what is nothing to `names` halts `money` alone.
    post(&mut world, &id, 1).await;
    let newer_version = world.last().next();
    world.append_lines(&[stranger(newer_version.0, TransactionPosted::NAME, 9)]).await;
    assert_eq!(noted(&world, &names, world.last()).await.len(), 1);
    let halted = |view: Notes| {
        let world = &world;
        async move { one(world, &view).await.and_then(|status| status.halted.map(|(at, _)| at)) }
    };
    until("the view of money has halted", || async { halted(money.clone()).await.is_some() }).await;
    assert_eq!(halted(money.clone()).await, Some(newer_version));
    assert_eq!(one(&world, &money).await.unwrap().position.next(), newer_version);
    assert_eq!(halted(names.clone()).await, None);

    // An event of a name that is known to nobody may be money.
    let newer_event = world.last().next();
    world.append_lines(&[stranger(newer_event.0, "gold_melted", 1)]).await;
    until("the view of names has halted", || {
        let world = &world;
        let names = names.clone();
        async move { one(world, &names).await.unwrap().halted.is_some() }
    })
    .await;
    let (at, reason) = one(&world, &names).await.unwrap().halted.unwrap();
    assert_eq!(at, newer_event);
    assert!(reason.contains("gold_melted"), "{reason}");

    // The one that needs envelopes only has noted both and goes on.
    post(&mut world, &id, 1).await;
    let noted = noted(&world, &audit, world.last()).await;
    let noted: Vec<&str> = noted.iter().map(|(_, what)| &**what).collect();
    assert_eq!(
        noted,
        [
            LedgerOpened::NAME,
            TransactionPosted::NAME,
            "transaction_posted 9",
            "gold_melted 1",
            TransactionPosted::NAME
        ]
    );
    assert!(one(&world, &audit).await.unwrap().halted.is_none());
    projectors.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_first_at_the_same_moment_make_one_build() {
    let mut world = World::new().await;
    let id = ledger("one");
    world.append(vec![(&id, recorded_at(world.last()), ledger_opened())]).await;
    let view = Notes::new("notes");
    let starting = (0..6).map(|_| {
        let (url, log, make) = (world.url.clone(), world.log.clone(), view.make());
        tokio::spawn(async move { start_views(&url, log, vec![make]).await.unwrap() })
    });
    let mut running = Vec::new();
    for started in starting.collect::<Vec<_>>() {
        running.push(started.await.unwrap());
    }
    post(&mut world, &id, 3).await;
    assert_eq!(noted(&world, &view, world.last()).await.len(), 4);
    assert_eq!(all(&world).await.len(), 1);
    // Whoever had it, another goes on.
    while running.len() > 1 {
        running.remove(0).stop().await;
        post(&mut world, &id, 1).await;
        noted(&world, &view, world.last()).await;
    }
    running.remove(0).stop().await;
    assert_eq!(all(&world).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_panics_is_started_again_and_others_go_on() {
    let mut world = World::new().await;
    let id = ledger("one");
    world.append(vec![(&id, recorded_at(world.last()), ledger_opened())]).await;
    let (frail, sound) = (Notes::new("frail"), Notes::new("sound"));
    let projectors = run(&world, &[&frail, &sound]).await;
    noted(&world, &frail, world.last()).await;
    frail.panics.store(1, SeqCst);
    post(&mut world, &id, 5).await;
    assert_eq!(noted(&world, &sound, world.last()).await.len(), 6);
    let (frails, sounds) =
        (noted(&world, &frail, world.last()).await, noted(&world, &sound, world.last()).await);
    assert_eq!(frails, sounds);
    assert_eq!(frail.panics.load(SeqCst), 0);
    projectors.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_build_is_asked_when_it_has_read_what_was_there_when_it_began() {
    let mut world = World::new().await;
    let id = ledger("one");
    world.append(vec![(&id, recorded_at(world.last()), ledger_opened())]).await;
    for _ in 0..9 {
        post(&mut world, &id, 100).await;
    }
    let there = world.last();
    let view = Notes::new("notes");
    let projectors = run(&world, &[&view]).await;
    let reader = world.views.reader(&[&view], None, PATIENCE).await.unwrap();
    assert!(reader.position.sequence >= there, "{}", reader.position.sequence);
    let index = "SELECT count(*) FROM pg_indexes WHERE indexname = 'notes_by_what'";
    assert_eq!(reader.query(index, &[]).await.unwrap()[0].get::<_, i64>(0), 1);
    reader.end().await.unwrap();
    projectors.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_never_go_back_when_a_rebuilt_view_takes_its_place() {
    let mut world = World::new().await;
    let id = ledger("one");
    world.append(vec![(&id, recorded_at(world.last()), ledger_opened())]).await;
    let view = Notes::new("notes");
    let projectors = run(&world, &[&view]).await;
    post(&mut world, &id, 500).await;
    noted(&world, &view, world.last()).await;
    let asking = tokio::spawn({
        let (views, view) = (world.views.clone(), view.clone());
        async move {
            let mut last = (Sequence::GENESIS, 1);
            while last.1 < 3 {
                let reader = views.reader(&[&view], None, PATIENCE).await.unwrap();
                let asked = "SELECT count(*), max(tableoid::regclass::text) FROM {notes}.notes";
                let rows = reader.query(asked, &[]).await.unwrap();
                let build = rows[0].get::<_, String>(1).chars().nth("view_notes_1_".len()).unwrap();
                let now = (reader.position.sequence, build.to_digit(10).unwrap());
                // Each record is one note.
                assert_eq!(rows[0].get::<_, i64>(0), i64::try_from(now.0.0).unwrap());
                reader.end().await.unwrap();
                assert!(now.0 >= last.0, "went back from {last:?} to {now:?}");
                last = now;
            }
        }
    });
    for build in 2..=3 {
        let mut client = world.views.pool().get().await.unwrap();
        assert_eq!(rebuild_view(&mut client, &view, SHARD).await.unwrap().build, build);
        drop(client);
        while !all(&world).await.iter().any(|s| s.build.build == build && s.state == State::Live) {
            post(&mut world, &id, 7).await;
            // No more than it can read.
            world.views.reader(&[&view], Some(world.last()), PATIENCE).await.unwrap().end().await.unwrap();
        }
    }
    tokio::time::timeout(PATIENCE, asking).await.unwrap().unwrap();
    // Each stands where the next one took its place, and was found equal.
    let all = all(&world).await;
    let states: Vec<_> = all.iter().map(|s| (s.build.build, s.state, s.compared_at.is_some())).collect();
    assert_eq!(states, [(3, State::Live, true), (2, State::Retired, true), (1, State::Retired, false)]);
    projectors.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_asked_can_be_dropped_and_what_is_asked_cannot() {
    let mut world = World::new().await;
    let id = ledger("one");
    world.append(vec![(&id, recorded_at(world.last()), ledger_opened())]).await;
    let view = Notes::new("notes");
    let projectors = run(&world, &[&view]).await;
    noted(&world, &view, world.last()).await;
    let pool = world.views.pool().clone();
    let refused = |result: Result<_, ViewError>| result.unwrap_err().to_string();
    assert_eq!(drop_builds(&pool, "notes", SHARD, None).await.unwrap(), []);
    assert!(refused(drop_builds(&pool, "notes", SHARD, Some(1)).await).contains("is the one that is asked"));
    assert!(refused(drop_builds(&pool, "notes", SHARD, Some(2)).await).contains("no build 2"));
    assert!(refused(drop_builds(&pool, "nothing", SHARD, None).await).contains("no view"));

    let mut client = pool.get().await.unwrap();
    let second = rebuild_view(&mut client, &view, SHARD).await.unwrap();
    until("the second is live", || async {
        all(&world).await.iter().any(|s| s.build == second && s.state == State::Live)
    })
    .await;
    let dropped = drop_builds(&pool, "notes", SHARD, None).await.unwrap();
    assert_eq!(dropped.iter().map(|build| build.build).collect::<Vec<_>>(), [1]);
    assert!(sums(&**client, &dropped[0].schema()).await.unwrap().is_empty());
    assert_eq!(all(&world).await.len(), 1);

    // One that is still being built is left by its projector too.
    let third = rebuild_view(&mut client, &view, SHARD).await.unwrap();
    match drop_builds(&pool, "notes", SHARD, Some(third.build)).await {
        Ok(dropped) => assert_eq!(dropped, [third]),
        Err(error) => assert!(matches!(error, ViewError::IsLive { .. }), "{error}"),
    }
    post(&mut world, &id, 1).await;
    let reader = world.views.reader(&[&view], Some(world.last()), Duration::from_secs(10)).await.unwrap();
    reader.end().await.unwrap();
    projectors.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_is_given_up_holds_nothing() {
    let mut world = World::new().await;
    let id = ledger("one");
    world.append(vec![(&id, recorded_at(world.last()), ledger_opened())]).await;
    let view = Notes::new("notes");
    let projectors = run(&world, &[&view]).await;
    noted(&world, &view, world.last()).await;
    projectors.stop().await;

    let client = world.views.pool().get().await.unwrap();
    let reading = async || {
        let inside = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
        client.query_one(inside, &[]).await.unwrap().get::<_, i64>(0)
    };
    let reader = world.views.reader(&[&view], None, PATIENCE).await.unwrap();
    assert_eq!(reader.query("SELECT what FROM {notes}.notes", &[]).await.unwrap().len(), 1);
    assert_eq!(reading().await, 1);
    drop(reader);
    until("what was read is let go", || async { reading().await == 0 }).await;
    // Also when its transaction is in ruins.
    let reader = world.views.reader(&[&view], None, PATIENCE).await.unwrap();
    reader.query("SELECT 1 / 0", &[]).await.unwrap_err();
    assert_eq!(reading().await, 1);
    drop(reader);
    until("what was read is let go", || async { reading().await == 0 }).await;
}
