//! The naive model: what the documentation says, in the plainest way, on lists of text.

use super::asked::{Asked, At, Bounds, Condition, Leg, Name};
use super::{budgets, calendar, money};

#[derive(Debug, Clone, Default)]
pub struct Naive {
    pub ledgers: Vec<Ledger>,
    records: u64,
    /// Ledger, key, what was asked, and which record it was: everything that was posted or reversed.
    transactions: Vec<Transaction>,
}

#[derive(Debug, Clone)]
struct Transaction {
    ledger: String,
    key: String,
    record: u64,
    /// Account, debit, minor units and currency. `None`: a reversal.
    entries: Option<Vec<(usize, bool, i128, String)>>,
    reversed: bool,
}

#[derive(Debug, Clone)]
pub struct Ledger {
    pub id: String,
    pub zone: String,
    explicit: bool,
    pub hidden: bool,
    pub accounts: Vec<Account>,
    own_assets: Vec<(String, u8)>,
    /// Id and period.
    pub budgets: Vec<(String, String)>,
    changed_at: u64,
}

#[derive(Debug, Clone)]
pub struct Account {
    pub path: String,
    former: Vec<String>,
    pub kind: &'static str,
    pub state: &'static str,
    /// Currency, debit, minor units.
    pub entries: Vec<(String, bool, i128)>,
    /// Currency, lowest balance and highest.
    pub limits: Vec<(String, Option<i128>, Option<i128>)>,
}

/// What an accepted command did, as far as its record tells.
#[derive(Debug, Default)]
pub struct Done {
    pub effective: i64,
    pub entries: Vec<Posted>,
    /// Number, path and type.
    pub opened: Vec<(u32, String, String)>,
    /// Base, quote, and what one of the base is worth.
    pub rate: Option<(String, String, String)>,
    /// Of a budget: debits count, amount, first day.
    pub planned: Option<(bool, String, String)>,
    /// Of a dropped budget: the first day without it.
    pub dropped: Option<String>,
}

/// Account, path (unless hidden), debit, amount, currency, number, debits after, credits after.
pub type Posted = (u32, Option<String>, bool, String, String, u64, String, String);

pub type Code = &'static str;

const ISO: [(&str, u8); 5] = [("EUR", 2), ("USD", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4)];
const KINDS: [(&str, &[&str]); 5] = [
    ("asset", &["asset", "assets"]),
    ("liability", &["liability", "liabilities"]),
    ("equity", &["equity"]),
    ("income", &["income", "revenue", "revenues"]),
    ("expense", &["expense", "expenses"]),
];

impl Account {
    fn new(path: &str, kind: &'static str) -> Account {
        let (path, former, entries, limits) = (path.to_owned(), vec![], vec![], vec![]);
        Account { path, former, kind, state: "open", entries, limits }
    }

    pub fn total(&self, currency: &str, debit: bool) -> i128 {
        self.entries.iter().filter(|e| e.0 == currency && e.1 == debit).map(|e| e.2).sum()
    }

    pub fn posted(&self, currency: &str) -> i128 {
        let net = self.total(currency, true) - self.total(currency, false);
        if matches!(self.kind, "asset" | "expense") { net } else { -net }
    }

    pub fn limits_in(&self, currency: &str) -> (Option<i128>, Option<i128>) {
        let found = self.limits.iter().find(|limits| limits.0 == currency);
        found.map_or((None, None), |limits| (limits.1, limits.2))
    }
}

impl Ledger {
    pub fn scale(&self, currency: &str) -> Option<u8> {
        let known = ISO.iter().map(|(code, scale)| (*code, *scale));
        let own = self.own_assets.iter().map(|(code, scale)| (code.as_str(), *scale));
        known.chain(own).find(|(code, _)| *code == currency).map(|(_, scale)| scale)
    }

    pub fn find(&self, name: &Name) -> Option<usize> {
        self.accounts.iter().enumerate().position(|(at, account)| match name {
            Name::Number(number) => at == *number as usize,
            Name::Path(path) => account.path == *path || account.former.contains(path),
        })
    }

    fn existing(&self, name: &Name) -> Result<usize, Code> {
        self.find(name).ok_or("account_not_found")
    }

    fn when(&self, at: &At, now: i64) -> Result<i64, Code> {
        let effective = match at {
            At::Unsaid => now,
            At::Instant(instant) => *instant,
            At::Date(date) => calendar::start_of_day(&self.zone, date) * 1_000_000,
        };
        if effective > now { Err("effective_in_the_future") } else { Ok(effective) }
    }
}

pub fn kind_of(path: &str) -> Option<&'static str> {
    let first = path.split(':').next().expect("there is a first").to_lowercase();
    KINDS.iter().find(|(_, words)| words.contains(&first.as_str())).map(|(kind, _)| *kind)
}

