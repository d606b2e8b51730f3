//! What the server answers, as far as the importer reads it.

use std::collections::BTreeMap;

use event_schemas::{AccountPath, AccountType, AssetCode, Direction, Position, Quantity, Sequence};
use serde::Deserialize;

use super::{posting::Leg, rejects::Reason};

/// The outcome of one item of a bulk.
#[derive(Debug, Deserialize)]
pub struct Outcome {
    pub index: u64,
    pub status: u16,
    pub body: Body,
}

/// An answer or a problem: the fields of both that matter here.
#[derive(Debug, Deserialize)]
pub struct Body {
    /// Where it stands in the log. A problem has it if it is a recorded refusal.
    pub position: Option<Position>,
    #[serde(default)]
    pub balances: Vec<BalanceAfter>,
    #[serde(default)]
    pub code: String,
    #[serde(default)]
    pub title: String,
    pub detail: Option<String>,
    pub pointer: Option<String>,
    #[serde(default)]
    pub figures: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
pub struct BalanceAfter {
    pub currency: AssetCode,
    /// Debits less credits.
    pub balance: String,
}

/// A record of the log.
#[derive(Debug, Deserialize)]
pub struct RecordedEvent {
    #[serde(rename = "seq")]
    pub sequence: Sequence,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub entries: Vec<RecordedEntry>,
}

#[derive(Debug, Deserialize)]
pub struct RecordedEntry {
    pub account: u32,
    /// As it was then; absent where the ledger hides paths.
    pub path: Option<AccountPath>,
    pub account_type: AccountType,
    pub direction: Direction,
    pub amount: Quantity,
    pub currency: AssetCode,
    pub after: After,
}

#[derive(Debug, Deserialize, Clone, Copy)]
pub struct After {
    pub debits: Quantity,
    pub credits: Quantity,
}

/// The code of the problem that a key was used for another request.
pub const KEY_REUSED: &str = "key_reused";
/// Where the first request with the key stands in the log, among that problem's figures.
pub const USED_AT: &str = "used_at";

impl Body {
    pub fn reason(&self) -> Reason {
        let mut why = self.title.clone();
        if let Some(detail) = &self.detail {
            why = format!("{why}: {detail}");
        }
        for (name, figure) in &self.figures {
            why += &format!(" [{name}: {figure}]");
        }
        Reason { why, code: self.code.clone(), pointer: self.pointer.clone().unwrap_or_default() }
    }

    /// The first leg's balance after the transaction, on its account's normal side.
    ///
    /// Balances stand in the order of their accounts' last entries. So the place tells which is meant, even where an
    /// account has been renamed or paths are hidden.
    pub fn balance_of_first(&self, legs: &[Leg]) -> Option<String> {
        let first = legs.first()?;
        let same = |one: &Leg, other: &Leg| one.account == other.account && one.currency == other.currency;
        let is_last = |(index, leg): &(usize, &Leg)| !legs[index + 1..].iter().any(|later| same(leg, later));
        let mut last = legs.iter().enumerate().filter(is_last);
        let place = last.position(|(_, leg)| same(leg, first))?;
        let after = self.balances.get(place).filter(|after| after.currency == first.currency)?;
        Some(after.balance.clone())
    }
}

impl RecordedEvent {
    pub fn balance_of_first(&self) -> Option<String> {
        let first = self.entries.first()?;
        let same =
            |entry: &&RecordedEntry| entry.account == first.account && entry.currency == first.currency;
        let After { debits, credits } = self.entries.iter().rev().find(same)?.after;
        let (normal, other) = match first.account_type.normal_side() {
            Direction::Debit => (debits, credits),
            Direction::Credit => (credits, debits),
        };
        Some(Quantity::new(normal.minor.checked_sub(other.minor)?, normal.scale).to_string())
    }
}
