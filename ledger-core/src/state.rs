//! The books of one shard in memory: ledgers, their accounts and balances. Changed by `evolve` (and its undo) alone.

use std::collections::BTreeMap;
use std::hash::BuildHasher;

use chrono_tz::Tz;
use event_schemas::events::ledger_opened::{AccountsPolicy, PathsPolicy};
use event_schemas::{
    AccountNumber, AccountPath, AccountType, AssetCode, BudgetId, Direction, LedgerId, Period, Quantity,
    Sequence,
};
use hashbrown::{DefaultHashBuilder, HashMap, HashTable};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::assets::{AssetRef, OwnAssets};
use crate::limits::Limits;

/// All ledgers of a shard.
#[derive(Debug, Default)]
pub struct Books {
    ledgers: Vec<Ledger>,
    by_id: HashMap<LedgerId, u32>,
}

/// One set of books.
#[derive(Debug, Serialize, Deserialize)]
pub struct Ledger {
    pub id: LedgerId,
    #[serde(with = "zone_by_name")]
    pub time_zone: Tz,
    pub accounts_policy: AccountsPolicy,
    pub paths_policy: PathsPolicy,
    pub(crate) accounts: Vec<Account>,
    /// Paths that accounts had before they were renamed: they still find the account.
    pub(crate) former_paths: BTreeMap<AccountPath, AccountNumber>,
    pub(crate) assets: OwnAssets,
    /// Reversed transactions, and what reversed them.
    pub(crate) reversed: BTreeMap<Sequence, Sequence>,
    /// Budgets that were set and not dropped, and the periods that they plan for. What they plan stands in the log: no rule asks.
    pub(crate) budgets: BTreeMap<BudgetId, Period>,
    /// The last record that changed this ledger.
    pub changed_at: Sequence,
    /// Present paths to numbers; an index over `accounts`, so that a path is held once.
    #[serde(skip)]
    pub(crate) paths: PathIndex,
}

/// Among millions of accounts a posting mostly waits for memory, so an account fills just two lines of the cache, side by side.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[repr(align(128))]
pub struct Account {
    pub path: AccountPath,
    pub account_type: AccountType,
    pub status: Status,
    /// Entries so far.
    pub entries: u64,
    pub(crate) balances: SmallVec<[Balance; 1]>,
    #[allow(clippy::box_collection, reason = "most accounts have none: a pointer instead of a Vec")]
    pub(crate) limits: Option<Box<Vec<Limits>>>,
}

const _: () = assert!(size_of::<Account>() == 128);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    Open,
    Frozen,
    Closed,
}

/// An account's totals in one asset, in minor units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    pub debits: i128,
    pub credits: i128,
    /// Boxed, because most balances have none.
    pub pending: Option<Box<Pending>>,
    pub asset: AssetRef,
}

/// What holds may still add to the totals. Never zero on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    pub debits: i128,
    pub credits: i128,
}

/// How a command names an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AccountRef {
    Number(AccountNumber),
    Path(AccountPath),
}

/// A balance as people read it, on the account's normal side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceView {
    pub currency: AssetCode,
    pub debits: Quantity,
    pub credits: Quantity,
    pub posted: Quantity,
    /// What pending entries would add, less what they would take.
    pub pending: Quantity,
    /// What could leave now: posted, less what pending entries may take, less the limit.
    pub available: Quantity,
}

#[derive(Debug, Default)]
pub(crate) struct PathIndex {
    numbers: HashTable<AccountNumber>,
    hasher: DefaultHashBuilder,
}

impl PathIndex {
    fn find(&self, path: &AccountPath, accounts: &[Account]) -> Option<AccountNumber> {
        self.numbers
            .find(self.hasher.hash_one(path), |number| accounts[index(*number)].path == *path)
            .copied()
    }

    /// `accounts[number]` already has its path.
    fn insert(&mut self, number: AccountNumber, accounts: &[Account]) {
        let hash = |number: &AccountNumber| self.hasher.hash_one(&accounts[index(*number)].path);
        self.numbers.insert_unique(hash(&number), number, hash);
    }

