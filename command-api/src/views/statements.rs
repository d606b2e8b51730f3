//! Statements and the general ledger, as their readers see them.

use event_schemas::{AccountPath, AssetCode, Position, Quantity, Ts};
use poem_openapi::Object;
use projections::statements::{AccountStatement, Line, Net, Statement, Turnover};
use serde::Serialize;

use super::valued::Money;
use crate::wire::{Wire, account::Kind, transaction::Side};

/// A page of the entries of accounts in a period, each with the balance after it.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(rename = "Statement", skip_serializing_if_is_none)]
pub struct StatementView {
    /// The account's path, when it is of one alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<Wire<AccountPath>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    #[oai(rename = "type")]
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// The side on which balances are above zero: of one account its normal side, of several the debits.
    pub side: Side,
    /// The first instant of the period. Absent: from the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The last instant of the period. Absent: all that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Records up to this one count. The pages after this one are as known then, too.
    pub known_at: Wire<Position>,
    /// What the views had read when they answered.
    pub as_of: Wire<Position>,
    /// Before the period.
    pub opening: Vec<Money>,
    /// Before the first line of this page, when it is not the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carried: Option<Vec<Money>>,
    /// By time of effect, then in the order of the log.
    pub lines: Vec<StatementLine>,
    /// After the last entry of the period, also when that is on a later page.
    pub closing: Vec<Money>,
    /// On the first page, when periods were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub periods: Option<Vec<StatementPeriod>>,
    /// To be sent as `cursor`, for the next page. Absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// An entry, and the balance after it.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct StatementLine {
    pub effective_at: String,
    pub recorded_at: String,
    /// Where its transaction stands in the log.
    pub position: Wire<Position>,
    /// The transaction's id.
    pub transaction: String,
    /// The transaction reverses another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reversal: Option<bool>,
    pub account: Wire<AccountPath>,
    pub direction: Side,
    pub amount: Wire<Quantity>,
    pub currency: Wire<AssetCode>,
    /// In this currency, after the entry, on the statement's side.
    pub balance: Wire<Quantity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// On the other side of the transaction in this currency; at most eight.
    pub counter_accounts: Vec<Wire<AccountPath>>,
    /// How many more there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counter_accounts_more: Option<u32>,
}

/// What was entered in a part of the period.
#[derive(Object, Serialize, Clone, Debug)]
pub struct StatementPeriod {
    pub from: String,
    pub to: String,
    pub turnovers: Vec<TurnoverView>,
}

/// In one currency.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(rename = "Turnover")]
pub struct TurnoverView {
    pub currency: Wire<AssetCode>,
    pub opening: Wire<Quantity>,
    pub debits: Wire<Quantity>,
    pub credits: Wire<Quantity>,
    pub closing: Wire<Quantity>,
}

/// A page of the statements of all accounts.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(rename = "GeneralLedger", skip_serializing_if_is_none)]
pub struct GeneralLedgerView {
    /// The first instant of the period. Absent: from the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The last instant of the period. Absent: all that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Records up to this one count. The pages after this one are as known then, too.
    pub known_at: Wire<Position>,
    /// What the views had read when they answered.
    pub as_of: Wire<Position>,
    /// Assets, liabilities, equity, income, expenses; then by path. Accounts that held nothing and in which nothing was entered are
    /// left out. One that goes on from the page before is there again, with `carried`.
    pub accounts: Vec<GeneralLedgerAccount>,
    /// To be sent as `cursor`, for the next page. Absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// An account's lines on a page, with balances on its normal side.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct GeneralLedgerAccount {
    pub account: Wire<AccountPath>,
    pub number: u32,
    #[oai(rename = "type")]
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Before the period.
    pub opening: Vec<Money>,
    /// Before the first of these lines, when it goes on from the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carried: Option<Vec<Money>>,
    pub lines: Vec<StatementLine>,
    /// After the last entry of the period, also when that is on a later page.
    pub closing: Vec<Money>,
}

