//! A door with books that are known, and what every answer of it must be.

use std::time::{Duration, Instant};

use command_api::keys::Scope;
use serde_json::{Value, json};

use crate::{
    bodies::{self, Expected, Hostile},
    kit::{Answer, Door, open_books_with_views},
    schema::Schemas,
};

const WITHIN: Duration = Duration::from_secs(1);
pub const JSON: &str = "application/json";
pub const LINES: &str = "application/x-ndjson";

/// Names and values, as they stand on the wire.
pub type Headers<'a> = Vec<(&'a str, &'a [u8])>;

/// One way to send a body to a route.
pub struct Target {
    pub method: String,
    pub path: String,
    pub media_type: String,
    pub schema: Value,
    pub parameters: Vec<Value>,
    pub example: Value,
}

impl Target {
    pub fn are_lines(&self) -> bool {
        self.media_type == LINES
    }

    /// A batch is refused as a whole, or not at all, only when it is atomic.
    pub fn query(&self, dry_run: bool) -> String {
        if !self.parameters.iter().any(|parameter| parameter["name"] == "dry_run") {
            return String::new();
        }
        let is_bulk = self.parameters.iter().any(|parameter| parameter["name"] == "atomic");
        format!("?dry_run={dry_run}{}", if is_bulk { "&atomic=true" } else { "" })
    }

    pub fn name(&self) -> String {
        format!("{} {} ({})", self.method, self.path, self.media_type)
    }
}

pub struct Siege {
    pub door: Door,
    pub schemas: Schemas,
    pub document: Value,
    pub token: String,
}

impl Siege {
    /// Books with a ledger whose names are those of the document's examples.
    pub async fn begin() -> Self {
        let door = open_books_with_views().await;
        let token = door.key(Scope::ALL, &["*"]).await;
        let document = door.send("GET", "/openapi.json", &[], "").await.json();
        let schemas = Schemas::new(document.clone());
        let siege = Self { door, schemas, document, token };
        siege.good("/v1/ledgers", "open", json!({ "id": "household" })).await;
        siege.good("/v1/ledgers/household/transactions", "groceries-2026-11-23", json!({ "entries": [
            { "account": "assets:bank:checking", "direction": "credit", "amount": "12.34", "currency": "EUR" },
            { "account": "expenses:food", "direction": "debit", "amount": "12.34", "currency": "EUR" },
        ]})).await;
        siege
    }

    pub async fn good(&self, path: &str, key: &str, body: Value) -> Value {
        let answer = self.door.command(path, &self.token, key, &body.to_string()).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    }

