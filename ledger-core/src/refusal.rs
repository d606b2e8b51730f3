//! Every "no" of the rules: numbered, stable, recorded. Numbers and codes never change and are never used again.

use std::collections::BTreeMap;

use event_schemas::Quantity;
use event_schemas::events::command_refused::Refused;

use crate::amount::AMOUNT_MINOR_MAX;

/// A business "no": which, what in the request is at fault (JSON Pointer, RFC 6901), and the figures behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub kind: RefusalKind,
    pub pointer: Option<String>,
    pub figures: BTreeMap<String, String>,
}

/// What sort of "no" it is, for those who translate it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The request breaks a rule.
    Rule,
    /// Something else happened first, or a condition of the caller did not hold.
    Race,
    /// What the request names does not exist.
    Missing,
}

macro_rules! refusals {
    ($($number:literal $name:ident $code:literal $class:ident $when:literal $mend:literal)*) => {
        /// The refusals in the order of their numbers.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum RefusalKind {
            $(#[doc = $when] $name,)*
        }

        impl RefusalKind {
            pub const ALL: &'static [RefusalKind] = &[$(RefusalKind::$name),*];

            #[must_use]
            pub fn number(self) -> u16 {
                match self { $(RefusalKind::$name => $number,)* }
            }

            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(RefusalKind::$name => $code,)* }
            }

            #[must_use]
            pub fn class(self) -> Class {
                match self { $(RefusalKind::$name => Class::$class,)* }
            }

            /// When it is given, in one sentence.
            #[must_use]
            pub fn when(self) -> &'static str {
                match self { $(RefusalKind::$name => $when,)* }
            }

            /// What the caller can do about it.
            #[must_use]
            pub fn mend(self) -> &'static str {
                match self { $(RefusalKind::$name => $mend,)* }
            }

            #[must_use]
            pub fn by_number(number: u16) -> Option<RefusalKind> {
                match number { $($number => Some(RefusalKind::$name),)* _ => None }
            }
        }
    };
}

refusals! {
    101 LedgerAlreadyExists "ledger_already_exists" Race "A ledger with this id is already open." "Choose another id, or use the ledger that is there."
    102 TimeZoneIsUnknown "time_zone_is_unknown" Rule "The time zone is not a name of the IANA database." "Write it like Europe/Prague or UTC."

    201 AccountNotFound "account_not_found" Missing "No account has this path, and the ledger opens accounts only on request." "Open the account first, or mend the path."
    202 AccountAlreadyExists "account_already_exists" Race "An account has, or once had, this path." "Choose another path: one that an account ever had is never given to another."
    203 AccountTypeIsUnknown "account_type_is_unknown" Rule "The path's first name tells no account type." "Open the account with a type, or begin the path with assets, liabilities, equity, income or expenses."
    204 AccountIsFrozen "account_is_frozen" Rule "The account is frozen." "Unfreeze it first."
    205 AccountIsClosed "account_is_closed" Rule "The account is closed, which is for ever." "Use another account."
    206 AccountIsNotFrozen "account_is_not_frozen" Rule "Only a frozen account can be unfrozen." "There is nothing to do."
    207 AccountHasBalance "account_has_balance" Rule "Only an account whose balances are all zero can be closed." "Move the balance away first."
    208 LedgerIsFull "ledger_is_full" Rule "A ledger holds at most 4,294,967,295 accounts." "Open another ledger."

    301 AssetNotFound "asset_not_found" Rule "The currency is neither in ISO 4217 nor registered in this ledger." "Mend the code, or register the asset."
    302 AssetAlreadyExists "asset_already_exists" Race "The code is a currency of ISO 4217, or registered already." "Choose another code."
    303 AssetScaleIsTooLarge "asset_scale_is_too_large" Rule "An asset has at most 18 digits after the decimal point." "Choose a smaller scale."
    304 AssetsAreTooMany "assets_are_too_many" Rule "A ledger registers at most 32,767 assets." "Open another ledger."

    401 EntriesAreTooFew "entries_are_too_few" Rule "A transaction has at least two entries." "Name where the money comes from and where it goes."
    402 EntriesAreTooMany "entries_are_too_many" Rule "A transaction has at most 500 entries." "Split it into several."
    403 AmountIsZero "amount_is_zero" Rule "An entry's amount is more than zero." "Leave the entry out."
    404 AmountHasTooManyDecimals "amount_has_too_many_decimals" Rule "The amount has more digits after the point than its currency." "Round it yourself: nothing is rounded here."
    405 AmountIsTooLarge "amount_is_too_large" Rule "An entry moves at most 2^96 - 1 minor units." "Split it into several."
    406 EntriesDoNotBalance "entries_do_not_balance" Rule "In some currency the debits are not equal to the credits." "Mend the amounts: the figures tell both sums."
    407 EffectiveInTheFuture "effective_in_the_future" Rule "Nothing can have happened, or hold from, later than now." "Ask again when the time has come."
    408 BalanceOverflows "balance_overflows" Rule "The account's totals would pass 2^127 minor units." "Use another account."

    501 BalanceBelowFloor "balance_below_floor" Rule "The account's balance would fall below its floor and credit line." "Move at most what the figures say is available."
    502 BalanceAboveCeiling "balance_above_ceiling" Rule "The account's balance would rise above its ceiling." "Move at most what the figures say is available."
    503 LimitsContradict "limits_contradict" Rule "The floor (less the credit line) is above the ceiling." "Mend the limits."

    601 BalanceIsTooLow "balance_is_too_low" Race "The balance is less than the request's condition asks for." "Read the balance again and decide anew."
    602 BalanceIsTooHigh "balance_is_too_high" Race "The balance is more than the request's condition allows." "Read the balance again and decide anew."
    603 LedgerHasChanged "ledger_has_changed" Race "The ledger was changed after the position that the request names." "Read the ledger again and decide anew."

    701 TransactionNotFound "transaction_not_found" Missing "No transaction has this id in this ledger." "Mend the id."
    702 TransactionIsReversed "transaction_is_reversed" Race "The transaction is already reversed." "There is nothing to do: the figures name the reversal."
    703 TransactionIsAReversal "transaction_is_a_reversal" Rule "A reversal cannot be reversed." "Post the transaction anew."

    801 BatchItemRefused "batch_item_refused" Rule "Another item of this atomic batch was refused, so none was carried out." "Mend the item that the figures name."

    901 CurrenciesAreTheSame "currencies_are_the_same" Rule "A rate's base and its quote are the same currency." "Name two currencies."
    902 RateIsZero "rate_is_zero" Rule "A rate is more than zero." "Mend the rate."

    1001 BudgetAlreadyExists "budget_already_exists" Race "The ledger has a budget with this id." "Choose another id, or change the budget that is there."
    1002 BudgetNotFound "budget_not_found" Missing "The ledger has no budget with this id." "Mend the id, or set the budget first."
    1003 BudgetIsForNothing "budget_is_for_nothing" Rule "A budget is for an account, for a category, or for a category in an account." "Name one of them."
    1004 BudgetDirectionIsUnknown "budget_direction_is_unknown" Rule "The account is not there, and its path's first name does not tell whether debits or credits use the plan up." "Say the direction: debit where money is spent, credit where it is earned."
    1005 PeriodIsNotWhole "period_is_not_whole" Rule "A budget begins and ends where periods of the calendar do." "Take one of the days that the figures name."
    1006 BudgetStartsTooEarly "budget_starts_too_early" Rule "A budget starts in the year 1970 or later." "Choose a later day."
    1007 BudgetEndsBeforeItStarts "budget_ends_before_it_starts" Rule "The budget's last day is before its first." "Mend the days."
    1008 BudgetsAreTooMany "budgets_are_too_many" Rule "A ledger has at most 10,000 budgets at a time." "Drop one that is not needed any more."
}

