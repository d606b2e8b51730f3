//! Budgets and categories equal a naive reckoning over all entries, day by day, at any two times.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod support;

use std::collections::BTreeMap;

use event_schemas::{
    BudgetId, CarryOver, Day, Direction, Event, LedgerId, Period, Quantity, Sealed, Sequence, Ts,
    events::{BudgetChanged, BudgetDropped, BudgetSet},
};
use projections::{
    Reader, State, View, rebuild, statuses, sums,
    views::{
        balances::{
            Balances,
            series::{Chain, Series},
        },
        budgets::{Answer, Ask, Budgets, Plan, Progress, history, list},
        categories::Categories,
    },
};
use support::{
    Dice, PATIENCE, World, code, ledger, ledger_opened, path, posted, recorded_at, renamed, until,
};

const DAY: i64 = 86_400_000_000;
const NAMES: [&str; 7] = [
    "assets:bank",
    "expenses:food",
    "expenses:food:out",
    "expenses:foodstuff",
    "income:work",
    "expenses:fun",
    "liabilities:card",
];
const SPARE: [&str; 4] = ["expenses:eating", "expenses:fun:other", "assets:purse", "expenses:food:canteen"];
const CATEGORIES: [Option<&str>; 4] = [None, None, Some("food"), Some("a \"b\"\t\\ c")];
const CURRENCIES: [(&str, u8); 2] = [("EUR", 2), ("JPY", 0)];

struct Entry {
    sequence: Sequence,
    effective: Ts,
    account: u32,
    category: Option<&'static str>,
    currency: &'static str,
    minor: i128,
}

/// What was said about a budget.
struct Word {
    sequence: Sequence,
    budget: &'static str,
    starts: Day,
    plan: Option<Plan>,
}

struct Book {
    id: LedgerId,
    entries: Vec<Entry>,
    names: Vec<(u32, Sequence, &'static str)>,
    words: Vec<Word>,
}

/// The records of the tests begin at this day.
fn today() -> Day {
    day_of(recorded_at(Sequence(0)))
}

fn day_of(time: Ts) -> Day {
    Day::of(time.to_utc().date_naive()).unwrap()
}

fn start_of(day: Day) -> Ts {
    Ts(day.date().and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros())
}

fn away(days: i64) -> Day {
    day_of(Ts(recorded_at(Sequence(0)).0 + days * DAY))
}

impl Book {
    async fn open(world: &mut World, id: &str) -> Book {
        let id = ledger(id);
        let now = recorded_at(world.last());
        let opened: Vec<(u32, &str)> = (1..).zip(NAMES).collect();
        let legs = [(1, 100, "EUR", 2), (5, -100, "EUR", 2)];
        world.append(vec![(&id, now, ledger_opened()), (&id, now, posted(&opened, &legs))]).await;
        let sequence = world.last();
        let names = opened.iter().map(|(account, _)| (*account, sequence, NAMES[*account as usize - 1]));
        let entry = |(account, minor, currency, _): (u32, i128, &'static str, u8)| Entry {
            sequence,
            effective: now,
            account,
            category: None,
            currency,
            minor,
        };
        Book { id, names: names.collect(), entries: legs.map(entry).into(), words: Vec::new() }
    }

    /// Posts some transactions, in time or late, with categories here and there; every other one gives back.
    async fn post(&mut self, world: &mut World, dice: &mut Dice, count: u64) {
        let mut events = Vec::new();
        for n in 1..=count {
            let sequence = Sequence(world.last().0 + n);
            let now = recorded_at(sequence).0;
            let effective = Ts(match dice.below(4) {
                0 => now,
                1 => start_of(away(-(dice.below(200) as i64))).0 - dice.below(2) as i64,
                _ => now - dice.below(150 * DAY as u64) as i64,
            });
            let mut legs = Vec::new();
            let mut categories = Vec::new();
            for _ in 0..=dice.below(2) {
                let (currency, scale) = dice.one_of(&CURRENCIES);
                let amount = i128::from(dice.below(10_000)) + 1;
                let (from, to) = (dice.below(7) as u32 + 1, dice.below(7) as u32 + 1);
                for (account, minor) in [(from, -amount), (to, amount)] {
                    let category = dice.one_of(&CATEGORIES);
                    legs.push((account, minor, currency, scale));
                    categories.push(category);
                    self.entries.push(Entry { sequence, effective, account, category, currency, minor });
                }
            }
            let mut event = posted(&[], &legs);
            let Event::TransactionPosted(transaction) = &mut event else { unreachable!() };
            for (entry, category) in transaction.entries.iter_mut().zip(categories) {
                entry.category = category.map(Into::into);
                // The account's own type; `posted` knows no paths.
                entry.account_type = path(NAMES[entry.account.0 as usize - 1]).account_type().unwrap();
            }
            events.push((&self.id, effective, event));
        }
        world.append(events).await;
    }

