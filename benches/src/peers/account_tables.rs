//! Accounts and transfers in plain tables, made anew for each peer.

use tokio_postgres::Client;

const SCHEMA: &str = include_str!("account_tables.sql");

pub async fn create(client: &Client, schema: &str, accounts: u32) -> anyhow::Result<()> {
    let tables = SCHEMA.replace("$ACCOUNTS", &accounts.to_string());
    client.batch_execute(&format!("CREATE SCHEMA {schema}; SET search_path TO {schema}; {tables}")).await?;
    Ok(client.batch_execute("VACUUM ANALYZE account").await?)
}

/// What was posted is what was acknowledged, and no money came or went.
pub async fn check(client: &Client, schema: &str, accounts: u32, acknowledged: u64) -> anyhow::Result<()> {
    let statement = format!(
        "SELECT (SELECT sum(balance)::bigint FROM {schema}.account), (SELECT count(*) FROM {schema}.transfer)"
    );
    let row = client.query_one(&statement, &[]).await?;
    let (total, transfers): (i64, i64) = (row.get(0), row.get(1));
    let expected = i64::from(accounts) * 100_000_000_000;
    anyhow::ensure!(total == expected, "{schema}: balances add up to {total}, not {expected}");
    anyhow::ensure!(
        transfers as u64 == acknowledged,
        "{schema}: {transfers} rows, {acknowledged} acknowledged"
    );
    Ok(())
}
