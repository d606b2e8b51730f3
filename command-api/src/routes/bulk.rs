//! `POST /v1/ledgers/{ledger}/bulk`

mod lines;
mod outcomes;
mod streamed;

use std::sync::Arc;

use event_schemas::{Key, LedgerId, RequestHash};
use poem_openapi::{
    OpenApi,
    param::{Header, Path, Query},
};
use sequencer::{ATOMIC_MAX, Item};

use crate::{
    caller::{Caller, GrantedLedger},
    codes,
    engine::{self, Engine, Request, Settled, outcome_unknown, unavailable},
    fast,
    keys::scope::TransactionsWrite,
    limit,
    problem::Problem,
    tags::Tag,
    wire::{
        Wire,
        bulk::{BulkAnswer, BulkBody},
        transaction::Transaction,
    },
};

pub struct Route(pub Arc<Engine>);

#[OpenApi]
impl Route {
    /// Post many transactions
    ///
    /// As a JSON array (at most 32 MiB), or as lines of JSON (`application/x-ndjson`), streamed both ways without end:
    /// outcomes come as they are durable. Each item has its own outcome and its own key: its `id`, else the request's key,
    /// a slash, and the item's place. With `atomic=true` (at most 8,192 items) all are posted or none; if none, the answer
    /// is the problem of the item at fault.
    #[oai(
        path = "/v1/ledgers/:ledger/bulk",
        method = "post",
        operation_id = "bulk",
        tag = "Tag::Transactions"
    )]
    async fn bulk(
        &self,
        caller: Caller<TransactionsWrite>,
        ledger: Path<Wire<LedgerId>>,
        /// All or none.
        #[oai(default)]
        atomic: Query<bool>,
        /// Answer what would happen, and record nothing.
        #[oai(default)]
        dry_run: Query<bool>,
        /// For items without an `id`.
        #[oai(name = "Idempotency-Key")]
        key: Header<Option<Wire<Key>>>,
        body: BulkBody,
    ) -> poem::Result<BulkAnswer> {
        let ledger = caller.granted(ledger.0.0)?;
        let key = engine::key(key.0, None)?;
        let bulk = Bulk { engine: Arc::clone(&self.0), caller, ledger, key, dry_run: dry_run.0 };
        Ok(match (body, atomic.0) {
            (BulkBody::Array(transactions), false) => BulkAnswer::Array(bulk.each(transactions).await?),
            (BulkBody::Array(transactions), true) => BulkAnswer::Array(bulk.all_or_none(transactions).await?),
            (BulkBody::Lines(body), false) => BulkAnswer::Lines(streamed::stream(bulk, body)),
            (BulkBody::Lines(body), true) => {
                let transactions = read_lines(body).await?;
                let settled = bulk.carry_out_atomically(transactions).await?;
                BulkAnswer::Lines(bulk.lines(&settled).into())
            }
        })
    }
}

/// What all items of one request share.
struct Bulk {
    engine: Arc<Engine>,
    caller: Caller<TransactionsWrite>,
    ledger: GrantedLedger,
    key: Key,
    dry_run: bool,
}

impl Bulk {
    fn item(&self, index: usize, transaction: Transaction) -> Result<Item, Problem> {
        let (id, command) = transaction.into_command();
        let key = match id {
            Some(id) => id,
            None => Key::parse(&format!("{}/{index}", self.key)).map_err(|_| {
                Problem::new(&codes::INVALID_PARAMETER)
                    .detail("Idempotency-Key: with the item's place it is longer than 255 characters")
            })?,
        };
        let request = Request { ledger: self.ledger.clone(), key, dry_run: self.dry_run };
        Ok(self.engine.item(&self.caller, request, command))
    }

    fn items(&self, transactions: Vec<Transaction>) -> Result<Vec<Item>, Problem> {
        let items = transactions.into_iter().enumerate();
        items.map(|(index, transaction)| self.item(index, transaction)).collect()
    }

