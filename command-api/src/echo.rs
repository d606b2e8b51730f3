//! The ceiling that benches compare with: the same edge, key, parse and size of answer as a transaction, and no engine.
//!
//! Mounted only where the configuration says so.

use event_schemas::{
    AccountNumber, AccountType, Event, Key, LedgerId, Position, Quantity, Sequence, Shard, Ts,
    events::{
        TransactionPosted,
        entries::{After, Entry},
    },
};
use ledger_core::{AccountRef, commands::post_transaction::EntryInput};
use poem_openapi::OpenApi;
use uuid::Uuid;

use crate::{
    caller::Caller,
    fast::Fast,
    keys::scope::TransactionsWrite,
    tags::Tag,
    wire::{
        answer::{Answer, Head, Posted, Recorded},
        transaction::Transaction,
    },
};

pub struct EchoRoutes;

#[OpenApi]
impl EchoRoutes {
    /// Echo a transaction (for benches)
    ///
    /// Parses a transaction and answers as if it had been posted. Nothing is recorded.
    #[oai(path = "/v1/bench/echo", method = "post", operation_id = "bench_echo", tag = "Tag::Operations")]
    async fn echo(&self, _caller: Caller<TransactionsWrite>, body: Fast<Transaction>) -> Answer<Posted> {
        let (key, command) = body.0.into_command();
        let id = Uuid::new_v4();
        let key = key.unwrap_or_else(|| Key::parse(&id.to_string()).expect("a UUID is printable ASCII"));
        let now = Ts::from_utc(chrono::Utc::now());
        let position = Position::new(Shard(1), Sequence(u64::from(u32::MAX)));
        let head = Head {
            key: &key,
            ledger: &LedgerId::parse("bench").expect("a valid slug"),
            recorded: Some(Recorded { position, event_id: id, recorded_at: now }),
            effective_at: now,
        };
        let posted = TransactionPosted {
            description: None,
            reference: None,
            metadata: None,
            preconditions: None,
            opened: Vec::new(),
            entries: command.entries.into_iter().zip(0..).map(echoed).collect(),
        };
        Answer::new(&head, &Event::TransactionPosted(posted))
    }
}

/// The entry as if the account's totals were its amount.
fn echoed((entry, place): (EntryInput, u32)) -> Entry {
    let amount = Quantity::new(entry.amount.0.mantissa(), u8::try_from(entry.amount.0.scale()).unwrap_or(0));
    let path = match entry.account {
        AccountRef::Number(_) => None,
        AccountRef::Path(path) => Some(path),
    };
    Entry {
        account: AccountNumber(100_000 + place),
        path,
        account_type: AccountType::Asset,
        direction: entry.direction,
        amount,
        currency: entry.currency,
        category: None,
        memo: None,
        tags: Vec::new(),
        number: 1,
        after: After { debits: amount, credits: amount, pending_debits: None, pending_credits: None },
    }
}
