//! `GET /v1/ledgers/{ledger}/events`

use std::sync::Arc;

use event_schemas::{LedgerId, Position, Sequence};
use event_store::Log;
use futures_util::TryStreamExt;
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};

use super::page::Limit;
use crate::{
    caller::{Caller, ledger_not_found},
    codes,
    engine::{Engine, log_failed},
    keys::scope::Read,
    problem::Problem,
    tags::Tag,
    wire::{
        Wire,
        event::{RawEvents, ledger_of},
    },
};

/// Records of other ledgers that one request passes over; then `next` goes on from there.
const PASSED_OVER_MAX: u64 = 200_000;

pub struct Route(pub Arc<Engine>);

#[OpenApi]
impl Route {
    /// Read a ledger's part of the log
    ///
    /// Events and refusals in the order in which they were recorded, byte for byte. A page may hold fewer than `limit`,
    /// or none, and still have a `next`; the last page has none.
    #[oai(
        path = "/v1/ledgers/:ledger/events",
        method = "get",
        operation_id = "list_events",
        tag = "Tag::Events"
    )]
    async fn list(
        &self,
        caller: Caller<Read>,
        ledger: Path<Wire<LedgerId>>,
        /// Only what was recorded after this position: the `next` of the page before.
        after: Query<Option<Wire<Position>>>,
        #[oai(default = "Limit::usual")] limit: Query<Limit>,
    ) -> poem::Result<RawEvents> {
        let ledger = caller.granted(ledger.0.0)?.into_id();
        let id = ledger.clone();
        let head = self.0.read(move |books, position| books.ledger(&id).map(|_| position)).await?;
        let head = head.ok_or_else(|| ledger_not_found(ledger.as_str()))?;
        let after = after.0.map_or(Position { sequence: Sequence::GENESIS, ..head }, |after| after.0);
        if after.shard != head.shard {
            return Err(Problem::new(&codes::POSITION_ELSEWHERE)
                .detail(format!("after: the ledger's records stand in shard {}", head.shard))
                .into());
        }
        let page = page(&**self.0.sequencer.log(), &ledger, after.sequence, head, limit.0.0).await;
        Ok(page.map_err(|error| log_failed(&error))?)
    }
}

/// `head` is durable: what is newer is for the next page.
async fn page(
    log: &dyn Log,
    ledger: &LedgerId,
    after: Sequence,
    head: Position,
    limit: usize,
) -> Result<RawEvents, event_store::LogError> {
    let mut events = RawEvents::empty();
    let until = Sequence(after.0.saturating_add(PASSED_OVER_MAX).min(head.sequence.0));
    if after >= until {
        return Ok(events);
    }
    let mut rows = log.rows(after, Some(until));
    let mut seen = after;
    'rows: while let Some(row) = rows.try_next().await? {
        for (sequence, line) in row.lines().filter(|(sequence, _)| *sequence > after && *sequence <= until) {
            if events.count() == limit {
                break 'rows;
            }
            seen = sequence;
            if ledger_of(line) == Some(ledger.as_str().as_bytes()) {
                events.push(line);
            }
        }
    }
    if seen < head.sequence {
        events.next = Some(Position { sequence: seen, ..head });
    }
    Ok(events)
}
