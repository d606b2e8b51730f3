//! The client's end of HTTP: finds the server and the key, sends, and turns problems into words.

use std::{fmt::Write, fs, time::Duration};

use anyhow::{Context, Result, bail};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    config::{self, Server},
    exit::Exit,
};

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Without a byte for so long, nobody will answer any more: the server itself gives up on a command after seconds.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// For a server that has no time now: it says how many seconds later it may have.
const ATTEMPTS_MAX: u32 = 6;
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// A server and the key to it.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    /// `http://127.0.0.1:8000`, without a slash at the end.
    url: String,
    key: String,
}

/// What the server says when it says no (RFC 9457).
#[derive(Debug, Clone, Deserialize)]
pub struct Problem {
    pub title: String,
    pub status: u16,
    pub code: String,
    pub detail: Option<String>,
    pub pointer: Option<String>,
    #[serde(default)]
    pub figures: std::collections::BTreeMap<String, String>,
    pub request_id: Option<String>,
}

impl Client {
    /// From the flags and the environment, else from what `nexus up` left in the data folder.
    pub fn find(server: &Server) -> Result<Client> {
        let url = match &server.url {
            Some(url) => url.clone(),
            None => fs::read_to_string(server.data.address()).map_err(|_| {
                let (nexus, ours) = (config::how_we_are_called(), server.data.as_flag());
                Exit::NotRunning.because(format!(
                    "no server runs on the data folder {}; start one: {nexus} up --detach{ours} \
                     (or name a server: --url, NEXUS_URL)",
                    server.data.path.display()
                ))
            })?,
        };
        let key = match &server.api_key {
            Some(key) => key.clone(),
            None => {
                let file = server.data.dev_key();
                fs::read_to_string(&file).with_context(|| {
                    format!(
                        "no API key: neither --api-key nor NEXUS_KEY, and {} cannot be read",
                        file.display()
                    )
                })?
            }
        };
        let http = reqwest::Client::builder()
            .no_proxy()
            .connect_timeout(CONNECT_WITHIN)
            .read_timeout(ANSWER_WITHIN)
            .build()
            .context("cannot make an HTTP client")?;
        Ok(Client { http, url: with_scheme(&url)?, key: key.trim().to_owned() })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// A request to a path such as `/v1/ledgers`, with the key on it; for what [`Client::get`] and [`Client::post`] cannot.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.key)
    }

    pub async fn get(&self, path: &str) -> Result<Value> {
        self.send(self.request(Method::GET, path)).await
    }

    /// All pages of a list whose items stand under `name`.
    pub async fn get_all(&self, path: &str, name: &str) -> Result<Vec<Value>> {
        let (mut all, mut after) = (Vec::new(), String::new());
        loop {
            let mut page = self.get(&format!("{path}?limit=1000{after}")).await?;
            if let Value::Array(items) = page[name].take() {
                all.extend(items);
            }
            match page["next"].as_str() {
                Some(next) => after = format!("&after={}", segment(next)),
                None => return Ok(all),
            }
        }
    }

    /// Posts a body under an idempotency key. When the answer is lost, the error says how to ask again without posting twice.
    pub async fn post(&self, path: &str, key: &str, body: &Value) -> Result<Value> {
        let request = self.request(Method::POST, path).header("idempotency-key", key).json(body);
        self.send(request).await.map_err(|error| match error.is::<Problem>() {
            true => error,
            false => error.context(format!("not known to be recorded; ask again with --key {key}")),
        })
    }

