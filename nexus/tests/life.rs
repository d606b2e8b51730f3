//! A server's life: first start, second start, who is turned away, how it ends.
#![allow(clippy::unwrap_used)]

mod kit;

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt};

use kit::Place;
use rustix::process::{Pid, Signal};

/// One after the other on one folder: starting is what takes long.
#[test]
fn a_ledger_lives_through_starts_and_stops() {
    let place = Place::new();

    // The first start says all that a newcomer needs, and makes a key for this user alone.
    let up = place.up(&[]);
    let data = place.data();
    for word in [&*place.listen, "/docs", data.to_str().unwrap(), "dev-key", "demo"] {
        assert!(up.welcome.contains(word), "{word:?} is missing:\n{}", up.welcome);
    }
    let key = place.dev_key();
    assert_eq!(fs::metadata(data.join("dev-key")).unwrap().permissions().mode() & 0o777, 0o600);

    let demo = place.run(&["demo"]);
    assert!(demo.contains("Net worth: 12058.53 EUR and 100.00 CHF"), "{demo}");
    let head = place.json(&["ledgers"]);

    // A second instance on the folder is refused, and names the first.
    let second = place.nexus(&["up", "--listen", "127.0.0.1:0"]);
    assert_eq!(second.code, 4, "{second:?}");
    assert!(second.err.contains(&format!("process {}", up.child.id())), "{second:?}");

    // Ctrl-C ends it in order: the log's lines are JSON, and none is a warning.
    up.signal(Signal::INT);
    assert_eq!(up.ended(), (0, "\nStopped.\n".to_owned()));
    for line in place.log().lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["service"], "nexus");
        assert_eq!(line["level"], "INFO", "{line}");
    }

    // Without a server the client says how to start one.
    let alone = place.nexus(&["ledgers"]);
    assert_eq!(alone.code, 3);
    assert!(alone.err.contains("nexus up --detach"), "{alone:?}");

    // Killed, it leaves nothing that keeps the next start from going on where it was, with the same key.
    let mut up = place.up(&[]);
    up.child.kill().unwrap();
    up.child.wait().unwrap();
    let up = place.up(&[]);
    assert_eq!(place.json(&["ledgers"]), head);
    assert_eq!(place.dev_key(), key);

    // A Postgres that dies is brought back, and nothing is lost.
    let postgres: i32 = first_line(&data.join("postgres/pgdata/postmaster.pid")).parse().unwrap();
    rustix::process::kill_process(Pid::from_raw(postgres).unwrap(), Signal::KILL).unwrap();
    place.run(&["open", "after-the-fall"]);
    up.stop();

    // In the background: started, found, stopped. Stopping what does not run is no error.
    let said = place.run(&["up", "--detach"]);
    assert!(said.contains("nexus down"), "{said}");
    assert_eq!(place.json(&["ledgers"])["ledgers"].as_array().unwrap().len(), 2);
    assert!(place.nexus(&["up", "--detach"]).err.contains("in use by another nexus"));
    place.run(&["down"]);
    assert!(place.run(&["down"]).contains("No server runs"));
}

/// An empty database in its place would answer for ever as if there had never been a ledger.
#[test]
fn a_server_whose_database_is_gone_ends_and_says_so() {
    let place = Place::new();
    let up = place.up(&[]);
    let postgres = place.data().join("postgres");
    let server: i32 = first_line(&postgres.join("pgdata/postmaster.pid")).parse().unwrap();
    fs::rename(&postgres, place.data().join("moved away")).unwrap();
    rustix::process::kill_process(Pid::from_raw(server).unwrap(), Signal::KILL).unwrap();
    assert_eq!(up.ended().0, 1);
    assert!(place.log().contains("is gone: put it back, or restore a backup"), "{}", place.log());
    assert!(!postgres.exists(), "something was made in its place");

    // Put back, nothing is lost.
    fs::rename(place.data().join("moved away"), &postgres).unwrap();
    place.up(&[]).stop();
}

#[test]
fn a_busy_port_is_said_before_anything_is_started() {
    let mut place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    place.listen = taken.local_addr().unwrap().to_string();
    for words in [&["up"][..], &["up", "--detach"]] {
        let refused = place.nexus(words);
        assert_eq!(refused.code, 5, "{refused:?}");
        assert!(
            refused.err.contains(&format!("{} is in use by another program", place.listen)),
            "{refused:?}"
        );
        assert!(!place.data().join("postgres").exists());
    }
}

fn first_line(path: &std::path::Path) -> String {
    fs::read_to_string(path).unwrap().lines().next().unwrap().to_owned()
}
