//! A command as text, as a caller would write it: what both the core and the model are given.

use chrono::{DateTime, SecondsFormat};
use ledger_core::Command;
use serde_json::{Map, Value, json};

#[derive(Debug, Clone)]
pub enum Asked {
    OpenLedger { zone: Option<String>, explicit: bool, hidden: bool },
    OpenAccount { path: String, kind: Option<String> },
    RenameAccount { account: Name, path: String },
    FreezeAccount { account: Name },
    UnfreezeAccount { account: Name },
    CloseAccount { account: Name },
    SetLimits { account: Name, currency: String, bounds: Bounds },
    RegisterAsset { currency: String, scale: u8 },
    RecordRate { base: String, quote: String, rate: String, at: At },
    SetBudget { change: bool, budget: String, plan: Plan },
    DropBudget { budget: String, from: Option<String> },
    PostTransaction { at: At, since: Option<(u16, u64)>, conditions: Vec<Condition>, entries: Vec<Leg> },
    ReverseTransaction { transaction: String, at: At },
}

#[derive(Debug, Clone)]
pub enum Name {
    Path(String),
    Number(u32),
}

#[derive(Debug, Clone)]
pub enum At {
    Unsaid,
    Instant(i64),
    Date(String),
}

#[derive(Debug, Clone)]
pub struct Bounds {
    pub floor: Option<String>,
    pub ceiling: Option<String>,
    pub credit_line: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Condition {
    pub account: Name,
    pub currency: String,
    pub at_least: Option<String>,
    pub at_most: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Leg {
    pub account: Name,
    pub debit: bool,
    pub amount: String,
    pub currency: String,
}

#[derive(Debug, Clone)]
pub struct Plan {
    pub account: Option<String>,
    pub category: Option<String>,
    pub direction: Option<String>,
    pub currency: String,
    pub amount: String,
    pub period: String,
    pub starts: Option<String>,
    pub ends: Option<String>,
    pub carry_over: String,
}

impl Asked {
    pub fn to_command(&self) -> Command {
        let (name, input) = match self {
            Asked::OpenLedger { zone, explicit, hidden } => {
                let accounts = if *explicit { "open_explicitly" } else { "open_on_first_use" };
                let paths = if *hidden { "hidden" } else { "visible" };
                ("open_ledger", json!({ "time_zone": zone, "accounts": accounts, "paths": paths }))
            }
            Asked::OpenAccount { path, kind } => {
                ("open_account", json!({ "path": path, "account_type": kind }))
            }
            Asked::RenameAccount { account, path } => {
                ("rename_account", json!({ "account": account.json(), "path": path }))
            }
            Asked::FreezeAccount { account } => ("freeze_account", json!({ "account": account.json() })),
            Asked::UnfreezeAccount { account } => {
                ("unfreeze_account", json!({ "account": account.json(), "reason": "thawed" }))
            }
            Asked::CloseAccount { account } => ("close_account", json!({ "account": account.json() })),
            Asked::SetLimits { account, currency, bounds } => {
                let Bounds { floor, ceiling, credit_line } = bounds;
                let account = account.json();
                let input = json!({ "account": account, "currency": currency, "floor": floor, "ceiling": ceiling, "credit_line": credit_line });
                ("set_limits", input)
            }
            Asked::RegisterAsset { currency, scale } => {
                ("register_asset", json!({ "currency": currency, "scale": scale }))
            }
            Asked::RecordRate { base, quote, rate, at } => {
                let at = at.json();
                ("record_rate", json!({ "base": base, "quote": quote, "rate": rate, "effective_at": at }))
            }
            Asked::SetBudget { change, budget, plan } => {
                let name = if *change { "change_budget" } else { "set_budget" };
                (name, plan.json(budget))
            }
            Asked::DropBudget { budget, from } => ("drop_budget", json!({ "budget": budget, "from": from })),
            Asked::PostTransaction { at, since, conditions, entries } => {
                ("post_transaction", post(at, *since, conditions, entries))
            }
            Asked::ReverseTransaction { transaction, at } => {
                ("reverse_transaction", json!({ "transaction": transaction, "effective_at": at.json() }))
            }
        };
        let text = json!({ name: input }).to_string();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }
}

fn post(at: &At, since: Option<(u16, u64)>, conditions: &[Condition], entries: &[Leg]) -> Value {
    let leg = |leg: &Leg| {
        let direction = if leg.debit { "debit" } else { "credit" };
        json!({ "account": leg.account.json(), "direction": direction, "amount": leg.amount, "currency": leg.currency })
    };
    let condition = |c: &Condition| json!({ "account": c.account.json(), "currency": c.currency, "at_least": c.at_least, "at_most": c.at_most });
    let mut preconditions = Map::new();
    if !conditions.is_empty() {
        preconditions.insert("balances".to_owned(), conditions.iter().map(condition).collect());
    }
    if let Some((shard, sequence)) = since {
        preconditions.insert("unchanged_since".to_owned(), json!(format!("{shard}:{sequence}")));
    }
    let preconditions = if preconditions.is_empty() { Value::Null } else { preconditions.into() };
    let entries: Vec<Value> = entries.iter().map(leg).collect();
    json!({ "effective_at": at.json(), "preconditions": preconditions, "entries": entries })
}

impl Plan {
    fn json(&self, budget: &str) -> Value {
        json!({
            "budget": budget, "account": self.account, "category": self.category, "direction": self.direction,
            "currency": self.currency, "amount": self.amount, "period": self.period, "starts": self.starts,
            "ends": self.ends, "carry_over": self.carry_over,
        })
    }
}

impl Name {
    fn json(&self) -> Value {
        match self {
            Name::Path(path) => json!(path),
            Name::Number(number) => json!(number),
        }
    }
}

impl At {
    fn json(&self) -> Value {
        match self {
            At::Unsaid => Value::Null,
            At::Date(date) => json!(date),
            At::Instant(micros) => {
                let time = DateTime::from_timestamp_micros(*micros).expect("in chrono's years");
                json!(time.to_rfc3339_opts(SecondsFormat::Micros, true))
            }
        }
    }
}
