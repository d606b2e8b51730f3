//! The commands that talk to a server, all on one.
#![allow(clippy::unwrap_used)]

mod kit;

use std::time::{Duration, Instant};

use kit::Place;

#[test]
fn the_client_does_what_its_help_says() {
    let place = Place::new();
    let up = place.up(&["--access-log", "all"]);

    demo(&place);
    postings(&place);
    views(&place);
    refusals(&place);
    keys(&place);
    doctor(&place);
    assert!(place.run(&["completions", "zsh"]).contains("#compdef nexus"));
    up.stop();
    log_lines(&place.log());

    // Keys are kept in the database: no server is needed.
    assert!(place.run(&["keys", "list"]).contains("till"));
    // A key whose file is lost is revoked, and a new one made.
    let lost = place.dev_key();
    std::fs::remove_file(place.data().join("dev-key")).unwrap();
    let up = place.up(&[]);
    place.run(&["ledgers"]);
    assert_eq!(place.nexus(&["ledgers", "--api-key", &lost]).code, 8);
    up.stop();
}

fn demo(place: &Place) {
    assert!(place.run(&["ledgers"]).contains("There is no ledger yet"));
    let first = place.json(&["demo"]);
    assert_eq!((first["posted"].as_u64(), first["repeated"].as_u64()), (Some(18), Some(0)));
    let events = place.run(&["events", "household", "--json"]);
    let second = place.json(&["demo"]);
    assert_eq!((second["posted"].as_u64(), second["repeated"].as_u64()), (Some(0), Some(18)));
    assert_eq!(second["accounts"], first["accounts"]);
    assert!(place.run(&["demo"]).contains("nothing new was posted"));
    assert_eq!(place.run(&["events", "household", "--json"]), events);

    let balance = place.run(&["balance", "household", "assets:cash"]);
    assert!(balance.contains("EUR       152.40    32.80   119.60     0.00     119.60"), "{balance}");
    let accounts = place.run(&["accounts"]);
    assert!(accounts.contains("liabilities:credit card    liability     84.15  EUR"), "{accounts}");
    // Dates are those of the ledger's own time zone.
    let events = place.run(&["events", "household"]);
    assert!(events.contains("2026-01-12        transaction posted    demo-12-dinner"), "{events}");
}

fn postings(place: &Place) {
    place.run(&["open", "shop", "--time-zone", "Europe/Prague", "--name", "The corner shop"]);
    // The same again is the same answer.
    let opened = place.json(&["open", "shop", "--time-zone", "Europe/Prague", "--name", "The corner shop"]);
    assert_eq!(opened["ledger"], "shop");
    let post =
        ["post", "shop", "12.34", "EUR", "--from", "income:sales", "--to", "assets:till", "--key", "sale-1"];
    let posted = place.json(&post);
    assert_eq!(posted["balances"][0]["balance"], "12.34");
    assert_eq!(place.json(&post), posted);
    let dry = place.json(&[
        "post",
        "shop",
        "1",
        "EUR",
        "--from",
        "income:sales",
        "--to",
        "assets:till",
        "--dry-run",
    ]);
    assert_eq!(dry["position"], serde_json::Value::Null);
    let rate =
        ["rate", "shop", "EUR", "CZK", "25.10", "--at", "2026-11-01", "--source", "a bank", "--key", "r1"];
    assert!(place.run(&rate).contains("1 EUR = 25.10 CZK from 2026-10-31T23:00:00Z on"));
    assert_eq!(place.json(&rate)["rate"], "25.10");
    assert!(place.run(&["events", "shop"]).contains("1 EUR = 25.10 CZK"));
    let dry = place.run(&["rate", "shop", "EUR", "CZK", "25.2", "--dry-run"]);
    assert!(dry.contains("Nothing was recorded"), "{dry}");
    budgets(place);
    analytics(place);
    place.run(&["reverse", "shop", "sale-1", "--description", "rung up twice"]);
    assert_eq!(place.json(&["balance", "shop", "assets:till"])["balances"][0]["posted"]["balance"], "0.00");
}