    async fn rename(&mut self, world: &mut World, dice: &mut Dice) {
        let account = dice.below(6) as u32 + 2;
        let taken = |name: &&str| self.names.iter().any(|(_, _, taken)| taken == name);
        let Some(name) = SPARE.into_iter().find(|name| !taken(name)) else { return };
        world.append(vec![(&self.id, recorded_at(world.last()), renamed(account, name))]).await;
        self.names.push((account, world.last(), name));
    }

    /// Sets a budget, changes it, or drops it.
    async fn say(&mut self, world: &mut World, dice: &mut Dice) {
        let budget = dice.one_of(&["food", "work", "any"]);
        let period = dice.one_of(&Period::ALL);
        let starts = period.first_day(away(-(dice.below(250) as i64) + 30));
        let plan = (dice.below(5) > 0).then(|| {
            let (currency, scale) = dice.one_of(&CURRENCIES);
            let account = dice.one_of(&[None, Some("expenses:food"), Some("expenses"), Some("income:work")]);
            let ends = period.next(away(60 - dice.below(100) as i64)).unwrap().previous().unwrap();
            let category = dice.one_of(&CATEGORIES);
            Plan {
                name: (dice.below(2) == 0).then(|| "a name".to_owned()),
                account: account.map(path),
                category: category.or(account.is_none().then_some("food")).map(str::to_owned),
                direction: dice.one_of(&[Direction::Debit, Direction::Debit, Direction::Credit]),
                currency: code(currency),
                amount: Quantity::new(i128::from(dice.below(20_000)), scale),
                period,
                ends: (dice.below(4) == 0 && ends >= starts).then_some(ends),
                carry_over: dice.one_of(&CarryOver::ALL),
            }
        });
        let known =
            self.words.iter().rfind(|word| word.budget == budget).is_some_and(|word| word.plan.is_some());
        let event: Event = match &plan {
            Some(plan) if known => changed(budget, starts, plan).into(),
            Some(plan) => set(budget, starts, plan).into(),
            None => {
                BudgetDropped { budget: BudgetId::parse(budget).unwrap(), from: starts, reason: None }.into()
            }
        };
        world.append(vec![(&self.id, recorded_at(world.last()), event)]).await;
        self.words.push(Word { sequence: world.last(), budget, starts, plan });
    }

    fn name(&self, account: u32, known: Sequence) -> Option<&'static str> {
        let names = self.names.iter().filter(|(of, since, _)| *of == account && *since <= known);
        names.max_by_key(|(_, since, _)| *since).map(|(.., name)| *name)
    }

    /// The path's own account, by its present name, and the path itself: all below either counts.
    fn is_below(&self, account: u32, top: &str, known: Sequence) -> bool {
        let Some(name) = self.name(account, known) else { return false };
        let owner = self.names.iter().rfind(|(_, since, name)| *since <= known && *name == top);
        let tops = [Some(top), owner.and_then(|(owner, ..)| self.name(*owner, known))];
        tops.into_iter().flatten().any(|top| name == top || name.starts_with(&format!("{top}:")))
    }

    fn counts(&self, entry: &Entry, plan: &Plan, known: Sequence) -> bool {
        let is_result = ["expenses", "income"].iter().any(|kind| {
            // The type of an account is that of its first name.
            NAMES[entry.account as usize - 1].starts_with(kind)
        });
        entry.sequence <= known
            && plan.category.as_deref().is_none_or(|category| entry.category == Some(category))
            && match &plan.account {
                Some(top) => self.is_below(entry.account, top.as_str(), known),
                None => is_result,
            }
    }

