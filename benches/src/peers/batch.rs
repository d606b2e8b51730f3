//! 500 transfers per SQL function call: locks in order, then set-based statements.

use std::time::Duration;

use tokio_postgres::{Client, Statement};
use uuid::Uuid;

use super::calls::{Caller, measure};
use super::{PeerDatabase, account_tables};
use crate::loadgen::Summary;
use crate::workload::keys::KeySpace;
use crate::workload::{Spread, Transfers};

const BATCH: usize = 500;
const SCHEMA: &str = "batch";

pub struct Batch<'a> {
    database: &'a PeerDatabase,
    accounts: u32,
    runs: u64,
    acknowledged: u64,
}

impl<'a> Batch<'a> {
    pub async fn create(database: &'a PeerDatabase, accounts: u32) -> anyhow::Result<Self> {
        account_tables::create(&database.connect().await?, SCHEMA, accounts).await?;
        Ok(Self { database, accounts, runs: 0, acknowledged: 0 })
    }

    pub async fn run(&mut self, name: &str, connections: u64, length: Duration) -> anyhow::Result<Summary> {
        let mut callers = Vec::new();
        for connection in 0..connections {
            let client = self.database.connect().await?;
            client.batch_execute(&format!("SET search_path TO {SCHEMA}")).await?;
            let statement = client.prepare("SELECT post_transfers($1, $2, $3, $4, $5)").await?;
            let keys = KeySpace { seed: self.runs, stream: connection };
            let transfers = Transfers::of(keys, self.accounts, Spread::Uniform);
            callers.push(ManyTransfers { client, statement, transfers, keys, sent: 0 });
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

struct ManyTransfers {
    client: Client,
    statement: Statement,
    transfers: Transfers,
    keys: KeySpace,
    sent: u64,
}

impl Caller for ManyTransfers {
    async fn call(&mut self) -> anyhow::Result<u64> {
        let mut keys: Vec<Uuid> = Vec::with_capacity(BATCH);
        let (mut payers, mut payees, mut cents, mut notes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..BATCH {
            let transfer = self.transfers.next();
            keys.push(self.keys.uuid(self.sent));
            payers.push(i32::try_from(transfer.payer)?);
            payees.push(i32::try_from(transfer.payee)?);
            cents.push(i64::from(transfer.cents));
            notes.push(format!("order {}", self.sent));
            self.sent += 1;
        }
        let row = self.client.query_one(&self.statement, &[&keys, &payers, &payees, &cents, &notes]).await?;
        let posted: i64 = row.get(0);
        anyhow::ensure!(posted as usize == BATCH, "{posted} of {BATCH} transfers were posted");
        Ok(BATCH as u64)
    }
}
