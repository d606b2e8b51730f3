//! Reports at any two times are what naive sums over all entries come to, and balance; values are by the rates that one would look up.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use event_schemas::{AccountType, AssetCode, LedgerId, Rate, Sequence, Ts, events::RateRecorded};
use projections::{
    Reader,
    reports::{Figures, Part, Shape, balance_sheet, income_statement, trial_balance},
    valuation::{Unconverted, Valuation},
    views::{
        balances::{Answer, Ask, Balance, Balances, Of, ask},
        rates::{self, Rates, valuation},
    },
};
use support::{Dice, PATIENCE, World, code, ledger, ledger_opened, posted, recorded_at};

const NAMES: [&str; 9] = [
    "assets",
    "assets:bank:savings",
    "assets:bank",
    "assets-old:bank",
    "liabilities:card",
    "equity:opening",
    "income:work",
    "expenses:food:out",
    "expenses:food",
];
const CURRENCIES: [(&str, u8); 3] = [("EUR", 2), ("JPY", 0), ("BTC", 8)];
const DAY: i64 = 86_400_000_000;

struct Entry {
    sequence: Sequence,
    effective: Ts,
    account: usize,
    currency: &'static str,
    minor: i128,
}

struct Recorded {
    sequence: Sequence,
    effective: Ts,
    base: &'static str,
    quote: &'static str,
    rate: String,
}

/// What happened, as a list.
struct Naive {
    id: LedgerId,
    entries: Vec<Entry>,
    rates: Vec<Recorded>,
    first: Sequence,
}

type Sums = BTreeMap<String, i128>;

impl Naive {
    async fn open(world: &mut World, id: &str) -> Naive {
        let id = ledger(id);
        let opened: Vec<(u32, &str)> = (0..).zip(NAMES).collect();
        let now = recorded_at(world.last());
        let legs = [(0, 100, "EUR", 2), (5, -100, "EUR", 2)];
        world.append(vec![(&id, now, ledger_opened()), (&id, now, posted(&opened, &legs))]).await;
        let sequence = world.last();
        let entry = |(account, minor, currency, _): (u32, i128, &'static str, u8)| Entry {
            sequence,
            effective: now,
            account: account as usize,
            currency,
            minor,
        };
        Naive { id, entries: legs.map(entry).into(), rates: Vec::new(), first: sequence }
    }

    async fn go_on(&mut self, world: &mut World, dice: &mut Dice, count: u64) {
        let mut events = Vec::new();
        for n in 1..=count {
            let sequence = Sequence(world.last().0 + n);
            let now = recorded_at(sequence).0;
            let days = i64::try_from(dice.below(60)).unwrap();
            let effective = Ts(if dice.below(3) == 0 { now - days * DAY } else { now });
            if dice.below(5) == 0 {
                let (base, quote) =
                    dice.one_of(&[("BTC", "EUR"), ("EUR", "JPY"), ("JPY", "EUR"), ("BTC", "JPY")]);
                let rate = format!("{}.{:03}", dice.below(90), dice.below(999) + 1);
                let event = RateRecorded {
                    base: code(base),
                    quote: code(quote),
                    rate: Rate::parse(&rate).unwrap(),
                    source: None,
                };
                events.push((&self.id, effective, event.into()));
                self.rates.push(Recorded { sequence, effective, base, quote, rate });
                continue;
            }
            let mut legs = Vec::new();
            for _ in 0..=dice.below(2) {
                let (currency, scale) = dice.one_of(&CURRENCIES);
                let amount = i128::from(dice.below(100_000)) + 1;
                for minor in [-amount, amount] {
                    let account = dice.below(NAMES.len() as u64) as usize;
                    legs.push((account as u32, minor, currency, scale));
                    self.entries.push(Entry { sequence, effective, account, currency, minor });
                }
            }
            events.push((&self.id, effective, posted(&[], &legs)));
        }
        world.append(events).await;
    }

    /// Debits less credits of the accounts that are picked, by currency; without zeros.
    fn sum(&self, from: Option<Ts>, at: Option<Ts>, known: Sequence, pick: impl Fn(usize) -> bool) -> Sums {
        let mut sums = Sums::new();
        for entry in &self.entries {
            let is_in = entry.sequence <= known
                && at.is_none_or(|at| entry.effective <= at)
                && from.is_none_or(|from| entry.effective >= from);
            if is_in && pick(entry.account) {
                *sums.entry(entry.currency.to_owned()).or_default() += entry.minor;
            }
        }
        sums.retain(|_, sum| *sum != 0);
        sums
    }

    /// The newest rate, and whether it is the other way round.
    fn rate(&self, of: &str, to: &str, at: Option<Ts>, known: Sequence) -> Result<&Recorded, Unconverted> {
        let pair =
            |rate: &&Recorded| (rate.base, rate.quote) == (of, to) || (rate.base, rate.quote) == (to, of);
        let known: Vec<&Recorded> =
            self.rates.iter().filter(pair).filter(|rate| rate.sequence <= known).collect();
        let in_effect = known.iter().filter(|rate| at.is_none_or(|at| rate.effective <= at));
        let newest = in_effect.max_by_key(|rate| (rate.effective, rate.sequence));
        let why = if known.is_empty() { Unconverted::NoRate } else { Unconverted::NoRateYet };
        newest.copied().ok_or(why)
    }
}

