//! Records as the audit shows them: who did or tried what, when, and what came of it.

use std::collections::BTreeMap;

use event_schemas::{Position, Sequence};
use ledger_core::RefusalKind;
use poem_openapi::{Enum, Object};
use projections::views::audit::{Account, Line, Outcome, Refused};
use serde::Serialize;

use crate::wire::Wire;

/// Records of a ledger, newest first.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct AuditPage {
    pub records: Vec<AuditRecord>,
    /// The `cursor` with which older ones are read; absent when there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Wire<Position>>,
    /// What the view had read when it answered.
    pub as_of: Wire<Position>,
}

/// What somebody did or tried.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct AuditRecord {
    pub position: Wire<Position>,
    pub recorded_at: String,
    pub effective_at: String,
    /// Whose key it was.
    pub actor: String,
    /// The event's name; of a refusal, the command's.
    pub kind: String,
    /// The event's version.
    pub version: u16,
    /// The command's key. Of a transaction it is also the id.
    pub key: String,
    pub outcome: AuditOutcome,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<AuditRefusal>,
    /// Accounts that it touched, or that a refused command named.
    pub accounts: Vec<AuditAccount>,
    /// Paths that a refused command named, and that were no account's.
    pub no_accounts: Vec<String>,
}

/// What came of it.
#[derive(Enum, Serialize, Clone, Copy, Debug, PartialEq, Eq)]
#[oai(rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    Recorded,
    Refused,
    /// A newer program wrote it, and its envelope is all that could be read.
    Unknown,
}

/// Which rule said no.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct AuditRefusal {
    pub number: u16,
    pub code: String,
    /// When this refusal is given, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The part of the request at fault, as a JSON Pointer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// The figures behind it.
    pub figures: BTreeMap<String, String>,
}

/// An account as it was called then.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct AuditAccount {
    pub number: u32,
    /// Absent: a newer program opened it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

impl AuditRecord {
    pub fn of(line: Line, position: impl Fn(Sequence) -> Position) -> Self {
        Self {
            position: Wire(position(line.sequence)),
            recorded_at: line.recorded_at.to_string(),
            effective_at: line.effective_at.to_string(),
            actor: line.actor,
            kind: line.kind,
            version: line.version,
            key: line.key,
            outcome: line.outcome.into(),
            refusal: line.refused.map(AuditRefusal::of),
            accounts: line.accounts.into_iter().map(AuditAccount::of).collect(),
            no_accounts: line.strays,
        }
    }
}

impl AuditRefusal {
    fn of(refused: Refused) -> Self {
        let Refused { number, code, pointer, figures } = refused;
        let detail = RefusalKind::by_number(number).map(|kind| kind.when().to_owned());
        Self { number, code, detail, pointer, figures }
    }
}

impl AuditAccount {
    fn of(account: Account) -> Self {
        Self { number: account.number.0, account: account.path }
    }
}

impl From<Outcome> for AuditOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Recorded => Self::Recorded,
            Outcome::Refused => Self::Refused,
            Outcome::Unknown => Self::Unknown,
        }
    }
}

impl From<AuditOutcome> for Outcome {
    fn from(outcome: AuditOutcome) -> Self {
        match outcome {
            AuditOutcome::Recorded => Self::Recorded,
            AuditOutcome::Refused => Self::Refused,
            AuditOutcome::Unknown => Self::Unknown,
        }
    }
}