    /// `accounts[number]` still has its path.
    fn remove(&mut self, number: AccountNumber, accounts: &[Account]) {
        let hash = self.hasher.hash_one(&accounts[index(number)].path);
        self.numbers.find_entry(hash, |n| *n == number).expect("an account's path is in the index").remove();
    }
}

pub(crate) fn index(number: AccountNumber) -> usize {
    number.0 as usize
}

impl Books {
    #[must_use]
    pub fn ledger(&self, id: &LedgerId) -> Option<&Ledger> {
        self.by_id.get(id).map(|place| &self.ledgers[*place as usize])
    }

    /// In the order in which they were opened.
    #[must_use]
    pub fn ledgers(&self) -> &[Ledger] {
        &self.ledgers
    }

    /// How much there is to store of them: ledgers, accounts, assets, former paths, reversals, budgets.
    #[must_use]
    pub fn held(&self) -> usize {
        let of = |ledger: &Ledger| {
            [
                ledger.accounts.len(),
                ledger.former_paths.len(),
                ledger.reversed.len(),
                ledger.assets.list().len(),
                ledger.budgets.len(),
            ]
        };
        self.ledgers.iter().flat_map(of).fold(self.ledgers.len(), usize::saturating_add)
    }

    pub(crate) fn place(&self, id: &LedgerId) -> Option<u32> {
        self.by_id.get(id).copied()
    }

    pub(crate) fn at_mut(&mut self, place: u32) -> &mut Ledger {
        &mut self.ledgers[place as usize]
    }

    pub(crate) fn push(&mut self, ledger: Ledger) {
        let place = u32::try_from(self.ledgers.len()).expect("fewer than 2^32 ledgers");
        let former = self.by_id.insert(ledger.id.clone(), place);
        assert!(former.is_none(), "a ledger's id is given once: {}", ledger.id);
        self.ledgers.push(ledger);
    }

    pub(crate) fn pop(&mut self) {
        let ledger = self.ledgers.pop().expect("undo follows evolve");
        self.by_id.remove(&ledger.id);
    }
}

impl Ledger {
    #[must_use]
    pub fn account(&self, account: &AccountRef) -> Option<(AccountNumber, &Account)> {
        let number = match account {
            AccountRef::Number(number) => *number,
            AccountRef::Path(path) => self.number_of(path)?,
        };
        self.accounts.get(index(number)).map(|account| (number, account))
    }

    #[must_use]
    pub fn number_of(&self, path: &AccountPath) -> Option<AccountNumber> {
        self.paths.find(path, &self.accounts).or_else(|| self.former_paths.get(path).copied())
    }

    /// By number.
    #[must_use]
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// The asset of that code, and its scale.
    #[must_use]
    pub fn asset(&self, code: AssetCode) -> Option<(AssetRef, u8)> {
        // Its own first: a code that ISO 4217 adds later stays here what this ledger registered.
        let asset = self.assets.find(code).or_else(|| AssetRef::iso(code))?;
        Some((asset, self.scale(asset)))
    }

    #[must_use]
    pub fn scale(&self, asset: AssetRef) -> u8 {
        match asset.place() {
            Ok(own) => self.assets.list()[own].scale,
            Err((_, scale)) => scale,
        }
    }

    #[must_use]
    pub fn code(&self, asset: AssetRef) -> AssetCode {
        match asset.place() {
            Ok(own) => self.assets.list()[own].code,
            Err((code, _)) => AssetCode::parse(code).expect("ISO 4217 codes are asset codes"),
        }
    }

    #[must_use]
    pub fn quantity(&self, asset: AssetRef, minor: i128) -> Quantity {
        Quantity::new(minor, self.scale(asset))
    }

    /// An account's balances, as people read them.
    #[must_use]
    pub fn balances(&self, account: &Account) -> Vec<BalanceView> {
        account.balances.iter().map(|balance| self.balance_view(account, balance)).collect()
    }

