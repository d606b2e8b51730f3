//! Whether two builds hold the same rows: per table a count, and a sum of hashes in which order does not matter.

use tokio_postgres::GenericClient;

use crate::{ViewError, error::Doing};

/// A table's rows, summed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSum {
    pub table: String,
    pub rows: i64,
    /// Σ of the rows' 64-bit hashes, in decimal.
    pub sum: String,
}

/// Of every table of a schema, in the order of their names.
pub async fn sums(client: &impl GenericClient, schema: &str) -> Result<Vec<TableSum>, ViewError> {
    let tables = tables(client, schema).await?;
    let mut sums = Vec::with_capacity(tables.len());
    for table in tables {
        let sql = format!(
            r#"SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text FROM {schema}."{table}" t"#
        );
        let row = client.query_one(&sql, &[]).await.doing("sum a view's tables")?;
        sums.push(TableSum { table, rows: row.get(0), sum: row.get(1) });
    }
    Ok(sums)
}

/// A schema's tables, in the order of their names.
pub(crate) async fn tables(client: &impl GenericClient, schema: &str) -> Result<Vec<String>, ViewError> {
    let sql = "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') ORDER BY 1";
    let tables = client.query(sql, &[&schema]).await.doing("list a view's tables")?;
    Ok(tables.iter().map(|row| row.get(0)).collect())
}
