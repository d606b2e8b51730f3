//! Accounts and transfers in plain tables, made anew for each peer, and the sessions that work on them.

use std::time::Duration;

use tokio_postgres::{Client, Statement};
use uuid::Uuid;

use super::PeerDatabase;
use super::calls::{Caller, measure};
use crate::loadgen::Summary;
use crate::workload::keys::KeySpace;
use crate::workload::transfers::Transfer;
use crate::workload::{Spread, Transfers};

const TABLES: &str = include_str!("account_tables.sql");

/// One peer's tables, in a schema of their own.
pub struct AccountTables<'a> {
    database: &'a PeerDatabase,
    schema: &'static str,
    accounts: u32,
    runs: u64,
    acknowledged: u64,
}

/// A connection with its function prepared, and the transfers that it is to post.
pub struct Session {
    pub client: Client,
    pub statement: Statement,
    transfers: Transfers,
    keys: KeySpace,
    sent: u64,
}

impl<'a> AccountTables<'a> {
    pub async fn create(
        database: &'a PeerDatabase,
        schema: &'static str,
        accounts: u32,
    ) -> anyhow::Result<Self> {
        let client = database.connect().await?;
        let tables = TABLES.replace("$ACCOUNTS", &accounts.to_string());
        client
            .batch_execute(&format!("CREATE SCHEMA {schema}; SET search_path TO {schema}; {tables}"))
            .await?;
        client.batch_execute("VACUUM ANALYZE account").await?;
        Ok(Self { database, schema, accounts, runs: 0, acknowledged: 0 })
    }

    /// Measures callers that `call` with the function `sql`, on so many connections, after a fifth of the time to warm up.
    pub async fn run<C: Caller>(
        &mut self,
        name: &str,
        (connections, spread): (u64, Spread),
        length: Duration,
        sql: &str,
        caller: impl Fn(Session) -> C,
    ) -> anyhow::Result<Summary> {
        let mut callers = Vec::new();
        for connection in 0..connections {
            let client = self.database.connect().await?;
            client.batch_execute(&format!("SET search_path TO {}", self.schema)).await?;
            let statement = client.prepare(sql).await?;
            let keys = KeySpace { seed: self.runs, stream: connection };
            let transfers = Transfers::of(keys, self.accounts, spread);
            callers.push(caller(Session { client, statement, transfers, keys, sent: 0 }));
        }
        let summary = measure(name, callers, length / 5, length).await?;
        self.runs += 1;
        self.acknowledged += summary.units_acknowledged;
        Ok(summary)
    }

    /// What was posted is what was acknowledged, and no money came or went.
    pub async fn check(&self) -> anyhow::Result<()> {
        let Self { schema, acknowledged, .. } = self;
        let statement = format!(
            "SELECT (SELECT sum(balance)::bigint FROM {schema}.account), (SELECT count(*) FROM {schema}.transfer)"
        );
        let row = self.database.connect().await?.query_one(&statement, &[]).await?;
        let (total, transfers): (i64, i64) = (row.get(0), row.get(1));
        let expected = i64::from(self.accounts) * 100_000_000_000;
        anyhow::ensure!(total == expected, "{schema}: balances add up to {total}, not {expected}");
        anyhow::ensure!(
            transfers as u64 == *acknowledged,
            "{schema}: {transfers} rows, {acknowledged} acknowledged"
        );
        Ok(())
    }
}

impl Session {
    /// The next transfer with its key and its note.
    pub fn next(&mut self) -> (Transfer, Uuid, String) {
        let sent = self.sent;
        self.sent += 1;
        (self.transfers.next(), self.keys.uuid(sent), format!("order {sent}"))
    }
}
