//! Gives an account another path. The former one still finds it and is never given to another.

use event_schemas::events::AccountRenamed;
use event_schemas::{AccountPath, Envelope};
use serde::{Deserialize, Serialize};

use super::{CommandInput, account_in_path};
use crate::decide::{Context, Decided};
use crate::refusal::{Refusal, RefusalKind};
use crate::state::{AccountRef, Ledger, Status};
use crate::undo::{FormerPath, Journal, Undo};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenameAccount {
    pub account: AccountRef,
    pub path: AccountPath,
}

impl CommandInput for RenameAccount {
    const REFUSALS: &'static [RefusalKind] =
        &[RefusalKind::AccountNotFound, RefusalKind::AccountIsClosed, RefusalKind::AccountAlreadyExists];

    fn decide(&self, ledger: &Ledger, context: &Context<'_>) -> Result<Decided, Refusal> {
        let (number, account) = account_in_path(ledger, &self.account)?;
        if account.status == Status::Closed {
            return Err(Refusal::new(RefusalKind::AccountIsClosed).with("account", &account.path));
        }
        // An account may take back a path that it once had; the path that it has now is taken, by itself.
        let owner = ledger.number_of(&self.path);
        if owner.is_some_and(|owner| owner != number) || account.path == self.path {
            return Err(Refusal::at(RefusalKind::AccountAlreadyExists, "/path").with("account", &self.path));
        }
        Ok(Decided::now(AccountRenamed { account: number, path: self.path.clone().into() }, context))
    }
}

pub(crate) fn command_of(_: &Envelope, event: &AccountRenamed) -> RenameAccount {
    RenameAccount {
        account: AccountRef::Number(event.account),
        path: event.path.plain().expect("paths are not sealed yet").clone(),
    }
}

pub(crate) fn evolve(ledger: &mut Ledger, place: u32, event: &AccountRenamed, journal: &mut impl Journal) {
    let path = event.path.plain().expect("paths are not sealed yet").clone();
    let former = match ledger.former_paths.remove(&path) {
        Some(owner) => {
            assert_eq!(owner, event.account, "a former path is never given to another account");
            FormerPath::TakenBack(path.clone())
        }
        None => FormerPath::Fresh,
    };
    let before = ledger.replace_path(event.account, path);
    ledger.former_paths.insert(before.clone(), event.account);
    journal.note(Undo::Renamed(place, event.account, before, former));
}
