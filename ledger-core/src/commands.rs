//! Every command there is. A new one: a file here, its line in `mod`, its line in the list.

use event_schemas::{Event, LedgerId, Record};
use serde::{Deserialize, Serialize};

use crate::decide::{Context, Decided};
use crate::refusal::{Refusal, RefusalKind};
use crate::state::{AccountRef, Books, Ledger};

mod budgeting;
pub mod change_budget;
pub mod close_account;
pub mod drop_budget;
pub mod freeze_account;
pub mod open_account;
pub mod open_ledger;
pub mod post_transaction;
mod posting;
pub mod record_rate;
pub mod register_asset;
pub mod rename_account;
pub mod reverse_transaction;
pub mod set_budget;
pub mod set_limits;
pub mod unfreeze_account;

/// A wish, as its caller stated it: all its inputs, none of the outcome.
pub trait CommandInput: Serialize + for<'de> Deserialize<'de> {
    /// Why it may be refused, in the order in which it is checked: of several faults the first is told.
    const REFUSALS: &'static [RefusalKind];

    /// What it comes to on these books.
    fn decide(&self, ledger: &Ledger, context: &Context<'_>) -> Result<Decided, Refusal>;
}

macro_rules! commands {
    ($($command:ident in $module:ident from $event:ident),* $(,)?) => {
        $(pub use $module::$command;)*

        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Command {
            OpenLedger(OpenLedger),
            $($command($command),)*
        }

        $(impl From<$command> for Command {
            fn from(command: $command) -> Command {
                Command::$command(command)
            }
        })*

        impl Command {
            pub(crate) fn decide(&self, books: &Books, id: &LedgerId, context: &Context<'_>) -> Result<Decided, Refusal> {
                if let Command::OpenLedger(command) = self {
                    return open_ledger::decide(command, books, id, context);
                }
                let ledger = books.ledger(id).expect("the ledger of a command is open: checked when it came");
                match self {
                    Command::OpenLedger(_) => unreachable!("handled above"),
                    $(Command::$command(command) => command.decide(ledger, context),)*
                }
            }

            pub(crate) fn of(record: &Record) -> Result<Command, serde_json::Error> {
                Ok(match &record.event {
                    Event::CommandRefused(refused) => serde_json::from_str(refused.command.get())?,
                    Event::LedgerOpened(event) => Command::OpenLedger(open_ledger::command_of(event)),
                    $(Event::$event(event) => Command::$command($module::command_of(&record.envelope, event)),)*
                })
            }

            /// Every command's name and its refusals, in the order in which they are checked.
            pub const REFUSALS: &'static [(&'static str, &'static [RefusalKind])] = &[
                ("open_ledger", open_ledger::REFUSALS),
                $((stringify!($module), <$command as CommandInput>::REFUSALS),)*
            ];

            #[must_use]
            pub fn name(&self) -> &'static str {
                match self {
                    Command::OpenLedger(_) => "open_ledger",
                    $(Command::$command(_) => stringify!($module),)*
                }
            }
        }
    };
}

pub use open_ledger::OpenLedger;

commands! {
    PostTransaction in post_transaction from TransactionPosted,
    ReverseTransaction in reverse_transaction from TransactionReversed,
    OpenAccount in open_account from AccountOpened,
    RenameAccount in rename_account from AccountRenamed,
    FreezeAccount in freeze_account from AccountFrozen,
    UnfreezeAccount in unfreeze_account from AccountUnfrozen,
    CloseAccount in close_account from AccountClosed,
    SetLimits in set_limits from LimitsSet,
    RegisterAsset in register_asset from AssetRegistered,
    RecordRate in record_rate from RateRecorded,
    SetBudget in set_budget from BudgetSet,
    ChangeBudget in change_budget from BudgetChanged,
    DropBudget in drop_budget from BudgetDropped,
}

impl From<OpenLedger> for Command {
    fn from(command: OpenLedger) -> Command {
        Command::OpenLedger(command)
    }
}

/// The account that a command's path names. Missing: without a pointer, for it stands in the path of the request.
pub(crate) fn account_in_path<'a>(
    ledger: &'a Ledger,
    account: &AccountRef,
) -> Result<(event_schemas::AccountNumber, &'a crate::state::Account), Refusal> {
    ledger.account(account).ok_or_else(|| Refusal::new(RefusalKind::AccountNotFound).with("account", account))
}

impl std::fmt::Display for AccountRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            AccountRef::Number(number) => write!(f, "{}", number.0),
            AccountRef::Path(path) => path.fmt(f),
        }
    }
}
