//! Random commands over HTTP on a real Postgres, through restarts: the log alone gives the live books, byte for byte; every
//! record decides to itself again; every command asked again gets the same bytes, refusals too.
//!
//! `NEXUS_SEED` repeats a run, `NEXUS_SEQUENCES` makes it longer. Each sequence of commands has a ledger of its own.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod requests;
mod server;

use std::collections::BTreeMap;
use std::sync::Arc;

use event_schemas::{Sequence, Shard};
use event_store::{Log, PostgresLog};
use futures_util::{StreamExt, TryStreamExt, stream};
use infra::TestPostgres;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use replay_tool::{Progress, verify};
use requests::Request;
use sequencer::{Fold, Stopped, snapshot};
use server::{Answer, Secrets, Server};

const SEQUENCES: u64 = 120;
const STEPS: usize = 25;
const SEED: u64 = 20_261_124;
/// As many clients ask at a time, so that commits are shared.
const CLIENTS: usize = 24;
const STARTS: u64 = 3;

/// A request, and what it was answered.
type Asked = (Request, Answer);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_was_asked_the_log_alone_tells_it_again_byte_for_byte() {
    let seed = number_from_environment("NEXUS_SEED").unwrap_or(SEED);
    let sequences = number_from_environment("NEXUS_SEQUENCES").unwrap_or(SEQUENCES);
    eprintln!("NEXUS_SEED={seed} NEXUS_SEQUENCES={sequences}");
    let migrate = |url: String| async move { event_store::migrate(&url).await.unwrap() };
    let database = TestPostgres::shared().fresh_database("log", migrate).await;
    let reader: Arc<dyn Log> = Arc::new({
        let _creates_the_log = PostgresLog::connect(&database.url, Shard(1)).await.unwrap();
        PostgresLog::connect_reader(&database.url, Shard(1)).await.unwrap()
    });
    let secrets = Secrets::make();

    let mut asked: Vec<Asked> = Vec::new();
    let mut sequences_run = 0;
    let mut superseded = Vec::new();
    for start in 0..STARTS {
        let server = Server::start(&database.url, &secrets).await;
        assert_eq!(
            server.books().await,
            folded(&*reader).await,
            "LGR-6: booted books are the fold of the log"
        );
        // What the servers before this one answered.
        ask_again(&server, &asked).await;

        let ledgers = (sequences * start / STARTS)..(sequences * (start + 1) / STARTS);
        sequences_run += ledgers.end - ledgers.start;
        let of_ledgers = stream::iter(ledgers).map(|ledger| sequence(&server, seed, ledger));
        asked.extend(of_ledgers.buffer_unordered(CLIENTS).concat().await);
        ask_again(&server, &asked).await;
        assert_eq!(
            server.books().await,
            folded(&*reader).await,
            "LGR-6: the live books are the fold of the log"
        );
        // Every other one lives on, and is superseded by the next.
        if start % 2 == 0 {
            assert_eq!(server.stop().await, Stopped::Asked);
        } else {
            superseded.push(server);
        }
    }

    let server = Server::start(&database.url, &secrets).await;
    ask_again(&server, &asked).await;
    let verified = verify(reader.clone(), Progress::default()).await.unwrap().unwrap();
    assert_eq!(sequences_run, sequences, "as many sequences were run as were asked for");
    let outcomes = outcomes(&asked);
    eprintln!(
        "{sequences} sequences, {} records, each decided again; answers: {outcomes:#?}",
        verified.records
    );
    assert!(verified.refusals > 0 && verified.records > verified.refusals);
    if sequences >= SEQUENCES {
        for expected in EXPECTED {
            assert!(outcomes.contains_key(*expected), "{expected} never happened: the commands are too tame");
        }
    }
}

/// What has to happen in a run, or it proves too little.
const EXPECTED: &[&str] = &[
    "200",
    "201",
    "account_is_frozen",
    "account_not_found",
    "amount_has_too_many_decimals",
    "amount_is_too_large",
    "balance_below_floor",
    "entries_do_not_balance",
    "key_reused",
    "transaction_is_reversed",
    "transaction_not_found",
];

/// The commands of one ledger, one after the other; now and then one again at once.
async fn sequence(server: &Server, seed: u64, ledger: u64) -> Vec<Asked> {
    let mut rng = StdRng::seed_from_u64(seed ^ (ledger << 32));
    let mut asked: Vec<Asked> = Vec::new();
    for request in requests::first(ledger) {
        let answer = server.ask(&request).await;
        assert_eq!(answer.status, 201, "NEXUS_SEED={seed} {request:?}: {answer:?}");
        asked.push((request, answer));
    }
    for step in 0..STEPS {
        if rng.random_bool(0.1) {
            let (request, answer) = &asked[rng.random_range(0..asked.len())];
            assert_eq!(server.ask(request).await, *answer, "NEXUS_SEED={seed} {request:?}, asked again");
            continue;
        }
        let request = requests::next(&mut rng, ledger, step);
        let answer = server.ask(&request).await;
        assert!(answer.status < 500, "NEXUS_SEED={seed} {request:?}: {answer:?}");
        asked.push((request, answer));
    }
    asked
}

/// LGR-5: the same bytes, and nothing recorded.
async fn ask_again(server: &Server, asked: &[Asked]) {
    let before = server.log_end().await;
    let all = stream::iter(asked).map(|(request, answer)| async move {
        assert_eq!(server.ask(request).await, *answer, "{request:?}, asked again");
    });
    all.buffer_unordered(CLIENTS).for_each(|()| async {}).await;
    assert_eq!(server.log_end().await, before, "LGR-5: a repeat records nothing");
}

/// The books as the log alone gives them.
async fn folded(log: &dyn Log) -> Vec<u8> {
    let genesis = log.row_starting_at(Sequence::GENESIS).await.unwrap().unwrap();
    let mut fold = Fold::after_genesis(&genesis);
    let mut rows = log.rows(Sequence::GENESIS, None);
    while let Some(row) = rows.try_next().await.unwrap() {
        fold.row(&row, |_, _, _| {}).unwrap();
    }
    snapshot::encode_books(&fold.books)
}

/// How often each status and each code of a problem was answered.
fn outcomes(asked: &[Asked]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for (_, answer) in asked {
        *counts.entry(answer.status.to_string()).or_default() += 1;
        let text = String::from_utf8_lossy(&answer.body);
        for code in text.split(r#""code":""#).skip(1).filter_map(|rest| rest.split('"').next()) {
            *counts.entry(code.to_owned()).or_default() += 1;
        }
    }
    counts
}

fn number_from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number: {text}")))
}
