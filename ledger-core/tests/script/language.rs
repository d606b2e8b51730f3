//! The scripts' language: a line is a command, what follows `=>` is its outcome.
//!
//! ```text
//! now 2026-11-24T12:00:00Z
//! ledger ID [zone=Z] [accounts=open_explicitly] [paths=hidden]      use ID
//! open PATH [type=T]   rename A PATH   freeze A   unfreeze A   close A   show A
//! limits A CURRENCY [floor=X] [ceiling=X] [credit=X]                asset CODE SCALE
//! post KEY [at=TIME] [since=1:7] [least=A/CURRENCY/X] [most=A/CURRENCY/X] dr A X CURRENCY, cr A X CURRENCY
//! budget ID AMOUNT CURRENCY PERIOD [account=A] [category=C] [direction=D] [starts=DAY] [ends=DAY] [carry=C]
//! change ID (as budget)   drop ID [from=DAY]
//! reverse KEY TRANSACTION [at=TIME]       rate BASE QUOTE RATE [at=TIME] [source=S]
//! ```
//! An account is a path, or `#` and its number. `?` before a line that has two faults and names both, `?a,b post …`,
//! checks that the outcome is the one that the command's list of refusals has first.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use event_schemas::events::entries::Entry;
use event_schemas::{Event, LedgerId, Record, Ts};
use expect_test::Expect;
use ledger_core::{AccountRef, Command, RefusalKind};
use serde_json::{Map, Value, json};

use crate::shard::{self, Shard};

pub struct Run {
    pub shard: Shard,
    pub ledger: LedgerId,
    pub reached: BTreeSet<u16>,
    keys: usize,
}

/// Runs a script, compares it and its outcomes with the snapshot, and takes it all back.
pub fn check(script: Expect) {
    let mut run = Run::new();
    run.check(script);
    run.shard.through_a_snapshot();
    run.shard.check_undo_of_everything(|| 3);
}

impl Run {
    pub fn new() -> Run {
        let now = Ts::parse("2026-11-24T12:00:00Z").expect("an instant");
        let ledger = LedgerId::parse("none").expect("a valid id");
        Run { shard: Shard::new(now), ledger, reached: BTreeSet::new(), keys: 0 }
    }

    pub fn check(&mut self, script: Expect) {
        let mut out = String::new();
        let lines = script.data().trim_start_matches('\n').trim_end().lines().map(str::trim);
        // The outcomes of last time.
        for line in lines.filter(|line| !line.starts_with("=>")) {
            let (command, _) = line.split_once("=>").unwrap_or((line, ""));
            let command = command.trim_end();
            out.push_str(command);
            let silent = command.is_empty() || command.starts_with("--");
            if let Some(outcome) = if silent { None } else { self.line(command) } {
                let long = command.len() + outcome.len() > 100;
                write!(out, "{}=> {outcome}", if long { "\n    " } else { " " }).expect("a string takes it");
            }
            out.push('\n');
        }
        self.shard.check_replay();
        script.assert_eq(&out);
    }

