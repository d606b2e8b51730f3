//! Lines in, outcomes out, both at once: one task reads and submits, another writes what has become durable.

use bytes::Bytes;
use event_schemas::{Key, RequestHash};
use futures_util::stream;
use poem::Body;
use sequencer::{Group, Item};
use tokio::sync::mpsc;

use super::{Bulk, lines::Lines, names, outcomes::write_problem};
use crate::{
    engine::{outcome_unknown, unavailable},
    fast,
    problem::Problem,
};

/// Items that are handed on together, when so many are here.
const ITEMS_MAX: usize = 1_024;
/// Handed on and not yet written: beyond, no more lines are read.
const PARTS_MAX: usize = 64;
/// Written and not yet sent.
const CHUNKS_MAX: usize = 64;

/// Part of the request, on its way to the writer.
enum Part {
    /// Submitted items: where they stand in the request, their keys and hashes.
    Submitted { group: Group, places: Vec<u32>, keys: Vec<Key>, hashes: Vec<RequestHash> },
    /// Lines that came to nothing.
    Refused(Vec<(u32, Problem)>),
}

pub fn stream(bulk: Bulk, body: Body) -> Body {
    let (parts_in, parts) = mpsc::channel(PARTS_MAX);
    let (chunks_in, chunks) = mpsc::channel(CHUNKS_MAX);
    let bulk = std::sync::Arc::new(bulk);
    tokio::spawn(read(std::sync::Arc::clone(&bulk), body, parts_in));
    tokio::spawn(write(bulk, parts, chunks_in));
    Body::from_bytes_stream(stream::unfold(chunks, async |mut chunks: mpsc::Receiver<Bytes>| {
        let chunk = chunks.recv().await?;
        Some((Ok::<_, std::io::Error>(chunk), chunks))
    }))
}

/// Ends with the body, or when nobody reads the outcomes any more.
async fn read(bulk: std::sync::Arc<Bulk>, body: Body, parts: mpsc::Sender<Part>) {
    let mut lines = Lines::new(body);
    let mut place = 0;
    let mut waiting = Waiting::default();
    loop {
        match lines.next().await {
            Ok(Some(line)) => {
                let item = fast::parse(&line).and_then(|transaction| bulk.item(place as usize, transaction));
                waiting.add(place, item);
                place += 1;
                if lines.is_ready() && waiting.items.len() < ITEMS_MAX {
                    continue;
                }
            }
            Ok(None) => return,
            Err(problem) => {
                waiting.refused.push((place, problem));
                let _ = waiting.hand_on(&bulk, &parts).await;
                return;
            }
        }
        if waiting.hand_on(&bulk, &parts).await.is_err() {
            return;
        }
    }
}

/// Lines that were read together.
#[derive(Default)]
struct Waiting {
    places: Vec<u32>,
    items: Vec<Item>,
    refused: Vec<(u32, Problem)>,
}

impl Waiting {
    fn add(&mut self, place: u32, item: Result<Item, Problem>) {
        match item {
            Ok(item) => {
                self.places.push(place);
                self.items.push(item);
            }
            Err(problem) => self.refused.push((place, problem)),
        }
    }

    async fn hand_on(&mut self, bulk: &Bulk, parts: &mpsc::Sender<Part>) -> Result<(), Gone> {
        let Self { places, items, mut refused } = std::mem::take(self);
        if !items.is_empty() {
            let (keys, hashes) = names(&items);
            match bulk.engine.sequencer.submit_many(items).await {
                Ok(group) => {
                    parts.send(Part::Submitted { group, places, keys, hashes }).await.map_err(|_| Gone)?;
                }
                Err(full) => refused.extend(places.into_iter().map(|place| (place, unavailable(full)))),
            }
        }
        if !refused.is_empty() {
            parts.send(Part::Refused(refused)).await.map_err(|_| Gone)?;
        }
        Ok(())
    }
}

/// Nobody listens any more.
struct Gone;

async fn write(bulk: std::sync::Arc<Bulk>, mut parts: mpsc::Receiver<Part>, chunks: mpsc::Sender<Bytes>) {
    while let Some(part) = parts.recv().await {
        let sent = match part {
            Part::Refused(refused) => {
                let mut out = Vec::new();
                for (place, problem) in &refused {
                    write_problem(&mut out, *place, problem);
                    out.push(b'\n');
                }
                chunks.send(out.into()).await.map_err(|_| Gone)
            }
            Part::Submitted { group, places, keys, hashes } => {
                write_group(&bulk, group, &places, &keys, &hashes, &chunks).await
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

async fn write_group(
    bulk: &Bulk,
    mut group: Group,
    places: &[u32],
    keys: &[Key],
    hashes: &[RequestHash],
    chunks: &mpsc::Sender<Bytes>,
) -> Result<(), Gone> {
    let mut told = vec![false; places.len()];
    while let Some(outcomes) = bulk.engine.next_of(&mut group).await {
        let mut out = Vec::with_capacity(outcomes.len() * 512);
        for (index, settled) in bulk.engine.settle_all(outcomes, hashes, bulk.ledger.id()).await {
            told[index as usize] = true;
            bulk.engine.write_outcome(&mut out, places[index as usize], &settled);
            out.push(b'\n');
        }
        chunks.send(out.into()).await.map_err(|_| Gone)?;
    }
    // The sequencer stopped, or the log does not answer.
    let mut out = Vec::new();
    let untold = told.iter().zip(places).zip(keys).filter(|((told, _), _)| !**told);
    for ((_, place), key) in untold {
        write_problem(&mut out, *place, &outcome_unknown(key));
        out.push(b'\n');
    }
    if out.is_empty() { Ok(()) } else { chunks.send(out.into()).await.map_err(|_| Gone) }
}