    fn balance_view(&self, account: &Account, balance: &Balance) -> BalanceView {
        let (added, taken) = balance.pending(account.account_type);
        let lowest = account.limits_in(balance.asset).and_then(Limits::lowest).unwrap_or(0);
        let posted = balance.posted(account.account_type);
        let quantity = |minor| self.quantity(balance.asset, minor);
        BalanceView {
            currency: self.code(balance.asset),
            debits: quantity(balance.debits),
            credits: quantity(balance.credits),
            posted: quantity(posted),
            pending: quantity(added.saturating_sub(taken)),
            available: quantity(posted.saturating_sub(taken).saturating_sub(lowest)),
        }
    }

    pub(crate) fn push_account(&mut self, account: Account) -> AccountNumber {
        let number = AccountNumber(u32::try_from(self.accounts.len()).expect("LedgerIsFull is refused"));
        self.accounts.push(account);
        self.paths.insert(number, &self.accounts);
        number
    }

    pub(crate) fn pop_account(&mut self) {
        let last = self.accounts.len().checked_sub(1).expect("undo follows evolve");
        self.paths.remove(AccountNumber(u32::try_from(last).expect("numbers are u32")), &self.accounts);
        self.accounts.pop();
    }

    /// Gives the account another path in the index, and returns the former.
    pub(crate) fn replace_path(&mut self, number: AccountNumber, path: AccountPath) -> AccountPath {
        self.paths.remove(number, &self.accounts);
        let former = std::mem::replace(&mut self.accounts[index(number)].path, path);
        self.paths.insert(number, &self.accounts);
        former
    }
}

impl Account {
    pub(crate) fn new(path: AccountPath, account_type: AccountType) -> Account {
        Account {
            path,
            account_type,
            status: Status::Open,
            entries: 0,
            balances: SmallVec::new(),
            limits: None,
        }
    }

    #[must_use]
    pub fn balance(&self, asset: AssetRef) -> Balance {
        self.balances.iter().find(|b| b.asset == asset).cloned().unwrap_or(Balance::zero(asset))
    }

    #[must_use]
    pub fn limits_in(&self, asset: AssetRef) -> Option<&Limits> {
        self.limits.as_deref()?.iter().find(|limits| limits.asset == asset)
    }

    /// Limits in every currency that has some.
    #[must_use]
    pub fn limits(&self) -> &[Limits] {
        self.limits.as_deref().map_or(&[], Vec::as_slice)
    }
}

impl Balance {
    pub(crate) fn zero(asset: AssetRef) -> Balance {
        Balance { debits: 0, credits: 0, pending: None, asset }
    }

    /// The posted balance, positive on the account's normal side.
    #[must_use]
    pub fn posted(&self, account_type: AccountType) -> i128 {
        // Both totals lie between 0 and i128::MAX, so their difference does not overflow.
        match account_type.normal_side() {
            Direction::Debit => self.debits.saturating_sub(self.credits),
            Direction::Credit => self.credits.saturating_sub(self.debits),
        }
    }

    /// What pending entries would add to the balance, and what they would take from it.
    #[must_use]
    pub fn pending(&self, account_type: AccountType) -> (i128, i128) {
        let Some(pending) = &self.pending else { return (0, 0) };
        match account_type.normal_side() {
            Direction::Debit => (pending.debits, pending.credits),
            Direction::Credit => (pending.credits, pending.debits),
        }
    }

    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.debits == self.credits && self.pending.is_none()
    }
}

/// Snapshots hold the ledgers alone; what is only an index is built again.
impl Serialize for Books {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.ledgers.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Books {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Books, D::Error> {
        let mut books = Books::default();
        for mut ledger in Vec::<Ledger>::deserialize(deserializer)? {
            let count = u32::try_from(ledger.accounts.len()).map_err(serde::de::Error::custom)?;
            for number in 0..count {
                ledger.paths.insert(AccountNumber(number), &ledger.accounts);
            }
            books.push(ledger);
        }
        Ok(books)
    }
}

mod zone_by_name {
    //! A time zone as its IANA name.

    use chrono_tz::Tz;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(zone: &Tz, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(zone.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tz, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