    pub fn line(&mut self, line: &str) -> Option<String> {
        if let Some(line) = line.strip_prefix('?') {
            let (faults, line) = line.split_once(' ').expect("two faults and a command");
            return Some(self.two_faults(faults, line));
        }
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "now" => self.shard.now = Ts::parse(rest).expect("an instant"),
            "use" => self.ledger = LedgerId::parse(rest).expect("a valid id"),
            "show" => return Some(self.show(rest)),
            _ => return Some(outcome(&self.command(line))),
        }
        None
    }

    fn two_faults(&mut self, faults: &str, line: &str) -> String {
        let record = self.command(line);
        let told = shard::refusal(&record).expect("a command with two faults is refused");
        let (_, documented) = Command::REFUSALS
            .iter()
            .find(|(name, _)| *name == ledger_core::command_of(&record).expect("readable").name())
            .expect("every command lists its refusals");
        let place = |kind: RefusalKind| documented.iter().position(|k| *k == kind).expect("it is listed");
        let faults: Vec<RefusalKind> = faults.split(',').map(kind).collect();
        assert_eq!(faults.len(), 2, "{line}");
        assert!(place(faults[0]) < place(faults[1]), "write the faults in the documented order: {line}");
        assert_eq!(told, faults[0], "{line}");
        outcome(&record)
    }

    fn command(&mut self, line: &str) -> Record {
        self.keys += 1;
        let mut key = format!("key-{}", self.keys);
        let command = self.parse(line, &mut key);
        let record = self.shard.execute(&self.ledger, &key, &command);
        self.reached.extend(shard::refusal(&record).map(RefusalKind::number));
        record
    }

    /// Commands are made from JSON, as the door and the log make them.
    pub fn parse(&mut self, line: &str, key: &mut String) -> Command {
        let (head, legs) = match line.find(" dr ").into_iter().chain(line.find(" cr ")).min() {
            Some(at) => (&line[..at], line[at..].trim()),
            None => (line, ""),
        };
        let mut words: Vec<&str> = head.split_whitespace().collect();
        let options: Vec<(&str, &str)> = words.iter().filter_map(|word| word.split_once('=')).collect();
        words.retain(|word| !word.contains('='));
        let mut input = Map::new();
        let mut set = |field: &str, value: Value| input.insert(field.to_owned(), value);
        let name = match words[..] {
            ["ledger", id] => {
                self.ledger = LedgerId::parse(id).expect("a valid id");
                "open_ledger"
            }
            ["open", path] => {
                set("path", json!(path));
                "open_account"
            }
            ["rename", account, path] => {
                set("account", reference(account));
                set("path", json!(path));
                "rename_account"
            }
            [verb @ ("freeze" | "unfreeze" | "close"), account] => {
                set("account", reference(account));
                match verb {
                    "freeze" => "freeze_account",
                    "unfreeze" => "unfreeze_account",
                    _ => "close_account",
                }
            }
            ["limits", account, currency] => {
                set("account", reference(account));
                set("currency", json!(currency));
                "set_limits"
            }
            ["asset", code, scale] => {
                set("currency", json!(code));
                set("scale", json!(scale.parse::<u8>().expect("a scale")));
                "register_asset"
            }
            ["rate", base, quote, rate] => {
                set("base", json!(base));
                set("quote", json!(quote));
                set("rate", json!(rate));
                "record_rate"
            }
            [verb @ ("budget" | "change"), id, amount, currency, period] => {
                set("budget", json!(id));
                set("amount", json!(amount));
                set("currency", json!(currency));
                set("period", json!(period));
                set("carry_over", json!("none"));
                if verb == "budget" { "set_budget" } else { "change_budget" }
            }
            ["drop", id] => {
                set("budget", json!(id));
                "drop_budget"
            }
            ["post", name] => {
                *key = name.to_owned();
                set("entries", legs.split(',').filter(|leg| !leg.is_empty()).map(leg_of).collect());
                "post_transaction"
            }
            ["reverse", name, transaction] => {
                *key = name.to_owned();
                set("transaction", json!(transaction));
                "reverse_transaction"
            }
            _ => panic!("no command: {line}"),
        };
        let mut preconditions = Map::new();
        let mut balances = Vec::new();
        for (option, value) in options {
            match option {
                "zone" => drop(set("time_zone", json!(value))),
                "type" => drop(set("account_type", json!(value))),
                "credit" => drop(set("credit_line", json!(value))),
                "carry" => drop(set("carry_over", json!(value))),
                "at" => drop(set("effective_at", json!(value))),
                "since" => drop(preconditions.insert("unchanged_since".to_owned(), json!(value))),
                "least" => balances.push(condition("at_least", value)),
                "most" => balances.push(condition("at_most", value)),
                other => drop(set(other, json!(value))),
            }
        }
        if !balances.is_empty() {
            preconditions.insert("balances".to_owned(), Value::Array(balances));
        }
        if !preconditions.is_empty() {
            set("preconditions", Value::Object(preconditions));
        }
        serde_json::from_value(json!({ name: input })).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    fn show(&self, account: &str) -> String {
        let ledger = self.shard.books.ledger(&self.ledger).expect("the ledger is open");
        let account: AccountRef = serde_json::from_value(reference(account)).expect("an account");
        let Some((number, account)) = ledger.account(&account) else { return "nothing".to_owned() };
        let mut out =
            format!("#{} {} {:?}, {} entries", number.0, account.path, account.status, account.entries);
        for view in ledger.balances(account) {
            write!(out, ", {} {} (available {})", view.posted, view.currency, view.available)
                .expect("a string");
        }
        out
    }
}