impl Refusal {
    pub(crate) fn new(kind: RefusalKind) -> Refusal {
        Refusal { kind, pointer: None, figures: BTreeMap::new() }
    }

    pub(crate) fn at(kind: RefusalKind, pointer: impl Into<String>) -> Refusal {
        Refusal { kind, pointer: Some(pointer.into()), figures: BTreeMap::new() }
    }

    /// An amount that does not fit an asset of `scale`, and what would.
    pub(crate) fn of_amount(kind: RefusalKind, pointer: impl Into<String>, scale: u8) -> Refusal {
        let refusal = Refusal::at(kind, pointer);
        match kind {
            RefusalKind::AmountHasTooManyDecimals => refusal.with("decimals_max", scale),
            _ => refusal.with("amount_max", Quantity::new(AMOUNT_MINOR_MAX, scale)),
        }
    }

    /// The request of a reversal has no entries to point at: a figure tells which of the transaction's is at fault.
    pub(crate) fn in_original(mut self) -> Refusal {
        let pointer = self.pointer.take();
        let entry = pointer.as_deref().and_then(|pointer| {
            let (entry, _) = pointer.strip_prefix("/entries/")?.split_once('/')?;
            Some(entry)
        });
        self.with("entry", entry.expect("what a reversal shares with a posting is about entries"))
    }

    pub(crate) fn with(mut self, figure: &str, value: impl ToString) -> Refusal {
        self.figures.insert(figure.to_owned(), value.to_string());
        self
    }

    /// The other items of an atomic batch whose item `index` was refused.
    #[must_use]
    pub fn of_batch(index: usize, refused: &Refusal) -> Refusal {
        Refusal::new(RefusalKind::BatchItemRefused).with("index", index).with("code", refused.kind.code())
    }

    /// As a record holds it.
    #[must_use]
    pub fn to_record(&self) -> Refused {
        Refused {
            number: self.kind.number(),
            code: self.kind.code().to_owned(),
            pointer: self.pointer.clone(),
            figures: self.figures.clone(),
        }
    }
}

impl From<RefusalKind> for Refusal {
    fn from(kind: RefusalKind) -> Refusal {
        Refusal::new(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_codes_are_unique_and_in_order() {
        let numbers: Vec<u16> = RefusalKind::ALL.iter().map(|kind| kind.number()).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
        let codes: std::collections::BTreeSet<&str> =
            RefusalKind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(codes.len(), RefusalKind::ALL.len());
        assert!(RefusalKind::ALL.iter().all(|kind| RefusalKind::by_number(kind.number()) == Some(*kind)));
    }
}
