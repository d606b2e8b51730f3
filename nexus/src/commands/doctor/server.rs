//! Whether the server answers, is ready, and takes our key.

use reqwest::Method;

use super::Check;
use crate::{
    client::{Client, Problem},
    config::{self, Server},
};

/// `runs`: the data folder has an owner.
pub async fn checks(server: &Server, runs: bool) -> Vec<Check> {
    let start = format!("start one: {} up --detach{}", config::how_we_are_called(), server.data.as_flag());
    if server.url.is_none() && !runs {
        return vec![Check::warn("server", "none runs on the data folder", start)];
    }
    let client = match Client::find(server) {
        Ok(client) => client,
        Err(error) => return vec![Check::fail("server", error.to_string(), "wait until it has started")],
    };
    let ready = client.request(Method::GET, "/health/ready").send().await;
    let ready = match ready {
        Ok(response) if response.status().is_success() => {
            Check::ok("server", format!("{} answers and is ready", client.url()))
        }
        Ok(response) => {
            let problem = response.json::<Problem>().await.ok().and_then(|problem| problem.detail);
            let detail = problem.unwrap_or_else(|| "it does not say why".to_owned());
            Check::fail("server", format!("{} is not ready: {detail}", client.url()), "look at its log")
        }
        Err(_) => {
            return vec![Check::fail("server", format!("no server answers at {}", client.url()), start)];
        }
    };
    let key = match client.get("/v1/ledgers?limit=1").await {
        Ok(_) => Check::ok("API key", "the server takes it"),
        Err(error) => Check::fail(
            "API key",
            format!("{error:#}").replace('\n', ";"),
            "make one (nexus keys create), or remove the dev-key file and start the server again",
        ),
    };
    vec![ready, key]
}
