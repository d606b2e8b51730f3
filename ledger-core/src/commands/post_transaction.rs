//! Posts a transaction: legs in any number of currencies, each currency balanced, all or nothing.

use event_schemas::events::TransactionPosted;
use event_schemas::events::entries::{self, Entry, OpenedAccount};
use event_schemas::events::ledger_opened::{AccountsPolicy, PathsPolicy};
use event_schemas::{AssetCode, Direction, EffectiveAt, Envelope, Metadata, Position, Quantity, Sealed};
use serde::{Deserialize, Serialize};

use super::CommandInput;
use super::open_account::{self, next_number};
use super::posting::{self, Leg};
use super::set_limits::rescale;
use crate::amount::Amount;
use crate::decide::{Context, Decided, effective_at, position, side};
use crate::refusal::{Refusal, RefusalKind};
use crate::state::{AccountRef, Ledger};
use crate::undo::Journal;

/// Entries in one transaction.
pub const ENTRIES_MAX: usize = 500;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostTransaction {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub effective_at: Option<EffectiveAt>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<Sealed<String>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reference: Option<Sealed<String>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub metadata: Option<Sealed<Metadata>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub preconditions: Option<Conditions>,
    pub entries: Vec<EntryInput>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryInput {
    pub account: AccountRef,
    pub direction: Direction,
    pub amount: Amount,
    pub currency: AssetCode,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub category: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub memo: Option<Sealed<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub tags: Vec<Box<str>>,
}

/// What must hold beforehand.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conditions {
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub balances: Vec<BalanceCondition>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub unchanged_since: Option<Position>,
}

/// Bounds on an account's posted balance, on its normal side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BalanceCondition {
    pub account: AccountRef,
    pub currency: AssetCode,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub at_least: Option<Quantity>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub at_most: Option<Quantity>,
}

impl CommandInput for PostTransaction {
    const REFUSALS: &'static [RefusalKind] = &[
        RefusalKind::EntriesAreTooFew,
        RefusalKind::EntriesAreTooMany,
        RefusalKind::AssetNotFound,
        RefusalKind::AmountHasTooManyDecimals,
        RefusalKind::AmountIsTooLarge,
        RefusalKind::AmountIsZero,
        RefusalKind::AccountIsFrozen,
        RefusalKind::AccountIsClosed,
        RefusalKind::AccountNotFound,
        RefusalKind::AccountTypeIsUnknown,
        RefusalKind::LedgerIsFull,
        RefusalKind::EntriesDoNotBalance,
        RefusalKind::EffectiveInTheFuture,
        RefusalKind::LedgerHasChanged,
        RefusalKind::BalanceIsTooLow,
        RefusalKind::BalanceIsTooHigh,
        RefusalKind::BalanceOverflows,
        RefusalKind::BalanceBelowFloor,
        RefusalKind::BalanceAboveCeiling,
    ];

    fn decide(&self, ledger: &Ledger, context: &Context<'_>) -> Result<Decided, Refusal> {
        if self.entries.len() < 2 {
            return Err(
                Refusal::at(RefusalKind::EntriesAreTooFew, "/entries").with("entries", self.entries.len())
            );
        }
        if self.entries.len() > ENTRIES_MAX {
            let refusal = Refusal::at(RefusalKind::EntriesAreTooMany, "/entries");
            return Err(refusal.with("entries", self.entries.len()).with("entries_max", ENTRIES_MAX));
        }
        let mut opened = Vec::new();
        let mut legs = Vec::with_capacity(self.entries.len());
        for (at, entry) in self.entries.iter().enumerate() {
            legs.push(leg(ledger, entry, at, &mut opened)?);
        }
        check_balanced(ledger, &legs)?;
        let effective_at = effective_at(self.effective_at, ledger, context)?;
        let preconditions =
            self.preconditions.as_ref().map(|c| check_conditions(c, ledger, context)).transpose()?;
        let totals = posting::totals(ledger, &legs)?;

        let visible = ledger.paths_policy == PathsPolicy::Visible;
        let entries = self.entries.iter().zip(&legs).zip(&totals).map(|((entry, leg), totals)| Entry {
            account: leg.account,
            path: visible.then(|| leg.path.clone()),
            account_type: leg.account_type,
            direction: leg.direction,
            amount: Quantity::new(leg.minor, leg.scale),
            currency: entry.currency,
            category: entry.category.clone(),
            memo: entry.memo.clone(),
            tags: entry.tags.clone(),
            number: totals.number,
            after: posting::after(totals, leg.scale),
        });
        let event = TransactionPosted {
            description: self.description.clone(),
            reference: self.reference.clone(),
            metadata: self.metadata.clone(),
            preconditions,
            entries: entries.collect(),
            opened,
        };
        Ok(Decided { event: event.into(), effective_at })
    }
}

