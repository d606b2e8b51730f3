//! The answer to a command: a pure function of its record, so that a repeat is answered by the same bytes.
//!
//! Written by hand into one buffer: at tens of thousands of answers a second a tree of values would be the cost.

use std::marker::PhantomData;

use bytes::Bytes;
use event_schemas::{
    AccountNumber, AccountPath, AssetCode, Direction, Event, Key, LedgerId, Position, Quantity, Rate, Record,
    Sealed, Ts,
    events::entries::{Entry, OpenedAccount},
};
use poem::{IntoResponse, Response, http::StatusCode};
use poem_openapi::{
    ApiResponse, Object,
    registry::{MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::{ToJSON, Type},
};
use uuid::Uuid;

use super::{Wire, account::Kind, budget, ledger, metadata::WireMetadata, time::write_ts};

/// What every answer to a command begins with.
#[derive(Clone, Debug)]
pub struct Head<'a> {
    pub key: &'a Key,
    pub ledger: &'a LedgerId,
    /// `None` in a dry run: nothing was recorded.
    pub recorded: Option<Recorded>,
    pub effective_at: Ts,
}

#[derive(Clone, Copy, Debug)]
pub struct Recorded {
    pub position: Position,
    pub event_id: Uuid,
    pub recorded_at: Ts,
}

impl<'a> Head<'a> {
    /// Without a position in a dry run.
    pub fn of(record: &'a Record, position: Option<Position>) -> Self {
        let envelope = &record.envelope;
        let recorded = position.map(|position| Recorded {
            position,
            event_id: envelope.id,
            recorded_at: envelope.recorded_at,
        });
        Self { key: &envelope.key, ledger: &envelope.ledger, recorded, effective_at: envelope.effective_at }
    }
}

/// A transaction was posted or reversed.
#[derive(Object, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct Posted {
    /// The key of the request: the transaction's id in its ledger.
    pub id: Wire<Key>,
    pub ledger: Wire<LedgerId>,
    /// Its place in the log. Absent in a dry run.
    pub position: Option<Wire<Position>>,
    /// Absent in a dry run.
    pub event_id: Option<String>,
    /// Absent in a dry run.
    pub recorded_at: Option<String>,
    pub effective_at: String,
    /// The transaction that this one reverses.
    pub reverses: Option<Wire<Key>>,
    /// Accounts that this transaction was the first to name.
    pub opened: Option<Vec<Opened>>,
    /// Of every account touched, in each currency touched, after this transaction.
    pub balances: Vec<BalanceAfter>,
}

/// An account that a transaction opened.
#[derive(Object, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct Opened {
    pub account: Option<Wire<AccountPath>>,
    pub number: u32,
    #[oai(rename = "type")]
    pub kind: Kind,
}

/// An account's totals in one currency.
#[derive(Object, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct BalanceAfter {
    /// Absent where the ledger hides paths.
    pub account: Option<Wire<AccountPath>>,
    pub number: u32,
    pub currency: Wire<AssetCode>,
    pub debits: Wire<Quantity>,
    pub credits: Wire<Quantity>,
    pub pending_debits: Option<Wire<Quantity>>,
    pub pending_credits: Option<Wire<Quantity>>,
    /// On the account's normal side: debits less credits of an asset or expense, credits less debits of all others.
    pub balance: Wire<Quantity>,
}

/// A ledger was opened.
#[derive(Object, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct LedgerOpened {
    pub id: Wire<Key>,
    pub ledger: Wire<LedgerId>,
    pub position: Option<Wire<Position>>,
    pub event_id: Option<String>,
    pub recorded_at: Option<String>,
    pub effective_at: String,
    pub time_zone: String,
    pub accounts: ledger::Accounts,
    pub paths: ledger::Paths,
    /// `plain`: names, descriptions and other free text stand readable in the log and can never be erased.
    pub personal_data: String,
    pub name: Option<String>,
    pub metadata: Option<WireMetadata>,
}

/// Something about an account was changed.
#[derive(Object, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct AccountChanged {
    pub id: Wire<Key>,
    pub ledger: Wire<LedgerId>,
    pub position: Option<Wire<Position>>,
    pub event_id: Option<String>,
    pub recorded_at: Option<String>,
    pub effective_at: String,
    /// What happened, as the log calls it.
    pub event: String,
    pub number: u32,
    /// Where it was opened or renamed: its path.
    pub account: Option<Wire<AccountPath>>,
    #[oai(rename = "type")]
    pub kind: Option<Kind>,
    pub name: Option<String>,
    pub metadata: Option<WireMetadata>,
    pub reason: Option<String>,
    pub currency: Option<Wire<AssetCode>>,
    pub floor: Option<Wire<Quantity>>,
    pub ceiling: Option<Wire<Quantity>>,
    pub credit_line: Option<Wire<Quantity>>,
}

