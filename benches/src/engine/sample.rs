//! Rows of the very bytes that NEXUS writes, for the append ceiling.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::http_runs::HttpRuns;
use crate::workload::{BulkFormat, Spread};

pub const RECORDS_PER_ROW: usize = 1_024;
const ROWS: usize = 16;

pub struct Sample {
    /// As many records as a full row holds, joined as the log joins them.
    pub rows: Vec<Vec<u8>>,
    /// One record alone.
    pub record: Vec<u8>,
}

#[derive(Deserialize)]
struct RawPage<'a> {
    #[serde(borrow)]
    events: Vec<&'a RawValue>,
    next: Option<String>,
}

/// Posts in bulk, then reads the records back. Also the warm-up of everything that follows.
pub async fn take(http: &mut HttpRuns<'_>) -> anyhow::Result<Sample> {
    http.bulk("warm-up", Spread::Uniform, BulkFormat::Ndjson).await?;
    let mut api = http.server().api();
    let mut records: Vec<Vec<u8>> = Vec::new();
    let mut after = String::new();
    while records.len() < ROWS * RECORDS_PER_ROW {
        let url = http.books.path(&format!("events?limit=1000{after}"));
        let answer = api.get(&url).await?.expect(200, "sample the log")?;
        let page: RawPage = serde_json::from_slice(&answer.body)?;
        let transfers = page.events.iter().map(|event| event.get().as_bytes());
        records.extend(transfers.filter(|bytes| is_transfer(bytes)).map(<[u8]>::to_vec));
        let Some(next) = page.next else { break };
        after = format!("&after={next}");
    }
    anyhow::ensure!(records.len() >= RECORDS_PER_ROW, "too few records to sample: {}", records.len());
    let rows = records.chunks_exact(RECORDS_PER_ROW).map(|row| row.join(&b'\n')).collect();
    Ok(Sample { rows, record: records.swap_remove(0) })
}

fn is_transfer(record: &[u8]) -> bool {
    memchr::memmem::find(record, b"\"order ").is_some()
}