/// Finds a leg's asset, amount and account, in this order; opens the account where the ledger's policy lets a posting do so.
fn leg(
    ledger: &Ledger,
    entry: &EntryInput,
    at: usize,
    opened: &mut Vec<OpenedAccount>,
) -> Result<Leg, Refusal> {
    let Some((asset, scale)) = ledger.asset(entry.currency) else {
        return Err(Refusal::at(RefusalKind::AssetNotFound, format!("/entries/{at}/currency"))
            .with("currency", entry.currency));
    };
    let pointer = || format!("/entries/{at}/amount");
    let minor = entry.amount.to_minor(scale).map_err(|kind| {
        Refusal::of_amount(kind, pointer(), scale)
            .with("amount", entry.amount.0)
            .with("currency", entry.currency)
    })?;
    if minor == 0 {
        return Err(Refusal::at(RefusalKind::AmountIsZero, pointer()).with("currency", entry.currency));
    }
    let leg = |account, path, account_type| Leg {
        account,
        path,
        account_type,
        direction: entry.direction,
        minor,
        asset,
        scale,
    };
    if let Some((number, account)) = ledger.account(&entry.account) {
        posting::usable(account, at)?;
        return Ok(leg(number, account.path.clone(), account.account_type));
    }
    let refuse =
        |kind| Err(Refusal::at(kind, format!("/entries/{at}/account")).with("account", &entry.account));
    let AccountRef::Path(path) = &entry.account else { return refuse(RefusalKind::AccountNotFound) };
    let same = |other: &&OpenedAccount| other.path.plain() == Some(path);
    if let Some(new) = opened.iter().find(same) {
        return Ok(leg(new.account, path.clone(), new.account_type));
    }
    if ledger.accounts_policy != AccountsPolicy::OpenOnFirstUse {
        return refuse(RefusalKind::AccountNotFound);
    }
    let Some(account_type) = path.account_type() else { return refuse(RefusalKind::AccountTypeIsUnknown) };
    let number = next_number(ledger, opened.len())?;
    opened.push(OpenedAccount { account: number, path: path.clone().into(), account_type });
    Ok(leg(number, path.clone(), account_type))
}

/// LGR-1. The figures tell both sums, so that the caller sees what is missing.
fn check_balanced(ledger: &Ledger, legs: &[Leg]) -> Result<(), Refusal> {
    for (at, leg) in legs.iter().enumerate() {
        if legs[..at].iter().any(|earlier| earlier.asset == leg.asset) {
            continue;
        }
        let same = legs.iter().filter(|other| other.asset == leg.asset);
        let (debits, credits) = same.fold((0_i128, 0_i128), |(debits, credits), other| {
            let (debit, credit) = side(other.direction, other.minor);
            // 500 amounts of 96 bits fit 128 bits.
            (debits.saturating_add(debit), credits.saturating_add(credit))
        });
        if debits != credits {
            let quantity = |minor| ledger.quantity(leg.asset, minor);
            let refusal = Refusal::at(RefusalKind::EntriesDoNotBalance, "/entries")
                .with("currency", ledger.code(leg.asset));
            return Err(refusal.with("debits", quantity(debits)).with("credits", quantity(credits)));
        }
    }
    Ok(())
}