/// An asset was registered.
#[derive(Object, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct AssetRegistered {
    pub id: Wire<Key>,
    pub ledger: Wire<LedgerId>,
    pub position: Option<Wire<Position>>,
    pub event_id: Option<String>,
    pub recorded_at: Option<String>,
    pub effective_at: String,
    pub currency: Wire<AssetCode>,
    pub scale: u8,
    pub name: Option<String>,
}

/// An exchange rate was recorded.
#[derive(Object, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct RateRecorded {
    pub id: Wire<Key>,
    pub ledger: Wire<LedgerId>,
    pub position: Option<Wire<Position>>,
    pub event_id: Option<String>,
    pub recorded_at: Option<String>,
    /// From when it holds.
    pub effective_at: String,
    pub base: Wire<AssetCode>,
    pub quote: Wire<AssetCode>,
    pub rate: Wire<Rate>,
    pub source: Option<String>,
}

/// An answer already written, whose schema is that of `T`.
pub struct Answer<T> {
    status: StatusCode,
    body: Bytes,
    schema: PhantomData<T>,
}

impl<T> Answer<T> {
    /// 201 for what is recorded, 200 for a dry run.
    pub fn new(head: &Head<'_>, event: &Event) -> Self {
        let status = if head.recorded.is_some() { StatusCode::CREATED } else { StatusCode::OK };
        let mut body = Vec::with_capacity(640);
        write(&mut body, head, event);
        Self::written(status, body)
    }

    fn written(status: StatusCode, body: Vec<u8>) -> Self {
        Self { status, body: body.into(), schema: PhantomData }
    }

    pub fn into_parts(self) -> (StatusCode, Bytes) {
        (self.status, self.body)
    }
}

impl<T> IntoResponse for Answer<T>
where
    T: Send,
{
    fn into_response(self) -> Response {
        Response::builder().status(self.status).content_type("application/json").body(self.body)
    }
}

impl<T: Type + ToJSON> ApiResponse for Answer<T> {
    fn meta() -> MetaResponses {
        let response = |status, description| MetaResponse {
            description,
            status: Some(status),
            status_range: None,
            content: vec![MetaMediaType { content_type: "application/json", schema: T::schema_ref() }],
            headers: vec![],
        };
        MetaResponses {
            responses: vec![
                response(200, "A dry run: what would have been recorded"),
                response(201, "Recorded, and durable"),
            ],
        }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

/// Appends the answer to the command that `event` answers. A refusal is a problem, and not written here.
pub fn write(out: &mut Vec<u8>, head: &Head<'_>, event: &Event) {
    write_head(out, head);
    match event {
        Event::TransactionPosted(posted) => {
            opened(out, &posted.opened);
            balances(out, &posted.entries, |_| true);
        }
        Event::TransactionReversed(reversed) => {
            string(out, "reverses", reversed.original.as_str());
            balances(out, &reversed.entries, |_| true);
        }
        Event::LedgerOpened(ledger) => {
            string(out, "time_zone", &ledger.time_zone);
            value(out, "accounts", &ledger.accounts);
            value(out, "paths", &ledger.paths);
            value(out, "personal_data", &ledger.personal_data);
            sealed(out, "name", ledger.name.as_ref());
            sealed(out, "metadata", ledger.metadata.as_ref());
        }
        Event::AccountOpened(account) => {
            change(out, event, account.account);
            sealed(out, "account", Some(&account.path));
            string(out, "type", account.account_type.as_str());
            sealed(out, "name", account.name.as_ref());
            sealed(out, "metadata", account.metadata.as_ref());
        }
        Event::AccountRenamed(account) => {
            change(out, event, account.account);
            sealed(out, "account", Some(&account.path));
        }
        Event::AccountFrozen(account) => {
            change(out, event, account.account);
            sealed(out, "reason", account.reason.as_ref());
        }
        Event::AccountUnfrozen(account) => {
            change(out, event, account.account);
            sealed(out, "reason", account.reason.as_ref());
        }
        Event::AccountClosed(account) => {
            change(out, event, account.account);
            sealed(out, "reason", account.reason.as_ref());
        }
        Event::LimitsSet(limits) => {
            change(out, event, limits.account);
            string(out, "currency", limits.currency.as_str());
            for (name, limit) in
                [("floor", limits.floor), ("ceiling", limits.ceiling), ("credit_line", limits.credit_line)]
            {
                limit.into_iter().for_each(|limit| quantity(out, name, limit));
            }
        }
        Event::AssetRegistered(asset) => {
            string(out, "currency", asset.currency.as_str());
            number(out, "scale", asset.scale);
            sealed(out, "name", asset.name.as_ref());
        }
        Event::RateRecorded(rate) => {
            string(out, "base", rate.base.as_str());
            string(out, "quote", rate.quote.as_str());
            value(out, "rate", &rate.rate);
            sealed(out, "source", rate.source.as_ref());
        }
        Event::BudgetSet(_) | Event::BudgetChanged(_) | Event::BudgetDropped(_) => budget::write(out, event),
        Event::CommandRefused(_) => unreachable!("a refusal is answered by a problem"),
    }
    out.push(b'}');
}

fn write_head(out: &mut Vec<u8>, head: &Head<'_>) {
    out.push(b'{');
    string(out, "id", head.key.as_str());
    string(out, "ledger", head.ledger.as_str());
    if let Some(recorded) = &head.recorded {
        name(out, "position");
        out.push(b'"');
        digits(out, recorded.position.shard.0);
        out.push(b':');
        digits(out, recorded.position.sequence.0);
        out.extend_from_slice(b"\",\"event_id\":\"");
        let mut id = [0; uuid::fmt::Hyphenated::LENGTH];
        out.extend_from_slice(recorded.event_id.as_hyphenated().encode_lower(&mut id).as_bytes());
        out.push(b'"');
        time(out, "recorded_at", recorded.recorded_at);
    }
    time(out, "effective_at", head.effective_at);
}

fn change(out: &mut Vec<u8>, event: &Event, account: AccountNumber) {
    string(out, "event", event.name());
    number(out, "number", account.0);
}

fn opened(out: &mut Vec<u8>, accounts: &[OpenedAccount]) {
    if accounts.is_empty() {
        return;
    }
    name(out, "opened");
    for (index, opened) in accounts.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"[{" } else { b",{" });
        number(out, "number", opened.account.0);
        sealed(out, "account", Some(&opened.path));
        string(out, "type", opened.account_type.as_str());
        out.push(b'}');
    }
    out.push(b']');
}