    /// Sends, and answers the body of a success. A problem becomes an error that carries [`Problem`]. What the server
    /// cannot do just now (503) is asked again: a key makes a repeat safe.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Result<Value> {
        let mut attempts = 1;
        loop {
            let again = request.try_clone().context("the request's body can be sent only once")?;
            let response = again.send().await.map_err(|error| self.unreachable(&error))?;
            let (status, pause) = (response.status(), retry_after(&response));
            let bytes = response.bytes().await.context("the server's answer broke off")?;
            if status.is_success() {
                return serde_json::from_slice(&bytes).context("the server's answer is not JSON");
            }
            if status != StatusCode::SERVICE_UNAVAILABLE || attempts == ATTEMPTS_MAX {
                bail!(problem(status, &bytes))
            }
            attempts += 1;
            tokio::time::sleep(pause).await;
        }
    }

    pub fn unreachable(&self, error: &reqwest::Error) -> anyhow::Error {
        let url = &self.url;
        if error.is_connect() {
            return Exit::NotRunning
                .because(format!("no server answers at {url}; start one: nexus up --detach"));
        }
        let mut causes: Vec<String> = Vec::new();
        let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
        while let Some(next) = cause {
            causes.push(next.to_string());
            cause = next.source();
        }
        Exit::NotRunning.because(format!("the exchange with {url} failed: {}", causes.join(": ")))
    }
}

/// `localhost:8000` means `http://localhost:8000`.
fn with_scheme(url: &str) -> Result<String> {
    let url = url.trim().trim_end_matches('/');
    match url.split_once("://") {
        None => Ok(format!("http://{url}")),
        Some(("http", _)) => Ok(url.to_owned()),
        Some((scheme, _)) => {
            bail!("{scheme} is not spoken here: name an http:// address (a tunnel, or a proxy beside us)")
        }
    }
}

fn retry_after(response: &reqwest::Response) -> Duration {
    let seconds =
        response.headers().get("retry-after").and_then(|seconds| seconds.to_str().ok()?.parse().ok());
    Duration::from_secs(seconds.unwrap_or(1)).min(PAUSE_MAX)
}

fn problem(status: StatusCode, bytes: &[u8]) -> Problem {
    serde_json::from_slice(bytes).unwrap_or_else(|_| Problem {
        title: format!("the server answered {status}"),
        status: status.as_u16(),
        code: "no_problem_document".to_owned(),
        detail: Some(String::from_utf8_lossy(&bytes[..bytes.len().min(500)]).into_owned()),
        pointer: None,
        figures: Default::default(),
        request_id: None,
    })
}

/// A part of a path, whatever characters it has.
pub fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b':' => {
                out.push(char::from(byte));
            }
            other => write!(out, "%{other:02X}").expect("a string takes everything"),
        }
    }
    out
}

impl std::error::Error for Problem {}

/// What, where, and what the figures were.
impl std::fmt::Display for Problem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} ({}, {})", self.title, self.code, self.status)?;
        if let Some(detail) = &self.detail {
            write!(formatter, "\n  {detail}")?;
        }
        if let Some(pointer) = &self.pointer {
            write!(formatter, "\n  at {pointer}")?;
        }
        for (name, figure) in &self.figures {
            write!(formatter, "\n  {name}: {figure}")?;
        }
        if let Some(id) = &self.request_id {
            write!(formatter, "\n  request {id}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_path_may_hold_anything() {
        assert_eq!(segment("assets:bank"), "assets:bank");
        assert_eq!(segment("food & drink/é"), "food%20%26%20drink%2F%C3%A9");
    }

    #[test]
    fn a_problem_says_what_where_and_which_figures() {
        let body = br#"{"type":"/problems/x","title":"Entries do not balance","status":422,"code":"entries_do_not_balance",
            "detail":"Debits and credits differ.","pointer":"/entries/1","number":12,"figures":{"debits":"3.00"}}"#;
        let shown = problem(StatusCode::UNPROCESSABLE_ENTITY, body).to_string();
        assert_eq!(
            shown,
            "Entries do not balance (entries_do_not_balance, 422)\n  Debits and credits differ.\n  at /entries/1\n  debits: 3.00"
        );
    }

    #[test]
    fn what_is_no_problem_document_is_shown_as_it_came() {
        assert!(problem(StatusCode::BAD_GATEWAY, b"<h1>oops</h1>").to_string().contains("oops"));
    }
}