/// The caller's conditions, and how the record states them.
fn check_conditions(
    conditions: &Conditions,
    ledger: &Ledger,
    context: &Context<'_>,
) -> Result<entries::Preconditions, Refusal> {
    if let Some(since) = conditions.unchanged_since {
        let changed_at = position(context, ledger.changed_at);
        if since.shard != context.shard || changed_at > since {
            let refusal = Refusal::at(RefusalKind::LedgerHasChanged, "/preconditions/unchanged_since");
            return Err(refusal.with("changed_at", changed_at));
        }
    }
    let balances =
        conditions.balances.iter().enumerate().map(|(at, condition)| check_balance(condition, at, ledger));
    Ok(entries::Preconditions {
        balances: balances.collect::<Result<_, _>>()?,
        unchanged_since: conditions.unchanged_since,
    })
}

fn check_balance(
    condition: &BalanceCondition,
    at: usize,
    ledger: &Ledger,
) -> Result<entries::BalanceCondition, Refusal> {
    let pointer = |field: &str| format!("/preconditions/balances/{at}/{field}");
    let Some((number, account)) = ledger.account(&condition.account) else {
        return Err(
            Refusal::at(RefusalKind::AccountNotFound, pointer("account")).with("account", &condition.account)
        );
    };
    let Some((asset, scale)) = ledger.asset(condition.currency) else {
        return Err(
            Refusal::at(RefusalKind::AssetNotFound, pointer("currency")).with("currency", condition.currency)
        );
    };
    let at_least = condition.at_least.map(|bound| rescale(bound, scale, &pointer("at_least"))).transpose()?;
    let at_most = condition.at_most.map(|bound| rescale(bound, scale, &pointer("at_most"))).transpose()?;
    let posted = account.balance(asset).posted(account.account_type);
    let refuse = |kind, field: &str| {
        let refusal = Refusal::at(kind, pointer(field))
            .with("account", &account.path)
            .with("currency", condition.currency);
        Err(refusal.with("balance", ledger.quantity(asset, posted)))
    };
    if at_least.is_some_and(|bound| posted < bound) {
        return refuse(RefusalKind::BalanceIsTooLow, "at_least");
    }
    if at_most.is_some_and(|bound| posted > bound) {
        return refuse(RefusalKind::BalanceIsTooHigh, "at_most");
    }
    let quantity = |minor: Option<i128>| minor.map(|minor| Quantity::new(minor, scale));
    Ok(entries::BalanceCondition {
        account: number,
        currency: condition.currency,
        at_least: quantity(at_least),
        at_most: quantity(at_most),
    })
}

pub(crate) fn command_of(envelope: &Envelope, event: &TransactionPosted) -> PostTransaction {
    let account = |entry: &Entry| {
        // What this transaction opened had no number before it.
        let opened = event
            .opened
            .iter()
            .find(|opened| opened.account == entry.account)
            .and_then(|opened| opened.path.plain());
        opened.map_or(AccountRef::Number(entry.account), |path| AccountRef::Path(path.clone()))
    };
    let entries = event.entries.iter().map(|entry| EntryInput {
        account: account(entry),
        direction: entry.direction,
        amount: entry.amount.into(),
        currency: entry.currency,
        category: entry.category.clone(),
        memo: entry.memo.clone(),
        tags: entry.tags.clone(),
    });
    PostTransaction {
        effective_at: Some(EffectiveAt::Instant(envelope.effective_at)),
        description: event.description.clone(),
        reference: event.reference.clone(),
        metadata: event.metadata.clone(),
        preconditions: event.preconditions.as_ref().map(conditions_of),
        entries: entries.collect(),
    }
}

fn conditions_of(preconditions: &entries::Preconditions) -> Conditions {
    let balances = preconditions.balances.iter().map(|condition| BalanceCondition {
        account: AccountRef::Number(condition.account),
        currency: condition.currency,
        at_least: condition.at_least,
        at_most: condition.at_most,
    });
    Conditions { balances: balances.collect(), unchanged_since: preconditions.unchanged_since }
}

pub(crate) fn evolve(ledger: &mut Ledger, place: u32, event: &TransactionPosted, journal: &mut impl Journal) {
    for opened in &event.opened {
        open_account::open(ledger, place, opened.account, opened.path.plain(), opened.account_type, journal);
    }
    posting::apply(ledger, place, &event.entries, journal);
}
