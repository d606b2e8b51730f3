//! The calls that set up and check what is measured: one connection, JSON in and out, nothing in a hurry.

mod accounts;
mod events;
mod ledger;

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;

use crate::loadgen::Connection;
pub use events::Page;

const ANSWER_WITHIN: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub struct Api {
    address: SocketAddr,
    token: String,
    connection: Option<Connection>,
}

#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn expect(self, status: u16, doing: &str) -> anyhow::Result<Self> {
        anyhow::ensure!(self.status == status, "{doing}: {} {}", self.status, self.text());
        Ok(self)
    }
}

impl Api {
    pub fn new(address: SocketAddr, token: &str) -> Self {
        Self { address, token: token.to_owned(), connection: None }
    }

    pub async fn is_ready(address: SocketAddr) -> bool {
        Self::new(address, "").get("/health/ready").await.is_ok_and(|answer| answer.status == 200)
    }

    pub async fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        self.call("GET", path, None, "application/json", b"").await
    }

    pub async fn post(&mut self, path: &str, key: &str, body: &Value) -> anyhow::Result<Answer> {
        self.call("POST", path, Some(key), "application/json", body.to_string().as_bytes()).await
    }

    /// One try, one answer. After an error the outcome is unknown.
    pub async fn call(
        &mut self,
        method: &str,
        path: &str,
        key: Option<&str>,
        content_type: &str,
        body: &[u8],
    ) -> anyhow::Result<Answer> {
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {}\r\n\
             Content-Type: {content_type}\r\nContent-Length: {}\r\n",
            self.token,
            body.len()
        );
        if let Some(key) = key {
            request.push_str(&format!("Idempotency-Key: {key}\r\n"));
        }
        request.push_str("\r\n");
        let request = [request.as_bytes(), body].concat();
        let connection = match &mut self.connection {
            Some(connection) if connection.is_open() => connection,
            slot => slot.insert(Connection::connect(self.address).await?),
        };
        let response = connection.exchange_within(&request, ANSWER_WITHIN).await?;
        Ok(Answer { status: response.status, body: response.body.to_vec() })
    }
}