    async fn each(&self, transactions: Vec<Transaction>) -> Result<Vec<u8>, Problem> {
        let items = self.items(transactions)?;
        let (keys, hashes) = names(&items);
        let mut group = self.engine.sequencer.submit_many(items).await.map_err(unavailable)?;
        let mut settled: Vec<Option<Settled>> = Vec::new();
        settled.resize_with(hashes.len(), || None);
        while let Some(outcomes) = self.engine.next_of(&mut group).await {
            for (index, one) in self.engine.settle_all(outcomes, &hashes, self.ledger.id()).await {
                settled[index as usize] = Some(one);
            }
        }
        let known = settled.into_iter().zip(&keys);
        let settled: Vec<_> =
            known.map(|(one, key)| one.unwrap_or_else(|| Settled::Problem(outcome_unknown(key)))).collect();
        Ok(self.array(&settled))
    }

    async fn all_or_none(&self, transactions: Vec<Transaction>) -> Result<Vec<u8>, Problem> {
        Ok(self.array(&self.carry_out_atomically(transactions).await?))
    }

    /// All of them recorded as events; else the problem of the item at fault.
    async fn carry_out_atomically(&self, transactions: Vec<Transaction>) -> Result<Vec<Settled>, Problem> {
        if transactions.len() > ATOMIC_MAX {
            return Err(Problem::new(&codes::BATCH_TOO_LARGE).detail(format!("at most {ATOMIC_MAX} items")));
        }
        if transactions.is_empty() {
            return Ok(Vec::new());
        }
        let items = self.items(transactions)?;
        let (keys, hashes) = names(&items);
        let submitted = self.engine.sequencer.submit_atomic(items);
        let answers = tokio::time::timeout(self.engine.answer_within, submitted)
            .await
            .map_err(|_| outcomes::within(outcome_unknown(&keys[0]), 0))?
            .map_err(unavailable)?;
        let outcomes = answers.into_iter().zip(0..).map(|(answer, index)| (index, answer)).collect();
        let mut settled = self.engine.settle_all(outcomes, &hashes, self.ledger.id()).await;
        settled.sort_unstable_by_key(|(index, _)| *index);
        match outcomes::at_fault(&self.engine, &settled) {
            Some(problem) => Err(problem),
            None => Ok(settled.into_iter().map(|(_, one)| one).collect()),
        }
    }

    fn array(&self, settled: &[Settled]) -> Vec<u8> {
        let mut out = Vec::with_capacity(settled.len() * 512 + 16);
        out.extend_from_slice(b"{\"items\":[");
        for (one, index) in settled.iter().zip(0..) {
            if index > 0 {
                out.push(b',');
            }
            self.engine.write_outcome(&mut out, index, one);
        }
        out.extend_from_slice(b"]}");
        out
    }

    fn lines(&self, settled: &[Settled]) -> Vec<u8> {
        let mut out = Vec::with_capacity(settled.len() * 512);
        for (one, index) in settled.iter().zip(0..) {
            self.engine.write_outcome(&mut out, index, one);
            out.push(b'\n');
        }
        out
    }
}

/// What is known of items after they are handed over.
fn names(items: &[Item]) -> (Vec<Key>, Vec<RequestHash>) {
    items.iter().map(|item| (item.key.clone(), item.request)).unzip()
}

/// All lines of a body that is to be carried out as a whole.
async fn read_lines(body: poem::Body) -> Result<Vec<Transaction>, Problem> {
    let mut lines = lines::Lines::new(body);
    let (mut transactions, mut bytes) = (Vec::new(), 0);
    while let Some(line) = lines.next().await? {
        bytes += line.len();
        if bytes > limit::BULK_BYTES_MAX {
            return Err(limit::too_large(limit::BULK_BYTES_MAX));
        }
        let parsed = fast::parse(&line).map_err(|problem| outcomes::within(problem, transactions.len()))?;
        transactions.push(parsed);
        if transactions.len() > ATOMIC_MAX {
            return Err(Problem::new(&codes::BATCH_TOO_LARGE).detail(format!("at most {ATOMIC_MAX} items")));
        }
    }
    Ok(transactions)
}