fn budgets(place: &Place) {
    let set = [
        "budget",
        "shop",
        "set",
        "sales",
        "1000",
        "EUR",
        "month",
        "--account",
        "income:sales",
        "--key",
        "b1",
    ];
    let words = place.run(&[&set[..], &["--starts", "2026-01-01"]].concat());
    assert!(words.contains("budget sales: 1000.00 EUR a month from 2026-01-01 on"), "{words}");
    let change = ["budget", "shop", "change", "sales", "1100", "EUR", "month", "--account", "income:sales"];
    let changed = place.json(&[&change[..], &["--starts", "2026-07-01", "--carry-over", "all"]].concat());
    assert_eq!((&changed["direction"], &changed["carry_over"]), (&"credit".into(), &"all".into()));
    assert!(place.run(&["events", "shop"]).contains("sales: 1100.00 EUR a month from 2026-07-01"));
    assert!(place.nexus(&["budget", "shop", "drop", "rent"]).err.contains("budget_not_found"));
    let show = place.json(&["budget", "shop", "show", "sales", "--to", "2026-07-31"]);
    assert_eq!(show["periods"].as_array().unwrap().last().unwrap()["planned"], "1100.00");
    let show = place.run(&["budget", "shop", "show", "sales"]);
    assert!(show.contains("1100.00  EUR       month   all         income:sales"), "{show}");
    let now = place.run(&["budget", "shop", "--at", "2026-06-15"]);
    assert!(now.contains("sales   2026-06-01  2026-06-30  1000.00          0.00    0.00    1000.00  EUR       ..........    0 %"), "{now}");
    assert!(place.run(&["budget", "shop", "--at", "2025-12-31"]).contains("none plans for that time"));
    let dry = place.run(&["budget", "shop", "drop", "sales", "--from", "2030-01-01", "--dry-run"]);
    assert!(dry.contains("nothing is planned from 2030-01-01 on. Nothing was recorded."), "{dry}");
}

fn analytics(place: &Place) {
    let to = ["--to", "9999-12-31", "--by", "year"];
    let year =
        place.run(&[&["analytics", "shop", "income-expense", "--from", "9990-01-01"][..], &to].concat());
    assert!(year.starts_with("Income and expense, as known at 1:"), "{year}");
    let month = place.json(&[
        "analytics",
        "household",
        "income-expense",
        "--from",
        "2026-01-01",
        "--to",
        "2026-01-31",
    ]);
    assert!(!month["periods"][0]["lines"].as_array().unwrap().is_empty(), "{month}");
    let flow =
        place.run(&["analytics", "household", "cash-flow", "--from", "2026-01-01", "--to", "2026-01-31"]);
    assert!(flow.contains("closing") && flow.contains("  expenses:"), "{flow}");
    let worth =
        place.run(&["analytics", "household", "net-worth", "--from", "2026-01-01", "--to", "2026-01-31"]);
    assert!(worth.contains("2026-01-31"), "{worth}");
    let compared = place.run(&["analytics", "household", "compare", "2026-01", "--depth", "1"]);
    assert!(compared.contains("expense  expenses"), "{compared}");
}

fn views(place: &Place) {
    let events = place.run(&["events", "shop", "--json"]);
    let events = events.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let sale = events.into_iter().find(|event| event["key"] == "sale-1").unwrap();
    let till = |flags: &[&str]| {
        let found = place.json(&[&["balance", "shop"], flags].concat());
        let till =
            found["balances"].as_array().unwrap().iter().find(|b| b["account"] == "assets:till").cloned();
        till.map_or_else(String::new, |till| till["balance"].as_str().unwrap().to_owned())
    };
    // Since reversed; as it was known at the sale, it stands. Before that there was nothing.
    let known = format!("1:{}", sale["seq"]);
    assert_eq!(till(&["--below", "assets"]), "0.00");
    assert_eq!(till(&["assets:till", "--known-at", &known]), "12.34");
    assert_eq!(till(&["assets:till", "--at", "9999-12-30", "--known-at", &known]), "12.34");
    assert_eq!(till(&["assets:till", "--at", "2000-01-01"]), "");
    assert!(place.nexus(&["balance", "shop", "--below", "assets:safe"]).err.contains("no_such_account"));
    assert!(place.nexus(&["balance", "shop", "--at", "yesterday"]).err.contains("invalid_parameter"));

    let found =
        place.run(&["search", "shop", "account:assets:till and amount>=12", "--totals", "--facets", "month"]);
    for word in ["sale-1", "rung up twice (reverses sale-1)", "12.34", "2 transactions in all"] {
        assert!(found.contains(word), "{word:?} is missing: {found}");
    }
    let found = place.json(&["search", "shop", "kind:posted", "--known-at", &known, "--limit", "1"]);
    assert_eq!(found["transactions"][0]["id"], "sale-1");
    assert_eq!(found["transactions"][0]["reversed_by"], serde_json::Value::Null);
    let wrong = place.nexus(&["search", "shop", "amount>=a lot"]);
    assert!(wrong.err.contains("at character 9: found `a`"), "{wrong:?}");

    place.run(&["views", "rebuild", "balances"]);
    within(Duration::from_secs(20), || {
        let views = place.json(&["views"]);
        let builds = views["views"].as_array().unwrap();
        let of = |build: u64| builds.iter().find(|b| b["view"] == "balances" && b["build"] == build);
        let state = |build: u64| of(build).map(|b| b["state"].clone());
        state(2) == Some("live".into()) && state(1) == Some("retired".into())
    });
    assert_eq!(till(&["assets:till", "--known-at", &known]), "12.34");
    assert_eq!(place.nexus(&["views", "rebuild", "horoscope"]).code, 1);
}

