//! What the documentation fills in for "try it" works as it stands.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod kit;

use command_api::keys::Scope;
use kit::open_books;
use serde_json::{Value, json};

/// As somebody would try them, from the top; the account can be closed because the reversal emptied it.
const ORDER: [&str; 16] = [
    "open_ledger",
    "open_account",
    "post_transaction",
    "bulk",
    "set_limits",
    "register_asset",
    "record_rate",
    "set_budget",
    "change_budget",
    "drop_budget",
    "freeze_account",
    "unfreeze_account",
    "reverse_transaction",
    "rename_account",
    "close_account",
    "list_accounts",
];

#[tokio::test]
async fn what_the_documentation_proposes_is_carried_out() {
    let door = open_books().await;
    let token = door.key(Scope::ALL, &["*"]).await;
    let document = door.send("GET", "/openapi.json", &[], "").await.json();
    assert!(!document.to_string().contains("\"parameters\":null"));
    let operations = document["paths"].as_object().unwrap();
    let find = |id: &str| {
        let all = operations.iter().flat_map(|(path, methods)| {
            methods.as_object().unwrap().values().map(move |operation| (path, operation))
        });
        all.into_iter().find(|(_, operation)| operation["operationId"] == id).unwrap()
    };
    for id in ORDER {
        let (path, operation) = find(id);
        let mut address = path.clone();
        for parameter in operation["parameters"].as_array().unwrap() {
            let (name, example) = (parameter["name"].as_str().unwrap(), &parameter["schema"]["example"]);
            match parameter["in"].as_str().unwrap() {
                "path" => address = address.replace(&format!("{{{name}}}"), example.as_str().unwrap()),
                _ => assert!(example.is_null(), "{id} proposes a {name}"),
            }
        }
        let content = &operation["requestBody"]["content"]["application/json"]["schema"];
        let answer = if content.is_null() {
            door.get(&address, &token).await
        } else {
            door.post(&address, &token, &proposed(&document, content).to_string()).await
        };
        assert!([200, 201].contains(&answer.status), "{id}: {}", answer.text());
        if id == "bulk" {
            assert_eq!(answer.json()["items"][0]["status"], 201, "{}", answer.text());
        }
    }
}

fn proposed(document: &Value, schema: &Value) -> Value {
    if schema["type"] == "array" {
        return json!([proposed(document, &schema["items"])]);
    }
    let target = schema["$ref"].as_str().unwrap().trim_start_matches('#');
    let example = &document.pointer(target).unwrap()["example"];
    assert!(example.is_object(), "{target} has no example");
    example.clone()
}
