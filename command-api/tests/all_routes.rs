//! A walk over every route of the document: no key, a wrong key, a missing scope, a ledger that is not granted, junk.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod kit;

use command_api::keys::Scope;
use kit::{Answer, Door, open_books};
use serde_json::Value;

struct Route {
    method: String,
    path: String,
    scope: Option<Scope>,
    has_body: bool,
}

async fn walk() -> (Door, Vec<Route>) {
    let door = open_books().await;
    let token = door.key(Scope::ALL, &["*"]).await;
    assert_eq!(door.command("/v1/ledgers", &token, "open", r#"{"id": "household"}"#).await.status, 201);
    let document = door.send("GET", "/openapi.json", &[], "").await.json();
    let mut routes = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            routes.push(Route {
                method: method.to_uppercase(),
                path: filled(path),
                scope: operation["x-scope"].as_str().map(|scope| scope.parse().unwrap()),
                has_body: operation.get("requestBody").is_some(),
            });
        }
    }
    assert!(routes.len() >= 19, "{}", routes.len());
    (door, routes)
}

/// Names for what the path leaves open; the ledger is there, the others need not be.
fn filled(path: &str) -> String {
    path.replace("{ledger}", "household")
        .replace("{account}", "assets:bank")
        .replace("{transaction}", "t1")
        .replace("{position}", "1:1")
        .replace("{budget}", "food")
}

impl Door {
    async fn knock(&self, route: &Route, token: Option<&str>, body: &str) -> Answer {
        let authorization = format!("Bearer {}", token.unwrap_or_default());
        let mut headers = vec![("Content-Type", "application/json")];
        if token.is_some() {
            headers.push(("Authorization", &authorization));
        }
        self.send(&route.method, &route.path, &headers, if route.has_body { body } else { "" }).await
    }
}

#[tokio::test]
async fn only_what_says_so_is_open_to_anybody() {
    let (door, routes) = walk().await;
    for route in &routes {
        let (anonymous, stranger) =
            (door.knock(route, None, "{}").await, door.knock(route, Some("nxk_nobody_x"), "{}").await);
        let statuses = (anonymous.status, stranger.status);
        let is_public = ["/health/live", "/health/ready"].contains(&&*route.path);
        assert_eq!(route.scope.is_none(), is_public, "{}", route.path);
        assert_eq!(
            statuses,
            if is_public { (200, 200) } else { (401, 401) },
            "{} {}",
            route.method,
            route.path
        );
        assert_eq!(anonymous.header("www-authenticate").is_some(), !is_public, "{}", route.path);
    }
}

#[tokio::test]
async fn every_scope_but_the_one_it_needs_is_not_enough() {
    let (door, routes) = walk().await;
    for route in &routes {
        let Some(needed) = route.scope else { continue };
        let others: Vec<_> = Scope::ALL.iter().copied().filter(|scope| *scope != needed).collect();
        let token = door.key(&others, &["*"]).await;
        let answer = door.knock(route, Some(&token), "{}").await;
        assert_eq!(answer.status, 403, "{} {}", route.method, route.path);
        assert!(answer.text().contains(needed.name()), "{}", answer.text());
        let token = door.key(&[needed], &["*"]).await;
        let answer = door.knock(route, Some(&token), "{}").await;
        assert!(![401, 403].contains(&answer.status), "{} {}: {}", route.method, route.path, answer.text());
    }
}

#[tokio::test]
async fn a_ledger_that_is_not_granted_answers_like_one_that_is_not_there() {
    let (door, routes) = walk().await;
    let all = door.key(Scope::ALL, &["*"]).await;
    let shop = door.key(Scope::ALL, &["shop"]).await;
    let bodies = [
        r#"{}"#,
        r#"{"path": "assets:x"}"#,
        r#"{"currency": "EUR"}"#,
        r#"{"currency": "P", "scale": 0}"#,
        r#"{"base": "EUR", "quote": "CZK", "rate": "25.1"}"#,
        r#"{"budget": "food", "account": "expenses:food", "currency": "EUR", "amount": "1", "period": "month"}"#,
        r#"{"account": "expenses:food", "currency": "EUR", "amount": "1", "period": "month"}"#,
    ];
    let transaction =
        r#"{"entries": [{"account": "assets:x", "direction": "debit", "amount": "1", "currency": "EUR"}]}"#;
    for route in routes.iter().filter(|route| route.path.contains("household")) {
        let elsewhere = Route {
            method: route.method.clone(),
            path: route.path.replace("household", "nowhere"),
            scope: route.scope,
            has_body: route.has_body,
        };
        let array = format!("[{transaction}]");
        let mut compared = 0;
        for body in bodies.into_iter().chain([transaction, &array]) {
            let hidden = door.knock(route, Some(&shop), body).await;
            let missing = door.knock(&elsewhere, Some(&all), body).await;
            if route.path.ends_with("/bulk") && missing.status == 200 {
                // Each item tells; the whole request of who was not granted the ledger does not begin.
                let item = &missing.json()["items"][0]["body"];
                assert_eq!(item["code"], hidden.json()["code"], "{}", route.path);
                compared += 1;
            } else if missing.status == 404 || hidden.status == 404 {
                assert_eq!(
                    hidden.snapshot(),
                    missing.snapshot().replace("nowhere", "household"),
                    "{}",
                    route.path
                );
                compared += 1;
            }
        }
        assert!(compared > 0, "no body for {} {}", route.method, route.path);
    }
}

#[tokio::test]
async fn junk_is_refused_with_a_problem_by_every_route_that_reads_a_body() {
    let (door, routes) = walk().await;
    let token = door.key(Scope::ALL, &["*"]).await;
    let deep = "[".repeat(50_000);
    let junk = [
        "",
        "{",
        "null",
        "true",
        "5",
        "\"text\"",
        "{\"unknown\": 1}",
        "[[]]",
        "[{\"entries\": 5}]",
        "{\"a\":1,\"a\":2}",
        "\u{feff}{}",
        &deep,
    ];
    for route in routes.iter().filter(|route| route.has_body) {
        for body in junk {
            let answer = door.knock(route, Some(&token), body).await;
            let problem: Value = answer.json();
            assert!((400..500).contains(&answer.status), "{} {body:.40}: {problem}", route.path);
            assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{}", route.path);
            assert!(problem["detail"].is_string(), "{} {body:.40}: {problem}", route.path);
        }
    }
}