fn kind(account: usize) -> AccountType {
    support::path(NAMES[account]).account_type().unwrap_or(AccountType::Asset)
}

fn negated(sums: Sums) -> Sums {
    sums.into_iter().map(|(currency, sum)| (currency, -sum)).collect()
}

/// The amounts without zeros.
fn amounts(figures: &Figures<1>) -> Sums {
    let sums = figures.amounts.iter().map(|(currency, sums)| (currency.as_str().to_owned(), sums.minor[0]));
    sums.filter(|(_, sum)| *sum != 0).collect()
}

fn is_below(top: &str, name: &str) -> bool {
    name == top || name.starts_with(&format!("{top}:"))
}

/// Every line is the sum of what is at and below its name, and the total of everything.
fn check_part(part: &Part<1>, of: AccountType, context: &str, sum: impl Fn(&dyn Fn(usize) -> bool) -> Sums) {
    let sign = |sums: Sums| match of {
        AccountType::Asset | AccountType::Expense => sums,
        _ => negated(sums),
    };
    let of_type = |account: usize| kind(account) == of;
    assert_eq!(amounts(&part.total), sign(sum(&of_type)), "{context} {of:?}");
    let mut shown = BTreeSet::new();
    for line in &part.lines {
        let name = line.account.as_str();
        let below = |account: usize| of_type(account) && is_below(name, NAMES[account]);
        assert_eq!(amounts(&line.figures), sign(sum(&below)), "{context} {name}");
        assert_eq!(line.depth, name.split(':').count());
        shown.insert(name.to_owned());
    }
    assert_eq!(shown.len(), part.lines.len(), "{context}: each name has one line");
    // What has a line, has those above it before it.
    for (place, line) in part.lines.iter().enumerate() {
        if let Some((above, _)) = line.account.as_str().rsplit_once(':') {
            assert!(
                part.lines[..place].iter().any(|line| line.account.as_str() == above),
                "{context} {above}"
            );
        }
    }
    for (account, name) in NAMES.iter().enumerate().filter(|(account, _)| of_type(*account)) {
        let holds = !sum(&|other| other == account).is_empty();
        assert!(!holds || shown.contains(*name), "{context}: {name} is missing");
    }
}

async fn balances(reader: &Reader, id: &LedgerId, at: Option<Ts>, known: Sequence) -> Vec<Balance> {
    let question = Ask { ledger: id.clone(), of: Of::All, at, known_at: Some(known) };
    match ask(reader, &question).await.unwrap() {
        Answer::Known(balances) => balances,
        other => panic!("{other:?}"),
    }
}

async fn check(naive: &Naive, world: &World, dice: &mut Dice, pairs: u64) {
    let views: [&dyn projections::View; 2] = [&Balances::default(), &Rates];
    let reader = world.views.reader(&views, Some(world.last()), PATIENCE).await.unwrap();
    for _ in 0..pairs {
        let known = Sequence(naive.first.0 + dice.below(world.last().0 - naive.first.0 + 1));
        let mut time = || match dice.below(4) {
            0 => None,
            _ => Some(Ts(world.last_known().0 - i64::try_from(dice.below(70)).unwrap() * DAY)),
        };
        let (mut from, mut at) = (time(), time());
        if let (Some(begin), Some(end)) = (from, at)
            && begin > end
        {
            (from, at) = (Some(end), Some(begin));
        }
        let context = format!("from {from:?} at {at:?} known {known}");
        let by_end = balances(&reader, &naive.id, at, known).await;
        let before = Some(Ts(from.map_or(i64::MIN, |from| from.0 - 1)));
        let before = balances(&reader, &naive.id, before, known).await;
        check_amounts(naive, &before, &by_end, (from, at, known), &context);
        check_values(naive, &reader, &by_end, (at, known), &context).await;
    }
    reader.end().await.unwrap();
}

