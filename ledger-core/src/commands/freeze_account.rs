//! Stops all entries of an account until it is unfrozen.

use event_schemas::events::AccountFrozen;
use event_schemas::{Envelope, Sealed};
use serde::{Deserialize, Serialize};

use super::{CommandInput, account_in_path};
use crate::decide::{Context, Decided};
use crate::refusal::{Refusal, RefusalKind};
use crate::state::{AccountRef, Ledger, Status, index};
use crate::undo::{Journal, Undo};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FreezeAccount {
    pub account: AccountRef,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Sealed<String>>,
}

impl CommandInput for FreezeAccount {
    const REFUSALS: &'static [RefusalKind] =
        &[RefusalKind::AccountNotFound, RefusalKind::AccountIsFrozen, RefusalKind::AccountIsClosed];

    fn decide(&self, ledger: &Ledger, context: &Context<'_>) -> Result<Decided, Refusal> {
        let (number, account) = account_in_path(ledger, &self.account)?;
        let refuse = |kind| Err(Refusal::new(kind).with("account", &account.path));
        match account.status {
            Status::Open => {}
            Status::Frozen => return refuse(RefusalKind::AccountIsFrozen),
            Status::Closed => return refuse(RefusalKind::AccountIsClosed),
        }
        Ok(Decided::now(AccountFrozen { account: number, reason: self.reason.clone() }, context))
    }
}

pub(crate) fn command_of(_: &Envelope, event: &AccountFrozen) -> FreezeAccount {
    FreezeAccount { account: AccountRef::Number(event.account), reason: event.reason.clone() }
}

pub(crate) fn evolve(ledger: &mut Ledger, place: u32, event: &AccountFrozen, journal: &mut impl Journal) {
    let account = &mut ledger.accounts[index(event.account)];
    journal.note(Undo::StatusSet(place, event.account, account.status));
    account.status = Status::Frozen;
}
