//! One SQL function call per transfer, with row locks: 64 connections, each call its own durable commit.

use std::time::Duration;

use tokio_postgres::types::ToSql;

use super::PeerDatabase;
use super::account_tables::{AccountTables, Session};
use super::calls::Caller;
use crate::loadgen::Summary;
use crate::workload::Spread;

const CONNECTIONS: u64 = 64;
const CALL: &str = "SELECT post_transfer($1, $2, $3, $4, $5)";

pub struct RowLocks<'a>(AccountTables<'a>);

impl<'a> RowLocks<'a> {
    pub async fn create(database: &'a PeerDatabase, accounts: u32) -> anyhow::Result<Self> {
        AccountTables::create(database, "row_locks", accounts).await.map(Self)
    }

    pub async fn run(&mut self, name: &str, spread: Spread, length: Duration) -> anyhow::Result<Summary> {
        self.0.run(name, (CONNECTIONS, spread), length, CALL, OneTransfer).await
    }

    pub async fn check(&self) -> anyhow::Result<()> {
        self.0.check().await
    }
}

struct OneTransfer(Session);

impl Caller for OneTransfer {
    async fn call(&mut self) -> anyhow::Result<u64> {
        let (transfer, key, note) = self.0.next();
        let (payer, payee) = (i32::try_from(transfer.payer)?, i32::try_from(transfer.payee)?);
        let cents = i64::from(transfer.cents);
        let parameters: [&(dyn ToSql + Sync); 5] = [&key, &payer, &payee, &cents, &note];
        let row = self.0.client.query_one(&self.0.statement, &parameters).await?;
        anyhow::ensure!(row.get::<_, bool>(0), "a transfer was refused: the wallet is empty");
        Ok(1)
    }
}