    /// All periods until a day, found by going through the calendar.
    fn reckon(&self, budget: &str, known: Sequence, until: Day, at: Option<Ts>) -> Vec<Progress> {
        let words: Vec<&Word> =
            self.words.iter().filter(|word| word.budget == budget && word.sequence <= known).collect();
        let on = |day: Day| {
            let word = words.iter().rfind(|word| word.starts <= day)?;
            let plan = word.plan.as_ref()?;
            plan.ends.is_none_or(|ends| day <= ends).then_some((word.sequence, plan))
        };
        let Some(mut day) = words.iter().map(|word| word.starts).min() else { return Vec::new() };
        let mut periods: Vec<(Day, Day, Sequence, &Plan)> = Vec::new();
        // Far enough that the last period is whole.
        let stop = Period::Year.next(until).unwrap();
        while day < stop {
            if let Some((since, plan)) = on(day) {
                match periods.last_mut() {
                    Some((_, last, of, _))
                        if *of == since && last.next() == Some(day) && plan.period.first_day(day) != day =>
                    {
                        *last = day;
                    }
                    _ => periods.push((day, day, since, plan)),
                }
            }
            day = day.next().unwrap();
        }
        periods.retain(|(first, ..)| *first <= until);
        let mut done: Vec<Progress> = Vec::new();
        for (first, last, _, plan) in periods {
            let carried_over = match done.last() {
                Some(before)
                    if before.last.next() == Some(first) && before.plan.currency == plan.currency =>
                {
                    let left = before.spent.remaining.minor;
                    match before.plan.carry_over {
                        CarryOver::None => 0,
                        CarryOver::Remaining => left.max(0),
                        CarryOver::All => left,
                    }
                }
                _ => 0,
            };
            let mut actual: BTreeMap<&str, i128> = BTreeMap::new();
            for entry in &self.entries {
                let day = day_of(entry.effective);
                let in_time = first <= day && day <= last && at.is_none_or(|at| entry.effective <= at);
                if in_time && self.counts(entry, plan, known) {
                    let sign = if plan.direction == Direction::Debit { 1 } else { -1 };
                    *actual.entry(entry.currency).or_default() += sign * entry.minor;
                }
            }
            let own = actual.remove(plan.currency.as_str()).unwrap_or(0);
            let other = actual.into_iter().filter(|(_, minor)| *minor != 0).map(|(currency, minor)| {
                let scale = CURRENCIES.iter().find(|(known, _)| *known == currency).unwrap().1;
                (code(currency), Quantity::new(minor, scale))
            });
            let quantity = |minor| Quantity::new(minor, plan.amount.scale);
            let spent = projections::views::budgets::Spent {
                carried_over: quantity(carried_over),
                actual: quantity(own),
                remaining: quantity(plan.amount.minor + carried_over - own),
                unconverted: other.collect(),
            };
            done.push(Progress { first, last, plan: plan.clone(), spent });
        }
        done
    }

    async fn check(&self, world: &World, dice: &mut Dice, rounds: u64) {
        let reader = read(world).await;
        for _ in 0..rounds {
            let known = Sequence(dice.below(world.last().0 + 1));
            let ask = Ask { ledger: &self.id, known_at: known, start_of: &start_of };
            let opened = self.names[0].1;
            let to = away(100 - dice.below(300) as i64);
            let from = (dice.below(3) > 0).then(|| away(-(dice.below(250) as i64)));
            for budget in ["food", "work", "any", "none"] {
                let context = format!("{budget} {known:?} {from:?} {to}");
                let id = BudgetId::parse(budget).unwrap();
                let answer = history(&reader, &ask, &id, (from, to), 1_000).await.unwrap();
                let words = self.words.iter().filter(|w| w.budget == budget && w.sequence <= known).count();
                match answer {
                    Answer::NoLedger => assert!(known < opened, "{context}"),
                    Answer::NoBudget => assert_eq!(words, 0, "{context}"),
                    Answer::TooManyPeriods => panic!("{context}"),
                    Answer::Known(range) => {
                        let mut expected = self.reckon(budget, known, to, None);
                        expected.retain(|period| from.is_none_or(|from| period.last >= from));
                        assert_eq!(range.periods, expected, "{context}");
                        assert_eq!(range.words.len(), words, "{context}");
                    }
                }
            }
            self.check_list(&reader, &ask, dice).await;
            self.check_categories(&reader, known, dice).await;
        }
        reader.end().await.unwrap();
    }

    async fn check_list(&self, reader: &Reader, ask: &Ask<'_>, dice: &mut Dice) {
        let at = Ts(recorded_at(ask.known_at).0 + 20 * DAY - dice.below(200 * DAY as u64) as i64);
        let today = day_of(at);
        let mut expected = Vec::new();
        for budget in ["any", "food", "work"] {
            let mut periods = self.reckon(budget, ask.known_at, today, Some(at));
            periods.retain(|period| period.last >= today);
            expected.extend(periods.pop().map(|period| (BudgetId::parse(budget).unwrap(), period)));
        }
        // Page by page.
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = list(reader, ask, (today, at), after.as_ref(), 2).await.unwrap();
            let page = match page {
                Answer::NoLedger => break,
                Answer::Known(page) => page,
                other => panic!("{other:?}"),
            };
            assert!(page.budgets.len() <= 2);
            found.extend(page.budgets);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found, expected, "{today} {:?}", ask.known_at);
    }

    async fn check_categories(&self, reader: &Reader, known: Sequence, dice: &mut Dice) {
        let Some(series) = Series::of(reader, &self.id, known).await.unwrap() else { return };
        let pots = series.pots(None).await.unwrap();
        let who: Vec<(i64, i32)> = pots.iter().map(|pot| (pot.number, pot.number as i32)).collect();
        let times = [Ts(recorded_at(known).0 - dice.below(200 * DAY as u64) as i64), Ts(i64::MAX)];
        let found = series.sums(Chain::Pot, &who, &times).await.unwrap();
        let found: BTreeMap<_, _> = found
            .iter()
            .map(|sum| {
                let pot = pots.iter().find(|pot| pot.number == i64::from(sum.group)).unwrap();
                let key = (sum.time, pot.account as u32, pot.category.clone(), sum.currency.to_string());
                (key, (sum.totals.debits.minor, sum.totals.credits.minor))
            })
            .collect();
        let mut expected: BTreeMap<_, (i128, i128)> = BTreeMap::new();
        for (time, at) in times.iter().enumerate() {
            for entry in self.entries.iter().filter(|e| e.sequence <= known && e.effective <= *at) {
                let Some(category) = entry.category else { continue };
                let key = (time, entry.account, category.to_owned(), entry.currency.to_owned());
                let sum = expected.entry(key).or_default();
                if entry.minor > 0 { sum.0 += entry.minor } else { sum.1 -= entry.minor }
            }
        }
        assert_eq!(found, expected, "{known:?} {times:?}");
    }
}