fn kind(code: &str) -> RefusalKind {
    let named = |kind: &&RefusalKind| kind.code() == code;
    *RefusalKind::ALL.iter().find(named).unwrap_or_else(|| panic!("no refusal has the code {code}"))
}

fn reference(account: &str) -> Value {
    match account.strip_prefix('#') {
        Some(number) => json!(number.parse::<u32>().expect("an account's number")),
        None => json!(account),
    }
}

fn leg_of(leg: &str) -> Value {
    let [side, account, amount, currency] = leg.split_whitespace().collect::<Vec<_>>()[..] else {
        panic!("a leg reads `dr ACCOUNT AMOUNT CURRENCY`: {leg}")
    };
    let direction = if side == "dr" { "debit" } else { "credit" };
    json!({ "account": reference(account), "direction": direction, "amount": amount, "currency": currency })
}

fn condition(bound: &str, value: &str) -> Value {
    let [account, currency, amount] = value.split('/').collect::<Vec<_>>()[..] else {
        panic!("a condition reads ACCOUNT/CURRENCY/AMOUNT: {value}")
    };
    json!({ "account": reference(account), "currency": currency, bound: amount })
}

/// The event, and what a caller most wants to know of it.
fn outcome(record: &Record) -> String {
    let name = record.event.name();
    match &record.event {
        Event::CommandRefused(refused) => {
            let refusal = &refused.refusal;
            let mut out = format!("{} {}", refusal.number, refusal.code);
            if let Some(pointer) = &refusal.pointer {
                write!(out, " at {pointer}").expect("a string takes it");
            }
            for (figure, value) in &refusal.figures {
                write!(out, " {figure}={value}").expect("a string takes it");
            }
            out
        }
        Event::TransactionPosted(posted) => {
            let mut out = format!("{name}{}", when(record));
            for opened in &posted.opened {
                let path = opened.path.plain().expect("not sealed");
                write!(out, ", opened #{} {path} {}", opened.account.0, opened.account_type.as_str())
                    .expect("a string takes it");
            }
            out + &entries(&posted.entries)
        }
        Event::TransactionReversed(reversed) => {
            format!("{name}{}{}", when(record), entries(&reversed.entries))
        }
        Event::AccountOpened(opened) => {
            format!("{name} #{} {}", opened.account.0, opened.account_type.as_str())
        }
        Event::LimitsSet(limits) => {
            let bounds =
                [("floor", limits.floor), ("ceiling", limits.ceiling), ("credit", limits.credit_line)];
            let bounds = bounds.into_iter().filter_map(|(name, bound)| Some(format!(" {name}={}", bound?)));
            format!("{name}{}", bounds.collect::<String>())
        }
        Event::RateRecorded(rate) => {
            format!("{name}{}, 1 {} = {} {}", when(record), rate.base, rate.rate, rate.quote)
        }
        Event::BudgetSet(plan) => {
            let (starts, side) = (plan.starts, plan.direction);
            format!(
                "{name}, {side:?} {} {} a {} from {starts}",
                plan.amount,
                plan.currency,
                plan.period.as_str()
            )
        }
        Event::BudgetChanged(plan) => {
            let (starts, side) = (plan.starts, plan.direction);
            format!(
                "{name}, {side:?} {} {} a {} from {starts}",
                plan.amount,
                plan.currency,
                plan.period.as_str()
            )
        }
        Event::BudgetDropped(dropped) => format!("{name} from {}", dropped.from),
        _ => name.to_owned(),
    }
}

fn when(record: &Record) -> String {
    let envelope = &record.envelope;
    if envelope.effective_at == envelope.recorded_at {
        String::new()
    } else {
        format!(" as of {}", envelope.effective_at)
    }
}

/// `; bank:1 10.00-0.00` for each: the account's path or number, the entry's number, debits and credits after it.
fn entries(entries: &[Entry]) -> String {
    let one = |entry: &Entry| {
        let account = entry.path.as_ref().map_or(format!("#{}", entry.account.0), ToString::to_string);
        format!("; {account} no.{} {}-{}", entry.number, entry.after.debits, entry.after.credits)
    };
    entries.iter().map(one).collect()
}
