//! A database that was given: two servers on one log, data of a newer version, keys without a data folder.
#![allow(clippy::unwrap_used)]

mod kit;

use std::fs;

use event_store::PoolOptions;
use kit::Place;

#[test]
fn a_log_has_one_writer_and_a_reader_of_its_own_version() {
    // The first one's private Postgres serves as the given one of the second.
    let (first, second) = (Place::new(), Place::new());
    let mut up = first.up(&[]);
    first.run(&["open", "shop"]);
    let url = fs::read_to_string(first.data().join("database")).unwrap().trim().to_owned();

    let taking_over = second.up(&["--database", &url]);
    assert!(taking_over.welcome.contains(&url), "{}", taking_over.welcome);
    assert!(second.run(&["ledgers"]).contains("shop"));
    second.run(&[
        "post",
        "shop",
        "5",
        "EUR",
        "--from",
        "equity:opening",
        "--to",
        "assets:till",
        "--key",
        "t1",
    ]);

    // The first one, fenced, records nothing more, says so, and ends; so does its Postgres.
    let late = first.nexus(&["post", "shop", "7", "EUR", "--from", "equity:opening", "--to", "assets:till"]);
    assert_ne!(late.code, 0, "{late:?}");
    assert_eq!(up.child.wait().unwrap().code(), Some(7), "{}", first.log());
    assert!(first.log().contains("another server has taken this log over"), "{}", first.log());
    drop((up, taking_over));

    // What the second recorded is there at the next start of the first.
    let up = first.up(&[]);
    let balance = first.json(&["balance", "shop", "assets:till"]);
    assert_eq!(balance["balances"][0]["posted"]["balance"], "5.00");
    assert!(first.run(&["keys", "list", "--database", &url]).contains("dev key of"));
    age_the_program(&url);
    up.stop();

    let refused = first.nexus(&["up"]);
    assert_eq!(refused.code, 6, "{refused:?}");
    assert!(refused.err.contains("written by a newer version"), "{refused:?}");
}

/// What a newer program would leave behind.
fn age_the_program(url: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let pool = event_store::pool(url, &PoolOptions::default()).unwrap();
        let sql = "INSERT INTO log_schema_history (version, name, applied_on, checksum) VALUES (999, 'later', '', '0')";
        pool.get().await.unwrap().batch_execute(sql).await.unwrap();
    });
}
