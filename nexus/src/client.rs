//! The client's end of HTTP: finds the server and the key, sends, and turns problems into words.

use std::fs;

use anyhow::{Context, Result, bail};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use crate::{config::Server, exit::Exit};

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
                let folder = server.data.path.display();
                Exit::NotRunning.because(format!(
                    "no server runs on the data folder {folder}; start one: nexus up --detach --data {folder} \
                     (or name a server: --url, NEXUS_URL)"
                ))
            })?,
        };
        let key = match &server.key {
            Some(key) => key.clone(),
            None => {
                let file = server.data.dev_key();
                fs::read_to_string(&file).with_context(|| {
                    format!("no API key: neither --key nor NEXUS_KEY, and {} cannot be read", file.display())
                })?
            }
        };
        let http = reqwest::Client::builder().no_proxy().build().context("cannot make an HTTP client")?;
        Ok(Client { http, url: url.trim().trim_end_matches('/').to_owned(), key: key.trim().to_owned() })
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

    /// Posts a body under an idempotency key, if one is given; the server makes one otherwise.
    pub async fn post(&self, path: &str, key: Option<&str>, body: &Value) -> Result<Value> {
        let mut request = self.request(Method::POST, path).json(body);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        self.send(request).await
    }

    /// Sends, and answers the body of a success. A problem becomes an error that carries [`Problem`].
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Result<Value> {
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        let bytes = response.bytes().await.context("the server's answer broke off")?;
        if status.is_success() {
            return serde_json::from_slice(&bytes).context("the server's answer is not JSON");
        }
        bail!(problem(status, &bytes))
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
