//! One SQL function call per transfer, with row locks: 64 connections, each call its own durable commit.

use std::time::Duration;

use tokio_postgres::{Client, Statement};

use super::calls::{Caller, measure};
use super::{PeerDatabase, account_tables};
use crate::loadgen::Summary;
use crate::workload::keys::KeySpace;
use crate::workload::{Spread, Transfers};

const CONNECTIONS: u64 = 64;
const SCHEMA: &str = "row_locks";

pub struct RowLocks<'a> {
    database: &'a PeerDatabase,
    accounts: u32,
    runs: u64,
    acknowledged: u64,
}

impl<'a> RowLocks<'a> {
    pub async fn create(database: &'a PeerDatabase, accounts: u32) -> anyhow::Result<Self> {
        account_tables::create(&database.connect().await?, SCHEMA, accounts).await?;
        Ok(Self { database, accounts, runs: 0, acknowledged: 0 })
    }

    pub async fn run(&mut self, name: &str, spread: Spread, length: Duration) -> anyhow::Result<Summary> {
        let mut callers = Vec::new();
        for connection in 0..CONNECTIONS {
            let client = self.database.connect().await?;
            client.batch_execute(&format!("SET search_path TO {SCHEMA}")).await?;
            let statement = client.prepare("SELECT post_transfer($1, $2, $3, $4, $5)").await?;
            let keys = KeySpace { seed: self.runs, stream: connection };
            let transfers = Transfers::of(keys, self.accounts, spread);
            callers.push(OneTransfer { client, statement, transfers, keys, sent: 0 });
        }
        let summary = measure(name, callers, length / 5, length).await?;
        self.runs += 1;
        self.acknowledged += summary.units_acknowledged;
        Ok(summary)
    }

    pub async fn check(&self) -> anyhow::Result<()> {
        account_tables::check(&self.database.connect().await?, SCHEMA, self.accounts, self.acknowledged).await
    }
}

struct OneTransfer {
    client: Client,
    statement: Statement,
    transfers: Transfers,
    keys: KeySpace,
    sent: u64,
}

impl Caller for OneTransfer {
    async fn call(&mut self) -> anyhow::Result<u64> {
        let transfer = self.transfers.next();
        let (payer, payee) = (i32::try_from(transfer.payer)?, i32::try_from(transfer.payee)?);
        let (key, note) = (self.keys.uuid(self.sent), format!("order {}", self.sent));
        self.sent += 1;
        let cents = i64::from(transfer.cents);
        let row = self.client.query_one(&self.statement, &[&key, &payer, &payee, &cents, &note]).await?;
        anyhow::ensure!(row.get::<_, bool>(0), "a transfer was refused: the wallet is empty");
        Ok(1)
    }
}