    /// The routes, with what stands in their paths filled in.
    pub fn operations(&self) -> Vec<(String, String, Value)> {
        let mut all = Vec::new();
        for (path, operations) in self.document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                let mut path = path.clone();
                for parameter in operation["parameters"].as_array().into_iter().flatten() {
                    if parameter["in"] == "path" {
                        let name = format!("{{{}}}", parameter["name"].as_str().unwrap());
                        let example = self.schemas.example(&parameter["schema"]);
                        path = path.replace(&name, &encoded(example.as_str().unwrap()));
                    }
                }
                all.push((method.to_uppercase(), path, operation.clone()));
            }
        }
        all
    }

    pub fn targets(&self) -> Vec<Target> {
        let mut targets = Vec::new();
        for (method, path, operation) in self.operations() {
            for (media_type, content) in operation["requestBody"]["content"].as_object().into_iter().flatten()
            {
                let mut schema = self.schemas.resolved(&content["schema"]);
                if media_type == LINES {
                    schema = self.schemas.resolved(&schema["items"]);
                }
                targets.push(Target {
                    method: method.clone(),
                    path: path.clone(),
                    media_type: media_type.clone(),
                    example: with_key(self.schemas.example(&schema)),
                    schema,
                    parameters: operation["parameters"].as_array().cloned().unwrap_or_default(),
                });
            }
        }
        assert!(targets.len() >= 12, "{}", targets.len());
        targets
    }

    pub fn hostile(&self, target: &Target) -> Vec<Hostile> {
        let places = self.schemas.places(&target.schema, &target.example);
        let mut hostile = bodies::faults(&self.schemas, &target.example, &places);
        hostile.extend(bodies::wholes(&target.example, target.are_lines()));
        // Nothing of a line is an empty line, of which there may be any number.
        hostile.retain(|hostile| !(target.are_lines() && hostile.body.is_empty()));
        hostile
    }

    /// Sends it and checks what holds for every answer. `headers` stand as they are.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &[u8])], body: &[u8]) -> Answer {
        let token = format!("Bearer {}", self.token);
        let mut bytes =
            format!("{method} {path} HTTP/1.1\r\nHost: door\r\nConnection: close\r\n").into_bytes();
        let length = body.len().to_string();
        let own: [(&str, &[u8]); 2] =
            [("Authorization", token.as_bytes()), ("Content-Length", length.as_bytes())];
        for (name, value) in own.iter().chain(headers) {
            bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        bytes.extend(b"\r\n");
        bytes.extend(body);
        let began = Instant::now();
        let answer = self.door.raw(&bytes).await;
        let took = began.elapsed();
        assert!(took < WITHIN, "{method} {path} took {took:?}");
        assert!(answer.status < 500, "{method} {path}: {}", answer.text());
        if answer.status >= 400 {
            let problem = answer.json();
            assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{method} {path}");
            assert_eq!(problem["status"], answer.status, "{problem}");
            for field in ["type", "title", "code"] {
                assert!(problem[field].is_string(), "{method} {path}: no {field} in {problem}");
            }
        }
        answer
    }

    pub async fn body(&self, target: &Target, dry_run: bool, body: &[u8]) -> Answer {
        let path = format!("{}{}", target.path, target.query(dry_run));
        self.send(&target.method, &path, &[("Content-Type", target.media_type.as_bytes())], body).await
    }

    /// All that the books say but refusals, which are recorded without changing anything.
    pub async fn books(&self) -> Vec<Value> {
        let mut pages = Vec::new();
        for path in [
            "/v1/ledgers?limit=1000",
            "/v1/ledgers/household",
            "/v1/ledgers/household/accounts?limit=1000",
            "/v1/ledgers/household/events?limit=1000",
        ] {
            let answer = self.door.get(path, &self.token).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            let mut page = answer.json();
            page.as_object_mut().unwrap().remove("as_of");
            assert!(page["next"].is_null(), "{path}: there is more than a page");
            if let Some(events) = page["events"].as_array_mut() {
                events.retain(|event| event["type"] != "command_refused");
            }
            pages.push(page);
        }
        pages
    }

    /// The books are as they were, and take new entries.
    pub async fn has_held(&self, before: &[Value]) {
        assert_eq!(self.books().await, before);
        let posted = self.good("/v1/ledgers/household/transactions", "afterwards", json!({ "entries": [
            { "account": "assets:bank:checking", "direction": "debit", "amount": "2.34", "currency": "EUR" },
            { "account": "expenses:food", "direction": "credit", "amount": "2.34", "currency": "EUR" },
        ]})).await;
        assert_eq!(posted["balances"][0]["balance"], "-10.00");
    }
}

/// A key that the books do not know yet, instead of the document's example.
fn with_key(example: Value) -> Value {
    example.to_string().replace("groceries-2026-11-23", "hostile").parse().unwrap()
}

pub fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b':' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// `None`: as expected.
pub fn complaint(target: &Target, expected: &Expected, answer: &Answer) -> Option<String> {
    let problem = if answer.status < 400 { Value::Null } else { answer.json() };
    let pointer = problem["pointer"].as_str();
    // A line's place in the body is its number.
    let prefix = if target.are_lines() { "/0" } else { "" };
    let is_within = |place: &str| {
        let rest = pointer.and_then(|pointer| pointer.strip_prefix(prefix)?.strip_prefix(place));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let is_fine = match expected {
        Expected::At(place) => answer.status == 400 && pointer == Some(&format!("{prefix}{place}")),
        Expected::Within(place) => [400, 422].contains(&answer.status) && is_within(place),
        Expected::Malformed => answer.status == 400,
        Expected::TooLarge => answer.status == 413,
        Expected::WellFormed => ![400, 413, 415].contains(&answer.status),
    };
    (!is_fine).then(|| format!("expected {expected:?}: {} {:.300}", answer.status, answer.text()))
}
