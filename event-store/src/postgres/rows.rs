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
    Inner, partitions,
    read::{COLUMNS, row_reaching, sequence_of, stored_row},
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
    /// It looked no further than this.
    until: Sequence,
    read: i64,
    /// Given back to the pool after the page's last row. Before that it is cut: else whoever gets it next waits for the
    /// rest of a page that nobody wants.
    connection: Option<Object>,
}

impl Reader {
    async fn next(&mut self) -> Result<Option<StoredRow>, LogError> {
        loop {
            if self.until.is_some_and(|until| self.after >= until) {
                // The page ends here too. Read to its end it gives its connection back, else it is cut.
                if let Some(mut page) = self.page.take() {
                    page.next().await?;
                }
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
            let more_may_follow = page.read == PAGE_MAX || self.after >= page.until;
            self.page = None;
            if !more_may_follow {
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
        // The row that holds `after` comes first, unless it ends there.
        let holding = row_reaching(inner, &connection, "first", after).await?;
        let from = holding.map_or(Sequence::GENESIS, |row| sequence_of(row.get(0)));
        // To the end of the next partition: a query over all that are to come costs with their number.
        let here = partitions::number_of(after.next());
        let end = Sequence(partitions::start_of(here + 2).0 - 1);
        let until = until.map_or(end, |until| until.min(end));
        let sql = format!(
            "SELECT {COLUMNS} FROM log WHERE first BETWEEN $1 AND $2 AND last > $3 ORDER BY first LIMIT {PAGE_MAX}"
        );
        let statement = connection.prepare_cached(&sql).await.doing(doing)?;
        let bounds = [inner.position(from), inner.position(until), inner.position(after)];
        let rows = connection.query_raw(&statement, bounds).await.doing(doing)?;
        Ok(Page { rows: Box::pin(rows), until, read: 0, connection: Some(connection) })
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