fn refusals(place: &Place) {
    let refused =
        place.nexus(&["post", "shop", "1.234", "EUR", "--from", "income:sales", "--to", "assets:till"]);
    assert_eq!(refused.code, 8);
    for word in ["Amount has too many decimals", "at /entries/0/amount", "decimals_max: 2"] {
        assert!(refused.err.contains(word), "{word:?} is missing: {}", refused.err);
    }
    let nobody = place.nexus(&["balance", "shop", "assets:safe"]);
    assert!(nobody.err.contains("no_such_account"), "{nobody:?}");
    assert_eq!(place.nexus(&["post", "shop"]).code, 2);
    assert_eq!(place.nexus(&["ledgers", "--url", "http://127.0.0.1:1"]).code, 3);
}

fn keys(place: &Place) {
    let made = place.json(&["keys", "create", "--name", "till", "--scope", "read", "--ledger", "shop"]);
    let (id, token) = (made["id"].as_str().unwrap(), made["token"].as_str().unwrap());
    let with = |words: &[&str]| place.nexus(&[words, &["--api-key", token]].concat());

    within_five_seconds(|| with(&["balance", "shop", "assets:till"]).code == 0);
    // A ledger that was not granted is not there; a scope that was not given is said to be missing.
    assert!(with(&["accounts", "household"]).err.contains("ledger_not_found"));
    let post = ["post", "shop", "1", "EUR", "--from", "income:sales", "--to", "assets:till"];
    assert!(with(&post).err.contains("scope_missing"));

    assert!(!place.run(&["keys", "list"]).contains(token));
    place.run(&["keys", "revoke", id]);
    within_five_seconds(|| with(&["balance", "shop", "assets:till"]).err.contains("key_invalid"));
    assert_eq!(place.nexus(&["keys", "revoke", "nobody"]).code, 1);
    assert_eq!(
        place.nexus(&["keys", "create", "--name", "x", "--scope", "everything", "--ledger", "shop"]).code,
        2
    );
}

fn doctor(place: &Place) {
    let found = place.json(&["doctor"]);
    let checks = found["checks"].as_array().unwrap();
    let whats: Vec<&str> = checks.iter().map(|check| check["what"].as_str().unwrap()).collect();
    for what in [
        "Postgres binaries",
        "data folder",
        "dev key",
        "disk",
        "server",
        "API key",
        "database",
        "clocks",
        "log",
        "append only",
    ] {
        assert!(whats.contains(&what), "{what:?} is missing: {whats:?}");
    }
    for check in checks.iter().filter(|check| check["what"] != "disk") {
        assert_eq!(check["verdict"], "ok", "{check}");
    }
}

/// Each line has the four fields, and those of requests the other six.
fn log_lines(log: &str) {
    let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &lines {
        for field in ["timestamp", "level", "service", "message"] {
            assert!(line[field].is_string(), "{field} is missing: {line}");
        }
    }
    let requests: Vec<_> = lines.iter().filter(|line| line["target"] == "access").collect();
    let posted = requests.iter().find(|line| line["message"] == "POST post_transaction").unwrap();
    for field in ["user_id", "ip_address", "user_agent", "request_id", "response_time_ms", "status_code"] {
        assert!(!posted[field].is_null(), "{field} is missing: {posted}");
    }
    assert_eq!(posted["user_id"], "dev");
    let refused = requests.iter().find(|line| line["status_code"] == 401).unwrap();
    assert_eq!(refused["level"], "WARN");
}

/// Asks again and again; the server looks at its list of keys every two seconds.
fn within_five_seconds(holds: impl Fn() -> bool) {
    within(Duration::from_secs(5), holds);
}

fn within(time: Duration, holds: impl Fn() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < time, "{time:?} have passed");
    }
}
