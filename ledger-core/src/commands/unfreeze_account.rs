//! Lets a frozen account be used again.

use event_schemas::events::AccountUnfrozen;
use event_schemas::{Envelope, Sealed};
use serde::{Deserialize, Serialize};

use super::{CommandInput, account_in_path};
use crate::decide::{Context, Decided};
use crate::refusal::{Refusal, RefusalKind};
use crate::state::{AccountRef, Ledger, Status, index};
use crate::undo::{Journal, Undo};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnfreezeAccount {
    pub account: AccountRef,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Sealed<String>>,
}

impl CommandInput for UnfreezeAccount {
    const REFUSALS: &'static [RefusalKind] =
        &[RefusalKind::AccountNotFound, RefusalKind::AccountIsNotFrozen, RefusalKind::AccountIsClosed];

    fn decide(&self, ledger: &Ledger, context: &Context<'_>) -> Result<Decided, Refusal> {
        let (number, account) = account_in_path(ledger, &self.account)?;
        let refuse = |kind| Err(Refusal::new(kind).with("account", &account.path));
        match account.status {
            Status::Frozen => {}
            Status::Open => return refuse(RefusalKind::AccountIsNotFrozen),
            Status::Closed => return refuse(RefusalKind::AccountIsClosed),
        }
        Ok(Decided::now(AccountUnfrozen { account: number, reason: self.reason.clone() }, context))
    }
}

pub(crate) fn command_of(_: &Envelope, event: &AccountUnfrozen) -> UnfreezeAccount {
    UnfreezeAccount { account: AccountRef::Number(event.account), reason: event.reason.clone() }
}

pub(crate) fn evolve(ledger: &mut Ledger, place: u32, event: &AccountUnfrozen, journal: &mut impl Journal) {
    let account = &mut ledger.accounts[index(event.account)];
    journal.note(Undo::StatusSet(place, event.account, account.status));
    account.status = Status::Open;
}
