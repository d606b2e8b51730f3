//! `GET /v1/events/{position}`

use std::sync::Arc;

use event_schemas::{Position, Record, Sequence};
use poem_openapi::{OpenApi, param::Path};

use crate::{
    caller::Caller,
    codes,
    engine::{Engine, log_failed},
    keys::scope::Read,
    problem::Problem,
    tags::Tag,
    wire::{Wire, event::RawEvent},
};

pub struct Route(pub Arc<Engine>);

#[OpenApi]
impl Route {
    /// Read one record of the log
    ///
    /// Byte for byte as it was recorded, and as it is hashed.
    #[oai(path = "/v1/events/:position", method = "get", operation_id = "get_event", tag = "Tag::Events")]
    async fn get(&self, caller: Caller<Read>, position: Path<Wire<Position>>) -> poem::Result<RawEvent> {
        let position = position.0.0;
        let not_found = || {
            Problem::new(&codes::EVENT_NOT_FOUND)
                .detail(format!("there is no record at {position} that this key may read"))
        };
        let log = self.0.sequencer.log();
        // What is not durable yet must not be told, and the genesis record is of no ledger.
        let is_possible = position.shard == log.shard() && position.sequence > Sequence::GENESIS;
        if !is_possible {
            return Err(not_found().into());
        }
        let bytes = log.record(position.sequence).await.map_err(|error| log_failed(&error))?;
        let bytes = bytes.ok_or_else(not_found)?;
        let record = Record::read(&bytes).map_err(|error| {
            tracing::error!(%error, %position, "a record cannot be read");
            Problem::new(&codes::INTERNAL)
        })?;
        caller.granted(record.envelope.ledger).map_err(|_| not_found())?;
        Ok(RawEvent(bytes))
    }
}
