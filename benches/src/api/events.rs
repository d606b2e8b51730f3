//! The log of a ledger, read back page by page.

use anyhow::Context;
use serde::Deserialize;

use super::Api;
use crate::workload::Books;

const PAGE: usize = 1_000;

/// What the checks need of a record.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LoggedEvent {
    pub seq: u64,
    #[serde(rename = "type")]
    pub kind: String,
    pub key: String,
}

#[derive(Debug, Deserialize)]
pub struct Page {
    pub events: Vec<LoggedEvent>,
    pub next: Option<String>,
}

impl Api {
    /// One page; `after` is where the last one ended.
    pub async fn events_page(&mut self, books: &Books, after: Option<&str>) -> anyhow::Result<Page> {
        let after = after.map(|position| format!("&after={position}")).unwrap_or_default();
        let url = books.path(&format!("events?limit={PAGE}{after}"));
        let answer = self.get(&url).await?.expect(200, "read events")?;
        serde_json::from_slice(&answer.body).context("a page of events")
    }

    /// Hands every record of the ledger to `each`, in order, and checks that the order is the log's.
    pub async fn each_event(
        &mut self,
        books: &Books,
        mut each: impl FnMut(&LoggedEvent),
    ) -> anyhow::Result<()> {
        let mut after: Option<String> = None;
        let mut last = 0;
        loop {
            let page = self.events_page(books, after.as_deref()).await?;
            for event in &page.events {
                anyhow::ensure!(event.seq > last, "LOG-1: sequence {} came after {last}", event.seq);
                last = event.seq;
                each(event);
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}
