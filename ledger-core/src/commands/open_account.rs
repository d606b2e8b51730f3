//! Opens an account.

use event_schemas::events::AccountOpened;
use event_schemas::{AccountNumber, AccountPath, AccountType, Envelope, Metadata, Sealed};
use serde::{Deserialize, Serialize};

use super::CommandInput;
use crate::decide::{Context, Decided};
use crate::refusal::{Refusal, RefusalKind};
use crate::state::{Account, Ledger};
use crate::undo::{Journal, Undo};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenAccount {
    pub path: AccountPath,
    /// May be left out where the path's first name tells it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub account_type: Option<AccountType>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<Sealed<String>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub metadata: Option<Sealed<Metadata>>,
}

impl CommandInput for OpenAccount {
    const REFUSALS: &'static [RefusalKind] =
        &[RefusalKind::AccountAlreadyExists, RefusalKind::AccountTypeIsUnknown, RefusalKind::LedgerIsFull];

    fn decide(&self, ledger: &Ledger, context: &Context<'_>) -> Result<Decided, Refusal> {
        if ledger.number_of(&self.path).is_some() {
            return Err(Refusal::at(RefusalKind::AccountAlreadyExists, "/path").with("account", &self.path));
        }
        let Some(account_type) = self.account_type.or_else(|| self.path.account_type()) else {
            return Err(Refusal::at(RefusalKind::AccountTypeIsUnknown, "/type").with("account", &self.path));
        };
        let account = next_number(ledger, 0)?;
        let event = AccountOpened {
            account,
            path: self.path.clone().into(),
            account_type,
            name: self.name.clone(),
            metadata: self.metadata.clone(),
        };
        Ok(Decided::now(event, context))
    }
}

/// The number of the account to be opened after `opened` others.
pub(super) fn next_number(ledger: &Ledger, opened: usize) -> Result<AccountNumber, Refusal> {
    number_after(ledger.accounts().len(), opened).ok_or(Refusal::new(RefusalKind::LedgerIsFull))
}

fn number_after(accounts: usize, opened: usize) -> Option<AccountNumber> {
    let number = u32::try_from(accounts.checked_add(opened)?).ok()?;
    if number < u32::MAX { Some(AccountNumber(number)) } else { None }
}

pub(crate) fn command_of(_: &Envelope, event: &AccountOpened) -> OpenAccount {
    OpenAccount {
        path: event.path.plain().expect("paths are not sealed yet").clone(),
        account_type: Some(event.account_type),
        name: event.name.clone(),
        metadata: event.metadata.clone(),
    }
}

pub(crate) fn evolve(ledger: &mut Ledger, place: u32, event: &AccountOpened, journal: &mut impl Journal) {
    open(ledger, place, event.account, event.path.plain(), event.account_type, journal);
}

/// Opens an account in the books, whether on request or by its first use.
pub(super) fn open(
    ledger: &mut Ledger,
    place: u32,
    number: AccountNumber,
    path: Option<&AccountPath>,
    account_type: AccountType,
    journal: &mut impl Journal,
) {
    let path = path.expect("paths are not sealed yet").clone();
    assert!(ledger.number_of(&path).is_none(), "a path is given once: {path}");
    let given = ledger.push_account(Account::new(path, account_type));
    assert_eq!(given, number, "account numbers are dense");
    journal.note(Undo::AccountOpened(place));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No test can hold as many accounts, so this tests the count by itself.
    #[test]
    fn a_ledger_is_full_at_4294967295_accounts() {
        let last = u32::MAX - 1;
        assert_eq!(number_after(0, 0), Some(AccountNumber(0)));
        assert_eq!(number_after(last as usize, 0), Some(AccountNumber(last)));
        assert_eq!(number_after(last as usize - 1, 1), Some(AccountNumber(last)));
        assert_eq!(number_after(last as usize, 1), None);
        assert_eq!(number_after(usize::MAX, 1), None);
    }
}
