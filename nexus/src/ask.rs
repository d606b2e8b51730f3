//! Asks views: what is recorded by now is to be in the answer.

use anyhow::Result;
use serde_json::Value;

use crate::client::{Client, Problem, segment};

/// A question about a ledger, such as `balances`; parameters without a value are left out. The view may be a moment behind: waits
/// for it.
pub async fn ask(
    client: &Client,
    ledger: &str,
    question: &str,
    parameters: &[(&str, Option<&str>)],
) -> Result<Value> {
    let ledger = segment(ledger);
    let now = client.get(&format!("/v1/ledgers/{ledger}/accounts?limit=1")).await?["as_of"].take();
    let parameters = parameters.iter().copied().chain([("min_position", now.as_str())]);
    let query: Vec<String> =
        parameters.filter_map(|(name, value)| Some(format!("{name}={}", segment(value?)))).collect();
    when_it_is_there(client, &format!("/v1/ledgers/{ledger}/{question}?{}", query.join("&"))).await
}

/// After a large import a view may be seconds behind. Each asking waits at the server.
pub async fn when_it_is_there(client: &Client, path: &str) -> Result<Value> {
    const ASKINGS_MAX: usize = 30;
    for _ in 1..ASKINGS_MAX {
        match client.get(path).await {
            Err(error) if error.downcast_ref::<Problem>().is_some_and(|p| p.code == "view_behind") => {}
            other => return other,
        }
    }
    client.get(path).await
}

/// The first page of a question, with what all pages have under `name`.
pub async fn ask_all_pages(
    client: &Client,
    ledger: &str,
    question: &str,
    parameters: &[(&str, Option<&str>)],
    name: &str,
) -> Result<Value> {
    let mut all = ask(client, ledger, question, parameters).await?;
    let mut next = all["next"].as_str().map(str::to_owned);
    while let Some(cursor) = next {
        let parameters = parameters.iter().copied().chain([("cursor", Some(cursor.as_str()))]);
        let mut page = ask(client, ledger, question, &parameters.collect::<Vec<_>>()).await?;
        if let (Some(all), Value::Array(more)) = (all[name].as_array_mut(), page[name].take()) {
            all.extend(more);
        }
        next = page["next"].as_str().map(str::to_owned);
    }
    if let Some(answer) = all.as_object_mut() {
        answer.remove("next");
    }
    Ok(all)
}
