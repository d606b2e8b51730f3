//! Random requests: few accounts and keys, so that they meet; amounts often at an edge; many that are to be refused.

use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};

/// Asked twice, it is the same request: same key, same bytes.
#[derive(Debug, Clone)]
pub struct Request {
    pub path: String,
    pub key: String,
    pub content_type: &'static str,
    pub body: String,
}

const ACCOUNTS: &[&str] =
    &["assets:bank", "assets:cash", "liabilities:card", "income:work", "expenses:food", "equity:opening"];
const CURRENCIES: &[&str] = &["EUR", "EUR", "JPY", "JPY", "BTC"];

/// A ledger, an asset of its own, and an account with a floor.
pub fn first(ledger: u64) -> Vec<Request> {
    let account = json!({"path": "assets:bank"});
    let floor = json!({"currency": "EUR", "floor": "0"});
    let asset = json!({"currency": "BTC", "scale": ledger % 19});
    let open = json!({"id": name(ledger)});
    vec![
        Request { path: "/v1/ledgers".to_owned(), ..request(ledger, "", format!("open-{ledger}"), &open) },
        request(ledger, "/assets", "asset".to_owned(), &asset),
        request(ledger, "/accounts", "account".to_owned(), &account),
        request(ledger, "/accounts/assets:bank/limits", "floor".to_owned(), &floor),
    ]
}

pub fn next(rng: &mut StdRng, ledger: u64, step: usize) -> Request {
    // Now and then a key that was used before, for something else.
    let key = if rng.random_bool(0.06) { rng.random_range(0..=step) } else { step };
    let key = format!("k{key}");
    let account = *of(rng, ACCOUNTS);
    let (path, body) = match rng.random_range(0..100) {
        0..46 => ("/transactions".to_owned(), transaction(rng)),
        46..60 => {
            // Often the same few, which are then reversed already.
            let original =
                if rng.random_bool(0.5) { rng.random_range(0..5) } else { rng.random_range(0..step + 3) };
            (format!("/transactions/k{original}/reverse"), json!({}))
        }
        60..68 => ("/bulk?atomic=true".to_owned(), batch(rng, &key)),
        68..74 => ("/bulk".to_owned(), batch(rng, &key)),
        74..78 => return lines(rng, ledger, key),
        78..82 => ("/accounts".to_owned(), json!({"path": account})),
        82..85 => (format!("/accounts/{account}/freeze"), json!({"reason": "a look at it"})),
        85..92 => (format!("/accounts/{account}/unfreeze"), json!({})),
        92..96 => {
            let floor = json!({"currency": "EUR", "floor": amount(rng), "ceiling": amount(rng)});
            (format!("/accounts/{account}/limits"), floor)
        }
        96..98 => (format!("/accounts/{account}/rename"), json!({"path": *of(rng, ACCOUNTS)})),
        _ => ("/assets".to_owned(), json!({"currency": "POINTS", "scale": rng.random_range(0..=18)})),
    };
    request(ledger, &path, key, &body)
}

fn request(ledger: u64, path: &str, key: String, body: &Value) -> Request {
    let path = format!("/v1/ledgers/{}{path}", name(ledger));
    Request { path, key, content_type: "application/json", body: body.to_string() }
}

fn name(ledger: u64) -> String {
    format!("ledger-{ledger}")
}

fn batch(rng: &mut StdRng, key: &str) -> Value {
    let items = (0..rng.random_range(1..5)).map(|item| {
        let mut transaction = transaction(rng);
        transaction["id"] = format!("{key}-{item}").into();
        transaction
    });
    items.collect()
}

/// A stream of lines, each with its own outcome.
fn lines(rng: &mut StdRng, ledger: u64, key: String) -> Request {
    let items = batch(rng, &key);
    let lines = items.as_array().expect("an array").iter().map(|item| format!("{item}\n"));
    let body = lines.collect();
    let content_type = "application/x-ndjson";
    Request { body, content_type, ..request(ledger, "/bulk", key, &Value::Null) }
}

fn transaction(rng: &mut StdRng) -> Value {
    let mut entries: Vec<Value> = Vec::new();
    for _ in 0..rng.random_range(1..3) {
        let (amount, currency) = (amount(rng), *of(rng, CURRENCIES));
        for direction in ["debit", "credit"] {
            let account = if rng.random_bool(0.02) { "attic" } else { of(rng, ACCOUNTS) };
            entries.push(
                json!({"account": account, "direction": direction, "amount": amount, "currency": currency}),
            );
        }
    }
    if rng.random_bool(0.05) {
        entries[0]["amount"] = amount(rng).into();
    }
    json!({"description": "order", "entries": entries})
}

/// Everyday amounts, and the edges: 2^53 and 10^16 to 10^28, each with its neighbours.
fn amount(rng: &mut StdRng) -> String {
    if rng.random_bool(0.6) {
        return rng.random_range(0..5_000).to_string();
    }
    if rng.random_bool(0.1) {
        return format!("{}.{:02}", rng.random_range(0..100), rng.random_range(0..100));
    }
    let edge = match rng.random_range(15..=28) {
        15 => 1 << 53,
        power => 10_i128.pow(power),
    };
    (edge + rng.random_range(-1..=1)).to_string()
}

fn of<'a, T>(rng: &mut StdRng, all: &'a [T]) -> &'a T {
    &all[rng.random_range(0..all.len())]
}