/// An account's last entry in a currency holds what stands after the whole transaction. Of one account all entries are
/// kept, or none.
pub(crate) fn balances(out: &mut Vec<u8>, entries: &[Entry], keep: impl Fn(&Entry) -> bool) {
    name(out, "balances");
    out.push(b'[');
    let mut first = true;
    for (index, entry) in entries.iter().enumerate() {
        let same = |later: &Entry| later.account == entry.account && later.currency == entry.currency;
        if !keep(entry) || entries[index + 1..].iter().any(same) {
            continue;
        }
        out.extend_from_slice(if first { b"{" } else { b",{" });
        first = false;
        if let Some(path) = &entry.path {
            string(out, "account", path.as_str());
        }
        number(out, "number", entry.account.0);
        string(out, "currency", entry.currency.as_str());
        let after = entry.after;
        quantity(out, "debits", after.debits);
        quantity(out, "credits", after.credits);
        after.pending_debits.into_iter().for_each(|pending| quantity(out, "pending_debits", pending));
        after.pending_credits.into_iter().for_each(|pending| quantity(out, "pending_credits", pending));
        let (normal, other) = match entry.account_type.normal_side() {
            Direction::Debit => (after.debits, after.credits),
            Direction::Credit => (after.credits, after.debits),
        };
        let balance = normal.minor.checked_sub(other.minor).expect("both totals lie between 0 and i128::MAX");
        quantity(out, "balance", Quantity::new(balance, after.debits.scale));
        out.push(b'}');
    }
    out.push(b']');
}

pub(super) fn sealed<T: serde::Serialize>(out: &mut Vec<u8>, field: &str, content: Option<&Sealed<T>>) {
    if let Some(content) = content {
        value(out, field, content);
    }
}

pub(super) fn value(out: &mut Vec<u8>, field: &str, content: &(impl serde::Serialize + ?Sized)) {
    name(out, field);
    serde_json::to_writer(out, content).expect("writing JSON to memory");
}

pub(super) fn quantity(out: &mut Vec<u8>, field: &str, content: Quantity) {
    name(out, field);
    out.push(b'"');
    content.write(out);
    out.push(b'"');
}

pub(crate) fn time(out: &mut Vec<u8>, field: &str, content: Ts) {
    name(out, field);
    out.push(b'"');
    write_ts(out, content);
    out.push(b'"');
}

fn number(out: &mut Vec<u8>, field: &str, content: impl itoa::Integer) {
    name(out, field);
    digits(out, content);
}

