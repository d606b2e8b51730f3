//! Answers of views over HTTP: of which position they are, and whether they have changed.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod kit;

use command_api::keys::Scope;
use expect_test::expect;
use kit::{Answer, Door, open_books_with_views};

const TRANSFER: &str = r#"{"entries": [
    {"account": "expenses:food", "direction": "debit", "amount": "1", "currency": "EUR"},
    {"account": "assets:bank", "direction": "credit", "amount": "1", "currency": "EUR"}]}"#;

struct World {
    door: Door,
    token: String,
}

impl World {
    async fn new() -> World {
        let door = open_books_with_views().await;
        let token = door.key(Scope::ALL, &["*"]).await;
        let world = World { door, token };
        world.post("/v1/ledgers", "l1", r#"{"id": "household"}"#).await;
        world
    }

    async fn post(&self, path: &str, key: &str, body: &str) -> String {
        let answer = self.door.command(path, &self.token, key, body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["position"].as_str().unwrap().to_owned()
    }

    async fn get(&self, path: &str, tag: &str) -> Answer {
        let authorization = format!("Bearer {}", self.token);
        self.door.send("GET", path, &[("Authorization", &authorization), ("If-None-Match", tag)], "").await
    }
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let world = World::new().await;
    let position = world.post("/v1/ledgers/household/transactions", "t1", TRANSFER).await;
    let balances = "/v1/ledgers/household/balances";
    let first = world.get(&format!("{balances}?min_position={position}"), "\"other\"").await;
    assert_eq!(first.status, 200, "{}", first.text());
    let tag = first.header("etag").unwrap().to_owned();
    assert_eq!(tag, format!("W/\"balances.1@{position}\""));
    assert_eq!(first.header("cache-control").unwrap(), "private, no-cache");

    // Another ledger's records are nothing to this one.
    let elsewhere = world.post("/v1/ledgers", "l2", r#"{"id": "shop"}"#).await;
    let again = world.get(&format!("{balances}?min_position={elsewhere}"), &tag).await;
    assert_eq!((again.status, again.text()), (304, ""));
    assert_eq!(again.header("etag").unwrap(), tag);
    assert_eq!(again.header("content-type"), None);

    let changed = world.post("/v1/ledgers/household/transactions", "t2", TRANSFER).await;
    let now = world.get(&format!("{balances}?min_position={changed}"), &tag).await;
    assert_eq!(now.status, 200);
    assert_eq!(now.json()["as_of"], changed.as_str());
    assert_ne!(now.header("etag").unwrap(), tag);
    // As it was known then, it is what it was.
    let then = world.get(&format!("{balances}?known_at={position}"), &tag).await;
    assert_eq!(then.status, 304);
}

#[tokio::test]
async fn how_far_a_view_is_behind_stands_in_the_list_and_in_the_metrics() {
    let world = World::new().await;
    let position = world.post("/v1/ledgers/household/transactions", "t1", TRANSFER).await;
    let read =
        world.get(&format!("/v1/ledgers/household/balances?min_position={position}"), "\"other\"").await;
    assert_eq!(read.status, 200, "{}", read.text());

    let listed = world.get("/v1/views", "\"other\"").await;
    assert_eq!(listed.status, 200, "{}", listed.text());
    let listed = listed.json();
    let live = listed["views"].as_array().unwrap().iter().find(|view| view["view"] == "balances").unwrap();
    assert_eq!(live["position"], position.as_str());
    assert_eq!(
        (&live["lag_records"], &live["lag_ms"], &live["percent"]),
        (&0.into(), &0.into(), &"100.0".into())
    );

    let metrics = world.get("/metrics", "\"other\"").await;
    assert_eq!(metrics.status, 200, "{}", metrics.text());
    for line in [
        r#"nexus_view_lag_records{shard="1",view="balances"} 0"#,
        r#"nexus_view_lag_seconds{shard="1",view="balances"} 0"#,
        r#"nexus_view_halted{shard="1",view="balances"} 0"#,
    ] {
        assert!(metrics.text().lines().any(|found| found == line), "{line} is not in\n{}", metrics.text());
    }
}

#[tokio::test]
async fn the_audit_tells_who_did_or_tried_what_and_not_to_everybody() {
    let world = World::new().await;
    world.post("/v1/ledgers/household/transactions", "t1", TRANSFER).await;
    let path = "/v1/ledgers/household/accounts/assets:bank/close";
    let refused = world.door.command(path, &world.token, "c1", "{}").await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    let position = refused.json()["position"].as_str().unwrap().to_owned();

    let audit = format!("/v1/ledgers/household/audit?min_position={position}");
    let page = world.get(&audit, "\"other\"").await;
    assert_eq!(page.status, 200, "{}", page.text());
    let page = page.json();
    let records = page["records"].as_array().unwrap();
    let told: Vec<_> =
        records.iter().map(|r| (r["kind"].as_str().unwrap(), r["key"].as_str().unwrap())).collect();
    assert_eq!(told, [("close_account", "c1"), ("transaction_posted", "t1"), ("ledger_opened", "l1")]);
    assert_eq!(records[0]["outcome"], "refused");
    assert_eq!(records[0]["refusal"]["code"], "account_has_balance");
    assert_eq!(records[0]["accounts"][0]["account"], "assets:bank");
    assert_eq!(page["as_of"], position.as_str());

    // By pages, and what it is narrowed by.
    let first = world.get(&format!("{audit}&limit=2&account=assets:bank"), "\"other\"").await.json();
    assert_eq!(first["records"].as_array().unwrap().len(), 2);
    assert_eq!(first["next"], serde_json::Value::Null);
    let first = world.get(&format!("{audit}&limit=2"), "\"other\"").await.json();
    let next = first["next"].as_str().unwrap();
    let second = world.get(&format!("{audit}&limit=2&cursor={next}"), "\"other\"").await.json();
    assert_eq!(second["records"][0]["key"], "l1");
    let count = |answer: &Answer| answer.json()["records"].as_array().unwrap().len();
    for (narrowed, expected) in [
        ("outcome=refused", 1),
        ("kind=ledger_opened&kind=close_account", 2),
        ("actor=key:nobody", 0),
        ("to=2000-01-01", 0),
        ("from=2000-01-01", 3),
    ] {
        let answer = world.get(&format!("{audit}&{narrowed}"), "\"other\"").await;
        assert_eq!(answer.status, 200, "{narrowed}: {}", answer.text());
        assert_eq!(count(&answer), expected, "{narrowed}");
    }
    assert_eq!(world.get(&format!("{audit}&account=assets:none"), "\"other\"").await.status, 404);

    // Who may read the books may not read who does what.
    let reader = world.door.key(&[Scope::Read], &["household"]).await;
    let authorization = format!("Bearer {reader}");
    let answer = world.door.send("GET", &audit, &[("Authorization", &authorization)], "").await;
    assert_eq!(answer.status, 403, "{}", answer.text());
}

#[tokio::test]
async fn questions_asked_together_are_answered_as_of_one_position() {
    let world = World::new().await;
    let position = world.post("/v1/ledgers/household/transactions", "t1", TRANSFER).await;
    let (door, token) = (&world.door, &world.token);
    let together = |known_at: &str, questions: &str| {
        let body = format!(r#"{{{known_at}"questions": [{questions}]}}"#);
        async move { door.post("/v1/questions", token, &body).await }
    };
    let (all, food) =
        (r#""/v1/ledgers/household/balances""#, r#""/v1/ledgers/household/balances?account=expenses:food""#);
    // What is in the log when they arrive is in the answers: nobody has to wait for the views first.
    let answer =
        together("", &format!(r#"{all}, {food}, "/v1/ledgers/nowhere/balances", "/v1/views""#)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    assert_eq!(answer["known_at"], position.as_str());
    let answers = answer["answers"].as_array().unwrap();
    let statuses: Vec<_> = answers.iter().map(|answer| answer["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [200, 200, 404, 404]);
    for answer in &answers[..2] {
        assert_eq!(answer["body"]["known_at"], position.as_str());
        assert_eq!(answer["body"]["balances"].as_array().unwrap().last().unwrap()["debits"], "1.00");
    }
    assert_eq!(answers[2]["body"]["code"], "ledger_not_found");

    world.post("/v1/ledgers/household/transactions", "t2", TRANSFER).await;
    let then = together(&format!(r#""known_at": "{position}", "#), food).await.json();
    assert_eq!(then["answers"][0]["body"]["balances"][0]["debits"], "1.00");
    let now = together("", food).await.json();
    assert_eq!(now["answers"][0]["body"]["balances"][0]["debits"], "2.00");

    for (question, pointer) in
        [("/health/live", "/questions/1"), ("/v1/ledgers/household/balances?known_at=1:1", "/questions/1")]
    {
        let refused = together("", &format!(r#"{food}, "{question}""#)).await;
        assert_eq!((refused.status, refused.json()["pointer"].as_str()), (400, Some(pointer)), "{question}");
    }
}

#[tokio::test]
async fn transactions_are_searched_and_read_with_their_links() {
    let world = World::new().await;
    let transactions = "/v1/ledgers/household/transactions";
    let rent = r#"{"effective_at": "2026-03-01", "description": "Rent for March", "reference": "R-3",
        "metadata": {"flat": "12 b"}, "entries": [
        {"account": "expenses:rent", "direction": "debit", "amount": "900.00", "currency": "EUR", "tags": ["home"]},
        {"account": "assets:bank", "direction": "credit", "amount": "900.00", "currency": "EUR"}]}"#;
    let posted = world.post(transactions, "t1", rent).await;
    world.post(transactions, "t2", TRANSFER).await;
    world.post(&format!("{transactions}/t1/reverse"), "t3", r#"{"description": "paid twice"}"#).await;
    let last = world.post(transactions, "t4", TRANSFER).await;

    let ids = |answer: &Answer| {
        assert_eq!(answer.status, 200, "{}", answer.text());
        let found = answer.json()["transactions"].as_array().unwrap().clone();
        found.iter().map(|found| found["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for (query, expected) in [
        ("", vec!["t4", "t3", "t2", "t1"]),
        ("filter=text:rent", vec!["t1"]),
        ("filter=metadata.flat:%2212%20b%22%20or%20text:twice", vec!["t3", "t1"]),
        ("filter=account:expenses%20and%20amount%3E1&order=recorded_asc", vec!["t1", "t3"]),
        ("filter=not%20tag:home&order=effective_asc", vec!["t2", "t4"]),
        ("filter=kind:posted&limit=2", vec!["t4", "t2"]),
        ("filter=effective:2026-03", vec!["t1"]),
    ] {
        let answer = world.get(&format!("{transactions}?{query}&min_position={last}"), "").await;
        assert_eq!(ids(&answer), expected, "{query}");
        assert_eq!(answer.json()["as_of"], last.as_str());
    }
    let first = world.get(&format!("{transactions}?limit=3&totals=true&facets=account,tag"), "").await.json();
    assert_eq!(first["totals"]["transactions"], 4);
    assert_eq!(first["totals"]["currencies"][0]["debits"], "1802.00");
    assert_eq!(first["facets"][0]["values"][0]["value"], "assets:bank");
    assert_eq!(first["facets"][1]["values"][0]["transactions"], 2);
    let next = first["next"].as_str().unwrap();
    assert_eq!(ids(&world.get(&format!("{transactions}?cursor={next}"), "").await), ["t1"]);
    let other = world.get(&format!("{transactions}?cursor={next}&order=recorded_asc"), "").await;
    assert_eq!((other.status, other.json()["code"].as_str()), (400, Some("invalid_parameter")));

    let wrong = world.get(&format!("{transactions}?filter=text:rent%20acount:x"), "").await.json();
    assert_eq!(
        (wrong["code"].as_str(), wrong["figures"]["at"].as_str()),
        (Some("invalid_filter"), Some("11"))
    );

    let one = world.get(&format!("{transactions}/t1"), "").await;
    assert_eq!(one.header("etag").unwrap(), format!("W/\"transactions.1@{last}\""));
    assert_eq!(one.json()["reversed_by"]["id"], "t3");
    assert_eq!(one.json()["metadata"]["flat"], "12 b");
    let then = world.get(&format!("{transactions}/t1?known_at={posted}"), "").await.json();
    assert_eq!((then["position"].as_str(), then.get("reversed_by")), (Some(posted.as_str()), None));
    assert_eq!(world.get(&format!("{transactions}/t3"), "").await.json()["reverses"]["id"], "t1");
    let nobody = world.get(&format!("{transactions}/t2?known_at={posted}"), "").await;
    assert_eq!((nobody.status, nobody.json()["code"].as_str()), (404, Some("no_such_transaction")));
}

#[tokio::test]
async fn a_figure_that_is_too_large_is_named() {
    let world = World::new().await;
    let coin = r#"{"currency": "COIN", "scale": 0}"#;
    world.post("/v1/ledgers/household/assets", "coin", coin).await;
    let rate = r#"{"base": "COIN", "quote": "EUR", "rate": "100000000000000000000000000"}"#;
    world.post("/v1/ledgers/household/rates", "rate", rate).await;
    let mut positions = Vec::new();
    for (key, amount) in [("a", "10000000000"), ("b", "10000000000"), ("c", "100000000000")] {
        let body = format!(
            r#"{{"entries": [
                {{"account": "assets:{key}", "direction": "debit", "amount": "{amount}", "currency": "COIN"}},
                {{"account": "income:{key}", "direction": "credit", "amount": "{amount}", "currency": "COIN"}}]}}"#
        );
        positions.push(world.post("/v1/ledgers/household/transactions", key, &body).await);
    }
    let ask = async |question: &str, known_at: &str| {
        let mark = if question.contains('?') { '&' } else { '?' };
        let path = format!("/v1/ledgers/household/{question}{mark}valued_in=EUR&known_at={known_at}");
        world.get(&path, "\"other\"").await
    };
    let [one, two, three] = &positions[..] else { panic!("{positions:?}") };
    for report in ["trial-balance", "balance-sheet", "income-statement"] {
        let report = format!("reports/{report}");
        assert_eq!(ask(&report, one).await.status, 200, "{report}");
        let told = ask(&report, two).await;
        assert_eq!((told.status, &told.json()["code"]), (422, &"figure_too_large".into()), "{report}");
    }
    expect![[r#"422 {"type":"/problems/figure_too_large","title":"Figure too large","status":422,"code":"figure_too_large","detail":"\"assets\" has more EUR than can be told","figures":{"account":"assets","currency":"EUR"}}"#]].assert_eq(&ask("reports/balance-sheet", two).await.snapshot());
    expect![[r#"422 {"type":"/problems/figure_too_large","title":"Figure too large","status":422,"code":"figure_too_large","detail":"a total has more EUR than can be told","figures":{"currency":"EUR"}}"#]].assert_eq(&ask("balances?below=assets", two).await.snapshot());
    expect![[r#"422 {"type":"/problems/figure_too_large","title":"Figure too large","status":422,"code":"figure_too_large","detail":"\"assets:c\" has more EUR than can be told","figures":{"account":"assets:c","currency":"EUR"}}"#]].assert_eq(&ask("balances?account=assets:c", three).await.snapshot());
    // Amounts that need no value are told.
    let told = world.get(&format!("/v1/ledgers/household/balances?min_position={three}"), "\"other\"").await;
    assert_eq!(told.status, 200, "{}", told.text());
}