fn money(net: &Net) -> Vec<Money> {
    let money = |(currency, amount): (&AssetCode, &Quantity)| Money {
        currency: Wire(*currency),
        amount: Wire(*amount),
    };
    net.0.iter().map(money).collect()
}

fn lines(lines: Vec<Line>, at: impl Fn(&Line) -> Position) -> Vec<StatementLine> {
    let line = |line: Line| StatementLine {
        position: Wire(at(&line)),
        effective_at: line.place.effective.to_string(),
        recorded_at: line.recorded_at.to_string(),
        transaction: line.transaction,
        reversal: line.is_reversal.then_some(true),
        account: Wire(line.account),
        direction: line.direction.into(),
        amount: Wire(line.amount),
        currency: Wire(line.currency),
        balance: Wire(line.balance),
        description: line.description,
        reference: line.reference,
        category: line.category,
        memo: line.memo,
        tags: (!line.tags.is_empty()).then_some(line.tags),
        counter_accounts: line.counter_accounts.into_iter().map(Wire).collect(),
        counter_accounts_more: match u32::try_from(line.counter_accounts_more) {
            Ok(0) => None,
            more => Some(more.unwrap_or(u32::MAX)),
        },
    };
    lines.into_iter().map(line).collect()
}

/// What a page says beside its lines.
pub struct About {
    pub period: [Option<Ts>; 2],
    pub known_at: Position,
    pub as_of: Position,
    /// Whether it goes on from another.
    pub goes_on: bool,
    pub next: Option<String>,
}

impl About {
    fn at(&self, line: &Line) -> Position {
        Position { sequence: line.place.position, ..self.known_at }
    }
}

impl StatementView {
    pub fn new(about: About, statement: Statement, periods: Option<Vec<StatementPeriod>>) -> Self {
        let [from, to] = about.period.map(|time| time.map(|time| time.to_string()));
        let (number, account) = statement.account.unzip();
        Self {
            kind: account.as_ref().map(|account| account.account_type.into()),
            account: account.map(|account| Wire(account.path)),
            number: number.map(|number| number.0),
            side: statement.side.into(),
            from,
            to,
            known_at: Wire(about.known_at),
            as_of: Wire(about.as_of),
            opening: money(&statement.opening),
            carried: about.goes_on.then(|| money(&statement.carried)),
            lines: lines(statement.lines, |line| about.at(line)),
            closing: money(&statement.closing),
            periods,
            next: about.next,
        }
    }
}

impl StatementPeriod {
    pub fn new((from, to): (Ts, Ts), turnovers: &std::collections::BTreeMap<AssetCode, Turnover>) -> Self {
        let turnover = |(currency, turnover): (&AssetCode, &Turnover)| TurnoverView {
            currency: Wire(*currency),
            opening: Wire(turnover.opening),
            debits: Wire(turnover.debits),
            credits: Wire(turnover.credits),
            closing: Wire(turnover.closing),
        };
        Self {
            from: from.to_string(),
            to: to.to_string(),
            turnovers: turnovers.iter().map(turnover).collect(),
        }
    }
}

impl GeneralLedgerView {
    pub fn new(about: About, accounts: Vec<AccountStatement>) -> Self {
        let [from, to] = about.period.map(|time| time.map(|time| time.to_string()));
        let account = |(place, of): (usize, AccountStatement)| GeneralLedgerAccount {
            kind: of.account.account_type.into(),
            account: Wire(of.account.path),
            number: of.number.0,
            opening: money(&of.opening),
            carried: (place == 0 && about.goes_on).then(|| money(&of.carried)),
            lines: lines(of.lines, |line| about.at(line)),
            closing: money(&of.closing),
        };
        Self {
            from,
            to,
            known_at: Wire(about.known_at),
            as_of: Wire(about.as_of),
            accounts: accounts.into_iter().enumerate().map(account).collect(),
            next: about.next,
        }
    }
}