async fn read(world: &World) -> Reader {
    let views: [&dyn View; 3] = [&Balances::default(), &Categories::default(), &Budgets::default()];
    world.views.reader(&views, Some(world.last()), PATIENCE).await.unwrap()
}

fn set(budget: &str, starts: Day, plan: &Plan) -> BudgetSet {
    let plan = plan.clone();
    BudgetSet {
        budget: BudgetId::parse(budget).unwrap(),
        name: plan.name.map(Sealed::Plain),
        account: plan.account.map(Into::into),
        category: plan.category.map(Into::into),
        direction: plan.direction,
        currency: plan.currency,
        amount: plan.amount,
        period: plan.period,
        starts,
        ends: plan.ends,
        carry_over: plan.carry_over,
    }
}

fn changed(budget: &str, starts: Day, plan: &Plan) -> BudgetChanged {
    let plan = set(budget, starts, plan);
    BudgetChanged {
        budget: plan.budget,
        name: plan.name,
        account: plan.account,
        category: plan.category,
        direction: plan.direction,
        currency: plan.currency,
        amount: plan.amount,
        period: plan.period,
        starts: plan.starts,
        ends: plan.ends,
        carry_over: plan.carry_over,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_of_budgets_equals_a_reckoning_day_by_day() {
    let mut dice = Dice::seeded(11);
    let mut world = World::new().await;
    let projectors = world.projectors().await;
    let mut books = [Book::open(&mut world, "one").await, Book::open(&mut world, "two").await];
    for round in 0..10 {
        for book in &mut books {
            let count = dice.below(20) + 1;
            book.post(&mut world, &mut dice, count).await;
            book.say(&mut world, &mut dice).await;
            if round % 3 == 2 {
                book.rename(&mut world, &mut dice).await;
            }
        }
        if dice.below(3) == 0 {
            books[0].check(&world, &mut dice, 2).await;
        }
    }
    for book in &books {
        book.check(&world, &mut dice, 12).await;
    }
    projectors.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rebuilt_budgets_and_categories_equal_those_that_grew() {
    let mut dice = Dice::seeded(12);
    let mut world = World::new().await;
    let mut book = Book::open(&mut world, "one").await;
    let projectors = world.projectors().await;
    for _ in 0..12 {
        book.post(&mut world, &mut dice, 15).await;
        book.say(&mut world, &mut dice).await;
        book.check(&world, &mut dice, 1).await;
    }
    projectors.stop().await;
    let pool = world.views.pool().clone();
    for view in ["budgets", "categories"] {
        // Alone and in one go.
        let second = rebuild(&pool, view, support::SHARD).await.unwrap();
        let projectors = world.projectors().await;
        until("the second build is live", || async {
            let client = pool.get().await.unwrap();
            let all = statuses(&**client, support::SHARD).await.unwrap();
            all.iter().any(|s| s.build == second && s.state == State::Live && s.compared_at.is_some())
        })
        .await;
        projectors.stop().await;
        let client = pool.get().await.unwrap();
        let all = statuses(&**client, support::SHARD).await.unwrap();
        let first = all.iter().find(|s| s.build.name == view && s.build.build == 1).unwrap();
        let (first, second) =
            (sums(&**client, &first.build.schema()).await, sums(&**client, &second.schema()).await);
        let (first, second) = (first.unwrap(), second.unwrap());
        assert_eq!(first, second);
        assert!(first.iter().any(|table| table.rows > 5), "{first:?}");
    }
    assert!(today() > away(-1));
}
