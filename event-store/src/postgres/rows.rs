//! Reading rows in order, in pages by key, each page streamed: memory holds a few rows, no snapshot is held open for long.
//!
//! Complete without further ado: one writer with one row in flight makes `first` dense in commit order, so no row can appear
//! behind one that was read.

use std::{pin::Pin, sync::Arc};

use deadpool_postgres::Object;
use event_schemas::Sequence;
use futures_util::{TryStreamExt, stream, stream::BoxStream};
use tokio_postgres::RowStream;

use super::{
    Inner,
    read::{COLUMNS, stored_row},
};
use crate::{LogError, StoredRow, error::Doing};

/// Rows per page. A page is at most some hundred MB long, of which a few rows are in memory.
const PAGE_MAX: i64 = 1024;

pub(super) fn rows(
    inner: Arc<Inner>,
    after: Sequence,
    until: Option<Sequence>,
) -> BoxStream<'static, Result<StoredRow, LogError>> {
    let reader = Reader { inner, after, until, page: None };
    Box::pin(stream::try_unfold(reader, |mut reader| async move {
        Ok(reader.next().await?.map(|row| (row, reader)))
    }))
}

struct Reader {
    inner: Arc<Inner>,
    /// The last record that was yielded, or that the caller has.
    after: Sequence,
    until: Option<Sequence>,
    page: Option<Page>,
}

struct Page {
    rows: Pin<Box<RowStream>>,
    read: i64,
    /// Given back to the pool after the page's last row. Before that it is cut: else whoever gets it next waits for the
    /// rest of a page that nobody wants.
    connection: Option<Object>,
}

impl Reader {
    async fn next(&mut self) -> Result<Option<StoredRow>, LogError> {
        loop {
            if self.until.is_some_and(|until| self.after >= until) {
                return Ok(None);
            }
            let page = match &mut self.page {
                Some(page) => page,
                None => {
                    let page = Page::open(&self.inner, self.after, self.until).await?;
                    self.page.insert(page)
                }
            };
            if let Some(row) = page.next().await? {
                return self.accept(row).map(Some);
            }
            let was_full = page.read == PAGE_MAX;
            self.page = None;
            if !was_full {
                return Ok(None);
            }
        }
    }

    /// The first row may begin before what was asked for; each further one begins where the last one ended.
    fn accept(&mut self, row: StoredRow) -> Result<StoredRow, LogError> {
        let follows = row.first <= self.after.next() && row.last > self.after;
        if !follows {
            return Err(LogError::Hole { after: self.after, found: row.first });
        }
        self.after = row.last;
        Ok(row)
    }
}

impl Page {
    async fn open(inner: &Inner, after: Sequence, until: Option<Sequence>) -> Result<Page, LogError> {
        let doing = "read the log";
        let connection = inner.readers.get().await?;
        // The row that holds `after` is passed over when it ends there.
        let sql = format!(
            "SELECT {COLUMNS} FROM log
             WHERE first >= (SELECT max(l.first) FROM log l WHERE l.first BETWEEN $1 AND $2)
               AND first <= $3 AND last > $2
             ORDER BY first LIMIT {PAGE_MAX}"
        );
        let statement = connection.prepare_cached(&sql).await.doing(doing)?;
        let until = until.map_or(inner.end_of_shard(), |until| inner.position(until));
        let bounds = [inner.position(Sequence::GENESIS), inner.position(after), until];
        let rows = connection.query_raw(&statement, bounds).await.doing(doing)?;
        Ok(Page { rows: Box::pin(rows), read: 0, connection: Some(connection) })
    }

    async fn next(&mut self) -> Result<Option<StoredRow>, LogError> {
        match self.rows.try_next().await.doing("read the log")? {
            Some(row) => {
                self.read += 1;
                stored_row(&row).map(Some)
            }
            None => {
                self.connection = None;
                Ok(None)
            }
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(Object::take(connection));
        }
    }
}
