//! Brings a database's schema up to date, one program at a time, and refuses data of a newer program.

use tokio_postgres::{Client, NoTls};

use crate::{LogError, error::Doing, postgres::roles};

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// Where refinery keeps which of the log's migrations have run.
const LOG_HISTORY: &str = "log_schema_history";
/// Everybody who migrates takes this lock: refinery takes none. The number is "NEXUS" in ASCII.
const MIGRATION_LOCK: i64 = 0x4E_45_58_55_53;

/// Makes or updates the log's tables, views and roles in the database behind this connection string.
pub async fn migrate(url: &str) -> Result<(), LogError> {
    let (mut client, connection) = tokio_postgres::connect(url, NoTls).await.doing("connect to migrate")?;
    let connection = tokio::spawn(connection);
    let result = migrate_log(&mut client).await;
    drop(client);
    // A template database can only be cloned when nobody is connected: leave when we have left.
    let _ = connection.await;
    result
}

async fn migrate_log(client: &mut Client) -> Result<(), LogError> {
    lock(client).await?;
    let result = match run(client, &mut embedded::migrations::runner(), LOG_HISTORY).await {
        Ok(()) => roles::ensure(client).await,
        failed => failed,
    };
    result.and(unlock(client).await)
}

/// Runs another crate's migrations (its `refinery::embed_migrations!` runner) with a history table of its own.
pub async fn migrate_with(
    client: &mut Client,
    mut runner: refinery::Runner,
    history_table: &str,
) -> Result<(), LogError> {
    lock(client).await?;
    let result = run(client, &mut runner, history_table).await;
    result.and(unlock(client).await)
}

async fn lock(client: &Client) -> Result<(), LogError> {
    client.execute("SELECT pg_advisory_lock($1)", &[&MIGRATION_LOCK]).await.map(drop).doing("lock the schema")
}

async fn unlock(client: &Client) -> Result<(), LogError> {
    client
        .execute("SELECT pg_advisory_unlock($1)", &[&MIGRATION_LOCK])
        .await
        .map(drop)
        .doing("unlock the schema")
}

async fn run(client: &mut Client, runner: &mut refinery::Runner, table: &str) -> Result<(), LogError> {
    let known = runner.get_migrations().iter().map(refinery::Migration::version).max().unwrap_or(0);
    let found = newest_applied(client, table).await?;
    if found > known {
        return Err(LogError::NewerData { table: table.to_owned(), found, known });
    }
    runner.set_migration_table_name(table);
    let ran = runner.run_async(client).await;
    let report =
        ran.map_err(|source| LogError::Migration { table: table.to_owned(), source: Box::new(source) })?;
    for migration in report.applied_migrations() {
        tracing::info!(table, %migration, "migrated");
    }
    Ok(())
}

async fn newest_applied(client: &Client, table: &str) -> Result<i32, LogError> {
    let exists = client.query_one("SELECT to_regclass($1) IS NOT NULL", &[&table]).await;
    if !exists.doing("look for the schema's history")?.get::<_, bool>(0) {
        return Ok(0);
    }
    let newest = client.query_one(&format!("SELECT coalesce(max(version), 0) FROM {table}"), &[]).await;
    Ok(newest.doing("read the schema's history")?.get(0))
}
