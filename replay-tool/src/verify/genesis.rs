//! The row before all others: it names the log, so that its tree head vouches for that too.

use event_schemas::{Position, Sequence, Shard};
use event_store::merkle::Frontier;
use event_store::{LogId, StoredRow};
use serde::Deserialize;
use uuid::Uuid;

use super::{Finding, Place};

const FORMAT: u32 = 1;

#[derive(Deserialize)]
struct Genesis {
    seq: u64,
    r#type: String,
    log: Uuid,
    shard: u16,
    format: u32,
    recorded_at: i64,
}

pub(super) fn check(row: &StoredRow, log_id: LogId, shard: Shard) -> Result<(), Box<Finding>> {
    let at = Position::new(shard, Sequence::GENESIS);
    let place = Place::Record(at);
    let genesis: Genesis = serde_json::from_slice(&row.records).map_err(|error| {
        Finding::new(place, "the genesis record can be read", "a log_opened record", error)
    })?;
    let is = |rule: &str, expected: String, found: String| {
        if expected == found { Ok(()) } else { Err(Finding::new(place, rule, expected, found)) }
    };
    is(
        "the log begins with log_opened",
        "0 log_opened".into(),
        format!("{} {}", genesis.seq, genesis.r#type),
    )?;
    is("the genesis record names the log", log_id.to_string(), genesis.log.to_string())?;
    is("the genesis record names the shard", shard.to_string(), genesis.shard.to_string())?;
    is("this program reads the log's format", FORMAT.to_string(), genesis.format.to_string())?;
    is(
        "a row's time is that of its last record",
        genesis.recorded_at.to_string(),
        row.recorded_at.0.to_string(),
    )?;
    let place = Place::Row { first: at, last: at };
    if (row.last, row.tree_size) != (Sequence::GENESIS, 1) {
        let rule = "LOG-4: the genesis record is leaf 0, alone in its row";
        let found = format!("records to {}, {} leaves", row.last, row.tree_size);
        return Err(Finding::new(place, rule, "records to 0, 1 leaves", found));
    }
    let mut tree = Frontier::new();
    tree.push(&row.records);
    if tree.root() != row.root {
        let rule = "LOG-4: a row's root follows from all records up to its last";
        return Err(Finding::new(place, rule, tree.root(), row.root));
    }
    Ok(())
}
