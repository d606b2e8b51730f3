//! Closes an account for ever. Its balances must be zero.

use event_schemas::events::AccountClosed;
use event_schemas::{Envelope, Sealed};
use serde::{Deserialize, Serialize};

use super::{CommandInput, account_in_path};
use crate::decide::{Context, Decided};
use crate::refusal::{Refusal, RefusalKind};
use crate::state::{AccountRef, Ledger, Status, index};
use crate::undo::{Journal, Undo};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseAccount {
    pub account: AccountRef,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Sealed<String>>,
}

impl CommandInput for CloseAccount {
    const REFUSALS: &'static [RefusalKind] = &[
        RefusalKind::AccountNotFound,
        RefusalKind::AccountIsFrozen,
        RefusalKind::AccountIsClosed,
        RefusalKind::AccountHasBalance,
    ];

    fn decide(&self, ledger: &Ledger, context: &Context<'_>) -> Result<Decided, Refusal> {
        let (number, account) = account_in_path(ledger, &self.account)?;
        let refuse = |kind| Err(Refusal::new(kind).with("account", &account.path));
        match account.status {
            Status::Open => {}
            Status::Frozen => return refuse(RefusalKind::AccountIsFrozen),
            Status::Closed => return refuse(RefusalKind::AccountIsClosed),
        }
        if let Some(balance) = account.balances.iter().find(|balance| !balance.is_zero()) {
            let posted = ledger.quantity(balance.asset, balance.posted(account.account_type));
            let refusal = Refusal::new(RefusalKind::AccountHasBalance).with("account", &account.path);
            return Err(refusal.with("balance", posted).with("currency", ledger.code(balance.asset)));
        }
        Ok(Decided::now(AccountClosed { account: number, reason: self.reason.clone() }, context))
    }
}

pub(crate) fn command_of(_: &Envelope, event: &AccountClosed) -> CloseAccount {
    CloseAccount { account: AccountRef::Number(event.account), reason: event.reason.clone() }
}

pub(crate) fn evolve(ledger: &mut Ledger, place: u32, event: &AccountClosed, journal: &mut impl Journal) {
    let account = &mut ledger.accounts[index(event.account)];
    journal.note(Undo::StatusSet(place, event.account, account.status));
    account.status = Status::Closed;
}