impl Naive {
    pub fn has_ledger(&self, id: &str) -> bool {
        self.ledgers.iter().any(|ledger| ledger.id == id)
    }

    pub fn ledger(&self, id: &str) -> &Ledger {
        self.ledgers.iter().find(|ledger| ledger.id == id).expect("it is open")
    }

    /// Records so far.
    pub fn records(&self) -> u64 {
        self.records
    }

    pub fn ask(&mut self, id: &str, key: &str, asked: &Asked, now: i64) -> Result<Done, Code> {
        self.records += 1;
        let result = self.answer(id, key, asked, now);
        if result.is_ok() {
            let records = self.records;
            self.ledgers.iter_mut().find(|ledger| ledger.id == id).expect("it is open").changed_at = records;
        }
        result
    }

    /// A batch was asked for and refused: a record each, and nothing else.
    pub fn refuse(&mut self, items: usize) {
        self.records += items as u64;
    }

    fn answer(&mut self, id: &str, key: &str, asked: &Asked, now: i64) -> Result<Done, Code> {
        if let Asked::OpenLedger { zone, explicit, hidden } = asked {
            return self.open_ledger(id, zone.as_deref(), *explicit, *hidden, now);
        }
        if let Asked::ReverseTransaction { transaction, at } = asked {
            return self.reverse(id, key, transaction, at, now);
        }
        let record = self.records;
        let ledger = self.ledgers.iter_mut().find(|ledger| ledger.id == id).expect("it is open");
        match asked {
            Asked::OpenLedger { .. } | Asked::ReverseTransaction { .. } => unreachable!("handled above"),
            Asked::OpenAccount { path, kind } => {
                if ledger.find(&Name::Path(path.clone())).is_some() {
                    return Err("account_already_exists");
                }
                let given = kind.as_ref().map(|kind| KINDS.iter().find(|k| k.0 == kind).expect("a kind").0);
                let kind = given.or_else(|| kind_of(path)).ok_or("account_type_is_unknown")?;
                ledger.accounts.push(Account::new(path, kind));
            }
            Asked::RenameAccount { account, path } => {
                let at = ledger.existing(account)?;
                if ledger.accounts[at].state == "closed" {
                    return Err("account_is_closed");
                }
                let taken = ledger.find(&Name::Path(path.clone())).is_some_and(|owner| owner != at);
                if taken || ledger.accounts[at].path == *path {
                    return Err("account_already_exists");
                }
                let account = &mut ledger.accounts[at];
                account.former.retain(|former| former != path);
                account.former.push(std::mem::replace(&mut account.path, path.clone()));
            }
            Asked::FreezeAccount { account } => {
                let at = ledger.existing(account)?;
                match ledger.accounts[at].state {
                    "frozen" => return Err("account_is_frozen"),
                    "closed" => return Err("account_is_closed"),
                    _ => ledger.accounts[at].state = "frozen",
                }
            }
            Asked::UnfreezeAccount { account } => {
                let at = ledger.existing(account)?;
                match ledger.accounts[at].state {
                    "open" => return Err("account_is_not_frozen"),
                    "closed" => return Err("account_is_closed"),
                    _ => ledger.accounts[at].state = "open",
                }
            }
            Asked::CloseAccount { account } => {
                let at = ledger.existing(account)?;
                let account = &mut ledger.accounts[at];
                match account.state {
                    "frozen" => return Err("account_is_frozen"),
                    "closed" => return Err("account_is_closed"),
                    _ => {}
                }
                if account.entries.iter().any(|entry| account.posted(&entry.0) != 0) {
                    return Err("account_has_balance");
                }
                account.state = "closed";
            }
            Asked::SetLimits { account, currency, bounds } => set_limits(ledger, account, currency, bounds)?,
            Asked::RegisterAsset { currency, scale } => {
                if ledger.scale(currency).is_some() {
                    return Err("asset_already_exists");
                }
                if *scale > 18 {
                    return Err("asset_scale_is_too_large");
                }
                ledger.own_assets.push((currency.clone(), *scale));
            }
            Asked::RecordRate { base, quote, rate, at } => {
                if ledger.scale(base).is_none() || ledger.scale(quote).is_none() {
                    return Err("asset_not_found");
                }
                if base == quote {
                    return Err("currencies_are_the_same");
                }
                if !rate.contains(|digit| ('1'..='9').contains(&digit)) {
                    return Err("rate_is_zero");
                }
                let effective = ledger.when(at, now)?;
                let rate = Some((base.clone(), quote.clone(), rate.clone()));
                return Ok(Done { effective, rate, ..Done::default() });
            }
            Asked::SetBudget { change, budget, plan } => {
                return budgets::set(ledger, *change, budget, plan, now);
            }
            Asked::DropBudget { budget, from } => return budgets::drop(ledger, budget, from.as_deref(), now),
            Asked::PostTransaction { at, since, conditions, entries } => {
                let (done, legs) = post(ledger, at, *since, conditions, entries, now)?;
                let (ledger, key, entries) = (id.to_owned(), key.to_owned(), Some(legs));
                self.transactions.push(Transaction { ledger, key, record, entries, reversed: false });
                return Ok(done);
            }
        }
        Ok(Done { effective: now, ..Done::default() })
    }

