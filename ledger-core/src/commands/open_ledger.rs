//! Opens a set of books.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use event_schemas::events::LedgerOpened;
use event_schemas::events::ledger_opened::{AccountsPolicy, PathsPolicy, PersonalDataPolicy};
use event_schemas::{Envelope, LedgerId, Metadata, Sealed};
use serde::{Deserialize, Serialize};

use crate::assets::OwnAssets;
use crate::decide::{Context, Decided};
use crate::refusal::{Refusal, RefusalKind};
use crate::state::{Books, Ledger, PathIndex};
use crate::undo::{Journal, Undo};

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenLedger {
    /// IANA name; `UTC` where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub time_zone: Option<String>,
    #[serde(default)]
    pub accounts: AccountsPolicy,
    #[serde(default)]
    pub paths: PathsPolicy,
    #[serde(default)]
    pub personal_data: PersonalDataPolicy,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<Sealed<String>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub metadata: Option<Sealed<Metadata>>,
}

pub(crate) const REFUSALS: &[RefusalKind] =
    &[RefusalKind::LedgerAlreadyExists, RefusalKind::TimeZoneIsUnknown];

pub(crate) fn decide(
    command: &OpenLedger,
    books: &Books,
    id: &LedgerId,
    context: &Context<'_>,
) -> Result<Decided, Refusal> {
    if books.ledger(id).is_some() {
        return Err(Refusal::at(RefusalKind::LedgerAlreadyExists, "/id").with("ledger", id));
    }
    let time_zone = command.time_zone.as_deref().unwrap_or("UTC");
    if time_zone.parse::<Tz>().is_err() {
        return Err(Refusal::at(RefusalKind::TimeZoneIsUnknown, "/time_zone").with("time_zone", time_zone));
    }
    let event = LedgerOpened {
        time_zone: time_zone.to_owned(),
        accounts: command.accounts,
        paths: command.paths,
        personal_data: command.personal_data,
        name: command.name.clone(),
        metadata: command.metadata.clone(),
    };
    Ok(Decided::now(event, context))
}

pub(crate) fn command_of(event: &LedgerOpened) -> OpenLedger {
    OpenLedger {
        time_zone: Some(event.time_zone.clone()),
        accounts: event.accounts,
        paths: event.paths,
        personal_data: event.personal_data,
        name: event.name.clone(),
        metadata: event.metadata.clone(),
    }
}

pub(crate) fn evolve(
    books: &mut Books,
    envelope: &Envelope,
    event: &LedgerOpened,
    journal: &mut impl Journal,
) {
    books.push(Ledger {
        id: envelope.ledger.clone(),
        time_zone: event.time_zone.parse().expect("decide refuses unknown time zones"),
        accounts_policy: event.accounts,
        paths_policy: event.paths,
        accounts: Vec::new(),
        former_paths: BTreeMap::new(),
        assets: OwnAssets::default(),
        reversed: BTreeMap::new(),
        budgets: BTreeMap::new(),
        changed_at: envelope.sequence,
        paths: PathIndex::default(),
    });
    journal.note(Undo::LedgerOpened);
}
