//! 500 transfers per SQL function call: locks in order, then set-based statements.

use std::time::Duration;

use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::PeerDatabase;
use super::account_tables::{AccountTables, Session};
use super::calls::Caller;
use crate::loadgen::Summary;
use crate::workload::Spread;

const BATCH: usize = 500;
const CALL: &str = "SELECT post_transfers($1, $2, $3, $4, $5)";

pub struct Batch<'a>(AccountTables<'a>);

impl<'a> Batch<'a> {
    pub async fn create(database: &'a PeerDatabase, accounts: u32) -> anyhow::Result<Self> {
        AccountTables::create(database, "batch", accounts).await.map(Self)
    }

    pub async fn run(&mut self, name: &str, connections: u64, length: Duration) -> anyhow::Result<Summary> {
        self.0.run(name, (connections, Spread::Uniform), length, CALL, ManyTransfers).await
    }

    pub async fn check(&self) -> anyhow::Result<()> {
        self.0.check().await
    }
}

struct ManyTransfers(Session);

impl Caller for ManyTransfers {
    async fn call(&mut self) -> anyhow::Result<u64> {
        let mut keys: Vec<Uuid> = Vec::with_capacity(BATCH);
        let (mut payers, mut payees, mut cents, mut notes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..BATCH {
            let (transfer, key, note) = self.0.next();
            keys.push(key);
            payers.push(i32::try_from(transfer.payer)?);
            payees.push(i32::try_from(transfer.payee)?);
            cents.push(i64::from(transfer.cents));
            notes.push(note);
        }
        let parameters: [&(dyn ToSql + Sync); 5] = [&keys, &payers, &payees, &cents, &notes];
        let row = self.0.client.query_one(&self.0.statement, &parameters).await?;
        let posted: i64 = row.get(0);
        anyhow::ensure!(posted as usize == BATCH, "{posted} of {BATCH} transfers were posted");
        Ok(BATCH as u64)
    }
}