    fn open_ledger(
        &mut self,
        id: &str,
        zone: Option<&str>,
        explicit: bool,
        hidden: bool,
        now: i64,
    ) -> Result<Done, Code> {
        if self.has_ledger(id) {
            return Err("ledger_already_exists");
        }
        let zone = zone.unwrap_or("UTC").to_owned();
        if zone.starts_with("Mars") {
            return Err("time_zone_is_unknown");
        }
        let (id, accounts, own_assets, budgets) = (id.to_owned(), vec![], vec![], vec![]);
        self.ledgers.push(Ledger {
            id,
            zone,
            explicit,
            hidden,
            accounts,
            own_assets,
            budgets,
            changed_at: 0,
        });
        Ok(Done { effective: now, ..Done::default() })
    }

    fn reverse(&mut self, id: &str, key: &str, name: &str, at: &At, now: i64) -> Result<Done, Code> {
        let original = self.transactions.iter().position(|t| t.ledger == id && t.key == name);
        let original = original.ok_or("transaction_not_found")?;
        let Some(entries) = self.transactions[original].entries.clone() else {
            return Err("transaction_is_a_reversal");
        };
        if self.transactions[original].reversed {
            return Err("transaction_is_reversed");
        }
        let ledger = self.ledgers.iter_mut().find(|ledger| ledger.id == id).expect("it is open");
        for (account, ..) in &entries {
            usable(&ledger.accounts[*account])?;
        }
        let effective = ledger.when(at, now)?;
        let mirrored: Vec<_> = entries.into_iter().map(|(a, debit, n, c)| (a, !debit, n, c)).collect();
        check_limits(ledger, &mirrored)?;
        let entries = apply(ledger, &mirrored);
        self.transactions[original].reversed = true;
        let (ledger, key, record) = (id.to_owned(), key.to_owned(), self.records);
        self.transactions.push(Transaction { ledger, key, record, entries: None, reversed: false });
        Ok(Done { effective, entries, ..Done::default() })
    }

    /// The key of the n-th record that moved money, or of one that never was.
    pub fn some_transaction(&self, n: usize) -> String {
        let known = self.transactions.get(n % (self.transactions.len() + 1));
        known.map_or("k9999".to_owned(), |transaction| transaction.key.clone())
    }

    /// The record that reversed or posted last.
    pub fn last_transaction(&self) -> u64 {
        self.transactions.last().map_or(0, |transaction| transaction.record)
    }
}

fn usable(account: &Account) -> Result<(), Code> {
    match account.state {
        "frozen" => Err("account_is_frozen"),
        "closed" => Err("account_is_closed"),
        _ => Ok(()),
    }
}

fn set_limits(ledger: &mut Ledger, account: &Name, currency: &str, bounds: &Bounds) -> Result<(), Code> {
    let at = ledger.existing(account)?;
    if ledger.accounts[at].state == "closed" {
        return Err("account_is_closed");
    }
    let scale = ledger.scale(currency).ok_or("asset_not_found")?;
    let floor = bounds.floor.as_ref().map(|text| money::bound(text, scale)).transpose()?;
    let ceiling = bounds.ceiling.as_ref().map(|text| money::bound(text, scale)).transpose()?;
    let credit = bounds.credit_line.as_ref().map(|text| money::minor(text, scale)).transpose()?;
    let lowest = if floor.is_none() && credit.is_none() {
        None
    } else {
        Some(floor.unwrap_or(0) - credit.unwrap_or(0))
    };
    if lowest.zip(ceiling).is_some_and(|(lowest, ceiling)| lowest > ceiling) {
        return Err("limits_contradict");
    }
    let limits = &mut ledger.accounts[at].limits;
    limits.retain(|limits| limits.0 != currency);
    limits.push((currency.to_owned(), lowest, ceiling));
    Ok(())
}

type Legs = Vec<(usize, bool, i128, String)>;