fn check_amounts(
    naive: &Naive,
    before: &[Balance],
    by_end: &[Balance],
    (from, at, known): (Option<Ts>, Option<Ts>, Sequence),
    context: &str,
) {
    let by_then = |pick: &dyn Fn(usize) -> bool| naive.sum(None, at, known, pick);
    let sheet = balance_sheet(by_end, Shape::default()).unwrap();
    check_part(&sheet.assets, AccountType::Asset, context, by_then);
    check_part(&sheet.liabilities, AccountType::Liability, context, by_then);
    check_part(&sheet.equity, AccountType::Equity, context, by_then);
    let earned = |account| matches!(kind(account), AccountType::Income | AccountType::Expense);
    assert_eq!(amounts(&sheet.earnings), negated(by_then(&earned)), "{context}");
    assert_eq!(amounts(&sheet.assets.total), amounts(&sheet.liabilities_and_equity), "{context}");

    let statement = income_statement(before, by_end, Shape::default()).unwrap();
    let in_period = |pick: &dyn Fn(usize) -> bool| naive.sum(from, at, known, pick);
    check_part(&statement.income, AccountType::Income, context, in_period);
    check_part(&statement.expenses, AccountType::Expense, context, in_period);
    assert_eq!(amounts(&statement.net_income), negated(in_period(&earned)), "{context}");

    let trial = trial_balance(by_end, Shape::default()).unwrap();
    for line in trial.lines.iter().filter(|line| line.number.is_some()) {
        let account = NAMES.iter().position(|name| *name == line.account.as_str()).unwrap();
        for (currency, sums) in &line.figures.amounts {
            let all = naive.entries.iter().filter(|entry| {
                entry.sequence <= known
                    && at.is_none_or(|at| entry.effective <= at)
                    && entry.currency == currency.as_str()
                    && kind(entry.account) == kind(account)
                    && is_below(NAMES[account], NAMES[entry.account])
            });
            let (mut debits, mut credits) = (0, 0);
            for entry in all {
                if entry.minor > 0 { debits += entry.minor } else { credits -= entry.minor }
            }
            assert_eq!(sums.minor[..2], [debits, credits], "{context} {}", line.account);
            assert_eq!(sums.minor[2] - sums.minor[3], debits - credits, "{context} {}", line.account);
        }
    }
    // Fewer lines, the same sums.
    for depth in 1..4 {
        let shape = Shape { depth: Some(depth), ..Shape::default() };
        let shallow = trial_balance(by_end, shape).unwrap();
        let kept: Vec<_> = trial.lines.iter().filter(|line| line.depth <= depth).cloned().collect();
        assert_eq!(shallow.lines, kept, "{context} {depth}");
        assert_eq!(shallow.total, trial.total);
    }
}

async fn check_values(
    naive: &Naive,
    reader: &Reader,
    by_end: &[Balance],
    (at, known): (Option<Ts>, Sequence),
    context: &str,
) {
    let question =
        rates::Ask { ledger: naive.id.clone(), currency: code("EUR"), scale: 2, at, known_at: known };
    let currencies: BTreeSet<AssetCode> = by_end.iter().map(|balance| balance.currency).collect();
    let valuation: Valuation = valuation(reader, &question, currencies).await.unwrap();
    let shape = Shape { valuation: Some(&valuation), ..Shape::default() };
    let sheet = balance_sheet(by_end, shape).unwrap();
    let (mut value, mut missing): (i128, BTreeMap<String, (i128, Unconverted)>) = Default::default();
    for account in 0..NAMES.len() {
        if kind(account) != AccountType::Asset {
            continue;
        }
        for (currency, minor) in naive.sum(None, at, known, |other| other == account) {
            let scale = CURRENCIES.iter().find(|(code, _)| *code == currency).unwrap().1;
            if currency == "EUR" {
                value += minor;
                continue;
            }
            match naive.rate(&currency, "EUR", at, known) {
                Ok(rate) => {
                    // In the rate's thousandths and the currency's minor units.
                    let rated: i128 = rate.rate.replace('.', "").parse().unwrap();
                    let unit = 10_i128.pow(u32::from(scale));
                    let (above, below) = match rate.base == currency {
                        true => (minor * rated * 100, unit * 1_000),
                        false => (minor * 1_000 * 100, unit * rated),
                    };
                    value += half_even(above, below);
                }
                Err(why) => missing.entry(currency).or_insert((0, why)).0 += minor,
            }
        }
    }
    let told = sheet.assets.total.value.unwrap();
    assert_eq!(told.sums.minor[0], value, "{context}");
    missing.retain(|_, (sum, _)| *sum != 0);
    let unconverted = told
        .unconverted
        .iter()
        .map(|(currency, (sums, why))| (currency.as_str().to_owned(), (sums.minor[0], *why)));
    assert_eq!(
        unconverted.filter(|(_, (sum, _))| *sum != 0).collect::<BTreeMap<_, _>>(),
        missing,
        "{context}"
    );
    // What each account's rounding may come to.
    let difference = sheet.rounding.unwrap().minor;
    assert!(difference.abs() <= (NAMES.len() * CURRENCIES.len()) as i128, "{context}: {difference}");
}

fn half_even(above: i128, below: i128) -> i128 {
    let (size, sign) = (above.abs(), above.signum());
    let (quotient, twice) = (size / below, size % below * 2);
    sign * (quotient + i128::from(twice > below || twice == below && quotient % 2 == 1))
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_at_any_two_times_equal_naive_sums_and_balance() {
    let mut dice = Dice::seeded(5);
    let mut world = World::new().await;
    let projectors = world.projectors().await;
    let mut books = [Naive::open(&mut world, "one").await, Naive::open(&mut world, "two").await];
    for _ in 0..6 {
        for naive in &mut books {
            let count = dice.below(25) + 1;
            naive.go_on(&mut world, &mut dice, count).await;
        }
        check(&books[0], &world, &mut dice, 4).await;
    }
    for naive in &books {
        check(naive, &world, &mut dice, 80).await;
    }
    projectors.stop().await;
}
