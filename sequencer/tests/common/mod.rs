//! Commands as tests write them.

use event_schemas::{ActorId, Key, LedgerId, RequestHash};
use ledger_core::Command;
use sequencer::Item;

/// A command of the ledger `books`, its request hash made from its text.
pub fn item(key: &str, command: &str) -> Item {
    let mut hash = [0; 16];
    for (at, byte) in command.bytes().enumerate() {
        hash[at % 16] ^= byte.rotate_left(at as u32 % 8);
    }
    let command: Command = serde_json::from_str(command).expect("a command");
    Item {
        ledger: LedgerId::parse("books").expect("a valid id"),
        command,
        key: Key::parse(key).expect("a valid key"),
        request: RequestHash(hash),
        actor: ActorId::parse("key:test").expect("a valid actor"),
        caused_by: None,
        traceparent: None,
        dry_run: false,
        original: None,
    }
}

pub fn transfer(key: &str, from: &str, to: &str, amount: &str) -> Item {
    item(
        key,
        &format!(
            r#"{{"post_transaction":{{"entries":[{{"account":"{to}","direction":"debit","amount":"{amount}","currency":"EUR"}},
            {{"account":"{from}","direction":"credit","amount":"{amount}","currency":"EUR"}}]}}}}"#
        ),
    )
}

pub fn open_books() -> Item {
    item("open", r#"{"open_ledger":{}}"#)
}
