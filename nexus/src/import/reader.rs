//! Reads and maps the file on a thread of its own, so that the next rows are ready while others are under way.

use anyhow::Result;
use csv::StringRecord;
use event_schemas::Key;
use tokio::sync::mpsc;

use super::{
    key,
    plan::{Mapped, Plan},
    posting::{Posting, RowFault},
    source::{Source, SourceRow},
};

pub const GROUP_ROWS: usize = 512;
const GROUPS_AHEAD: usize = 8;

/// A row of the file that becomes a transaction.
#[derive(Debug)]
pub struct Row {
    /// Its place among the file's postings, from 0.
    pub ordinal: u64,
    pub line: u64,
    pub record: StringRecord,
    pub posting: Box<Posting>,
    pub attempt: u32,
}

/// What the file holds, in its order.
#[derive(Debug)]
pub enum Read {
    Row(Row),
    Fault { line: u64, record: StringRecord, key: Option<String>, fault: RowFault },
    Skipped,
    MovesNothing,
}

impl Row {
    /// The key under which it is tried now.
    pub fn key(&self) -> Key {
        key::attempt(&self.posting.key, self.attempt)
    }
}

/// Groups of rows, until the file ends. An error is the last thing that comes.
pub fn start(mut source: Source, mut plan: Plan) -> mpsc::Receiver<Result<Vec<Read>>> {
    let (groups_in, groups) = mpsc::channel(GROUPS_AHEAD);
    tokio::task::spawn_blocking(move || {
        let mut ordinal = 0;
        loop {
            let group = read_group(&mut source, &mut plan, &mut ordinal);
            let is_last = !matches!(&group, Ok(rows) if rows.len() == GROUP_ROWS);
            // Nobody listens any more: the import has ended.
            if groups_in.blocking_send(group).is_err() || is_last {
                return;
            }
        }
    });
    groups
}

fn read_group(source: &mut Source, plan: &mut Plan, ordinal: &mut u64) -> Result<Vec<Read>> {
    let mut rows = Vec::with_capacity(GROUP_ROWS);
    while rows.len() < GROUP_ROWS {
        let Some(SourceRow { line, record, key }) = source.next()? else { break };
        rows.push(match plan.map(&record, key.as_deref()) {
            Ok(Mapped::Posting(posting)) => {
                let row = Row { ordinal: *ordinal, line, record, posting, attempt: 1 };
                *ordinal += 1;
                Read::Row(row)
            }
            Ok(Mapped::Skipped) => Read::Skipped,
            Ok(Mapped::MovesNothing) => Read::MovesNothing,
            Err(fault) => Read::Fault { line, record, key, fault },
        });
    }
    Ok(rows)
}