fn post(
    ledger: &mut Ledger,
    at: &At,
    since: Option<(u16, u64)>,
    conditions: &[Condition],
    entries: &[Leg],
    now: i64,
) -> Result<(Done, Legs), Code> {
    if entries.len() < 2 {
        return Err("entries_are_too_few");
    }
    if entries.len() > 500 {
        return Err("entries_are_too_many");
    }
    let mut new: Vec<(String, &'static str)> = vec![];
    let mut legs: Legs = vec![];
    for entry in entries {
        let scale = ledger.scale(&entry.currency).ok_or("asset_not_found")?;
        let minor = money::minor(&entry.amount, scale)?;
        if minor == 0 {
            return Err("amount_is_zero");
        }
        let account = match ledger.find(&entry.account) {
            Some(at) => {
                usable(&ledger.accounts[at])?;
                at
            }
            None => opened(ledger, &entry.account, &mut new)?,
        };
        legs.push((account, entry.debit, minor, entry.currency.clone()));
    }
    for (_, _, _, currency) in &legs {
        let side =
            |debit| legs.iter().filter(|l| l.3 == *currency && l.1 == debit).map(|l| l.2).sum::<i128>();
        if side(true) != side(false) {
            return Err("entries_do_not_balance");
        }
    }
    let effective = ledger.when(at, now)?;
    if since.is_some_and(|(shard, sequence)| shard != 1 || ledger.changed_at > sequence) {
        return Err("ledger_has_changed");
    }
    for condition in conditions {
        check_condition(ledger, condition)?;
    }
    check_limits(ledger, &legs)?;

    let first = ledger.accounts.len();
    let mut done = Done { effective, ..Done::default() };
    for (at, (path, kind)) in new.iter().enumerate() {
        done.opened.push(((first + at) as u32, path.clone(), (*kind).to_owned()));
        ledger.accounts.push(Account::new(path, kind));
    }
    done.entries = apply(ledger, &legs);
    Ok((done, legs))
}

/// The number of an account that this posting opens.
fn opened(ledger: &Ledger, name: &Name, new: &mut Vec<(String, &'static str)>) -> Result<usize, Code> {
    let Name::Path(path) = name else { return Err("account_not_found") };
    if let Some(at) = new.iter().position(|(other, _)| other == path) {
        return Ok(ledger.accounts.len() + at);
    }
    if ledger.explicit {
        return Err("account_not_found");
    }
    new.push((path.clone(), kind_of(path).ok_or("account_type_is_unknown")?));
    Ok(ledger.accounts.len() + new.len() - 1)
}

fn check_condition(ledger: &Ledger, condition: &Condition) -> Result<(), Code> {
    let account = &ledger.accounts[ledger.existing(&condition.account)?];
    let scale = ledger.scale(&condition.currency).ok_or("asset_not_found")?;
    let least = condition.at_least.as_ref().map(|text| money::bound(text, scale)).transpose()?;
    let most = condition.at_most.as_ref().map(|text| money::bound(text, scale)).transpose()?;
    let posted = account.posted(&condition.currency);
    if least.is_some_and(|least| posted < least) {
        return Err("balance_is_too_low");
    }
    if most.is_some_and(|most| posted > most) {
        return Err("balance_is_too_high");
    }
    Ok(())
}

/// LGR-2: each balance is looked at once, where its last leg stands.
fn check_limits(ledger: &Ledger, legs: &Legs) -> Result<(), Code> {
    for (at, (number, _, _, currency)) in legs.iter().enumerate() {
        let later = legs[at + 1..].iter().any(|leg| leg.0 == *number && leg.3 == *currency);
        let Some(account) = ledger.accounts.get(*number).filter(|_| !later) else { continue };
        let before = account.posted(currency);
        let mut after = before;
        for leg in legs.iter().filter(|leg| leg.0 == *number && leg.3 == *currency) {
            let debit_adds = matches!(account.kind, "asset" | "expense");
            after += if leg.1 == debit_adds { leg.2 } else { -leg.2 };
        }
        let (lowest, highest) = account.limits_in(currency);
        if lowest.is_some_and(|lowest| after < lowest && after < before) {
            return Err("balance_below_floor");
        }
        if highest.is_some_and(|highest| after > highest && after > before) {
            return Err("balance_above_ceiling");
        }
    }
    Ok(())
}

fn apply(ledger: &mut Ledger, legs: &Legs) -> Vec<Posted> {
    let mut done = vec![];
    for (number, debit, minor, currency) in legs {
        let scale = ledger.scale(currency).expect("it was found before");
        let account = &mut ledger.accounts[*number];
        account.entries.push((currency.clone(), *debit, *minor));
        let total = |debit| money::text(account.total(currency, debit), scale);
        done.push((
            *number as u32,
            if ledger.hidden { None } else { Some(account.path.clone()) },
            *debit,
            money::text(*minor, scale),
            currency.clone(),
            account.entries.len() as u64,
            total(true),
            total(false),
        ));
    }
    done
}