fn digits(out: &mut Vec<u8>, content: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(content).as_bytes());
}

pub(crate) fn string(out: &mut Vec<u8>, field: &str, content: &str) {
    name(out, field);
    let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if content.bytes().all(is_plain) {
        out.push(b'"');
        out.extend_from_slice(content.as_bytes());
        out.push(b'"');
    } else {
        serde_json::to_writer(out, content).expect("writing JSON to memory");
    }
}

/// `"name":`, after a comma unless it is the first.
fn name(out: &mut Vec<u8>, name: &str) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

#[cfg(test)]
mod tests {
    use event_schemas::{Sequence, Shard};
    use expect_test::expect;

    use super::*;

    #[test]
    fn every_event_but_a_refusal_has_its_answer() {
        let head = Head {
            key: &Key::parse("rent-2026-11").unwrap(),
            ledger: &LedgerId::parse("household").unwrap(),
            recorded: Some(Recorded {
                position: Position::new(Shard(1), Sequence(17)),
                event_id: Uuid::nil(),
                recorded_at: Ts(1_795_428_000_000_001),
            }),
            effective_at: Ts(1_795_428_000_000_000),
        };
        let mut common = Vec::new();
        write_head(&mut common, &head);
        let common = String::from_utf8(common).unwrap();
        let mut answers = format!("{common}\n");
        for event in Event::examples() {
            if matches!(event, Event::CommandRefused(_)) {
                continue;
            }
            let mut out = Vec::new();
            write(&mut out, &head, &event);
            let answer = String::from_utf8(out).unwrap();
            serde_json::from_str::<serde_json::Value>(&answer).unwrap();
            answers += &format!("{}: {}\n", event.name(), answer.strip_prefix(&common).unwrap());
        }
        expect![[r#"
            {"id":"rent-2026-11","ledger":"household","position":"1:17","event_id":"00000000-0000-0000-0000-000000000000","recorded_at":"2026-11-23T10:00:00.000001Z","effective_at":"2026-11-23T10:00:00Z"
            transaction_posted: ,"opened":[{"number":8,"account":"expenses:food","type":"expense"}],"balances":[{"account":"expenses:food","number":8,"currency":"EUR","debits":"12.34","credits":"0.00","balance":"12.34"},{"account":"assets:bank:checking","number":7,"currency":"EUR","debits":"1500.00","credits":"12.34","pending_credits":"0.05","balance":"1487.66"}]}
            transaction_reversed: ,"reverses":"rent-2026-11","balances":[{"account":"expenses:food","number":8,"currency":"EUR","debits":"12.34","credits":"0.00","balance":"12.34"},{"account":"assets:bank:checking","number":7,"currency":"EUR","debits":"1500.00","credits":"12.34","pending_credits":"0.05","balance":"1487.66"}]}
            ledger_opened: ,"time_zone":"Europe/Prague","accounts":"open_explicitly","paths":"visible","personal_data":"plain","name":"Household"}
            account_opened: ,"event":"account_opened","number":7,"account":"assets:bank:checking","type":"asset","name":"Everyday account","metadata":{"iban":"CZ65…"}}
            account_renamed: ,"event":"account_renamed","number":7,"account":"assets:bank:main"}
            account_frozen: ,"event":"account_frozen","number":7,"reason":"card stolen"}
            account_unfrozen: ,"event":"account_unfrozen","number":7,"reason":"card replaced"}
            account_closed: ,"event":"account_closed","number":7,"reason":"moved to another bank"}
            limits_set: ,"event":"limits_set","number":7,"currency":"EUR","floor":"0.00","ceiling":"10000.00","credit_line":"500.00"}
            asset_registered: ,"currency":"BTC","scale":8,"name":"Bitcoin"}
            rate_recorded: ,"base":"EUR","quote":"CZK","rate":"25.10","source":"Czech National Bank"}
            budget_set: ,"event":"budget_set","budget":"groceries","name":"Food and drink","account":"expenses:food","category":"groceries","direction":"debit","currency":"EUR","amount":"400.00","period":"month","starts":"2026-11-01","ends":"2027-12-31","carry_over":"remaining"}
            budget_changed: ,"event":"budget_changed","budget":"groceries","name":"Food and drink","account":"expenses:food","category":"groceries","direction":"debit","currency":"EUR","amount":"450.00","period":"month","starts":"2027-01-01","ends":"2027-12-31","carry_over":"remaining"}
            budget_dropped: ,"event":"budget_dropped","budget":"groceries","from":"2027-07-01","reason":"we eat at my mother's now"}
        "#]].assert_eq(&answers);
    }
}
