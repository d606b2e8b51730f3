//! What a search finds, counts and sums equals what a naive program finds that looks at each transaction.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod support;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use chrono::{DateTime, Datelike, NaiveDate};
use event_schemas::{Direction, Quantity, Sequence, Ts};
use projections::{
    Reader,
    views::transactions::{
        By, Comparison, Condition, FACET_VALUES_MAX, Facet, Filter, Found, Kind, Order, Search, Total,
        Totals, Transactions, Values, When, field_said_twice, find, parse, search, words,
    },
};
use support::{
    Dice, PATIENCE, World,
    book::{
        ACCOUNTS, ACTORS, Book, CATEGORIES, CURRENCIES, Leg, NAMES, Naive, REFERENCES, SPARE, TAGS, WORDS,
    },
    code, path,
};

/// The ledger's midnight is an hour before that of UTC.
fn start_of(day: NaiveDate) -> Ts {
    Ts(day.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp_micros() - 3_600_000_000)
}

/// Looks at transactions one by one.
struct Looker<'a> {
    book: &'a Book,
    known: Sequence,
}

impl Looker<'_> {
    fn is_known(&self, one: &Naive) -> bool {
        one.sequence <= self.known
    }

    fn finds(&self, filter: &Filter, one: &Naive) -> bool {
        match filter {
            Filter::Is(condition) if condition.field().is_none() => self.of_transaction(condition, one),
            Filter::Is(_) => one.legs.iter().any(|leg| self.of_leg(filter, leg)),
            Filter::Entry(inside) => one.legs.iter().any(|leg| self.of_leg(inside, leg)),
            Filter::Not(inside) => !self.finds(inside, one),
            Filter::Or(items) => items.iter().any(|item| self.finds(item, one)),
            Filter::And(items) => {
                let groups = groups_of(items);
                let others = items.iter().filter(|item| !item.joins());
                groups.iter().all(|group| one.legs.iter().any(|leg| self.of_leg(group, leg)))
                    && others.into_iter().all(|item| self.finds(item, one))
            }
        }
    }

    fn of_leg(&self, filter: &Filter, leg: &Leg) -> bool {
        let compare = |comparison: Comparison, amount: Quantity| {
            let scale = |quantity: Quantity| quantity.minor * 10_i128.pow(u32::from(9 - quantity.scale));
            let (ours, theirs) = (scale(leg.amount), scale(amount));
            match comparison {
                Comparison::Less => ours < theirs,
                Comparison::LessOrEqual => ours <= theirs,
                Comparison::Equal => ours == theirs,
                Comparison::GreaterOrEqual => ours >= theirs,
                Comparison::Greater => ours > theirs,
            }
        };
        match filter {
            Filter::And(items) => items.iter().all(|item| self.of_leg(item, leg)),
            Filter::Or(items) => items.iter().any(|item| self.of_leg(item, leg)),
            Filter::Not(inside) => !self.of_leg(inside, leg),
            Filter::Entry(inside) => self.of_leg(inside, leg),
            Filter::Is(condition) => match condition {
                Condition::Account { path, below } => {
                    let name = self.book.name(leg.account, self.known).unwrap_or_default();
                    let is_below = name.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with(':'));
                    let had = self.book.names.iter().any(|(account, since, had)| {
                        *account == leg.account && *since <= self.known && *had == path.as_str()
                    });
                    had || (*below && is_below)
                }
                Condition::Amount(comparison, amount) => compare(*comparison, *amount),
                Condition::Currency(code) => leg.currency == code.as_str(),
                Condition::Category(category) => leg.category == Some(category),
                Condition::Tag(tag) => leg.tags.contains(tag.as_str()),
                Condition::Direction(direction) => leg.direction == *direction,
                other => panic!("{other} is not of an entry"),
            },
        }
    }

    fn of_transaction(&self, condition: &Condition, one: &Naive) -> bool {
        let within = |time: Ts, comparison: Comparison, when: &When| {
            let (from, until) = when.bounds(&start_of);
            match comparison {
                Comparison::Less => time < from,
                Comparison::LessOrEqual => time < until,
                Comparison::Equal => time >= from && time < until,
                Comparison::GreaterOrEqual => time >= from,
                Comparison::Greater => time >= until,
            }
        };
        match condition {
            Condition::Effective(comparison, when) => within(one.effective, *comparison, when),
            Condition::Recorded(comparison, when) => within(one.recorded, *comparison, when),
            Condition::Id(id) => one.id == *id,
            Condition::Actor(actor) => one.actor == actor,
            Condition::Kind(kind) => one.reverses.is_some() == (*kind == Kind::Reversal),
            Condition::Reference(reference) => one.reference.as_ref() == Some(reference),
            Condition::Metadata { name, value } => one.metadata.get(name) == Some(value),
            Condition::Text(wanted) => {
                let memos = one.legs.iter().filter_map(|leg| leg.memo.as_ref());
                let texts = memos.chain(&one.description).chain(&one.reference);
                let has: BTreeSet<String> = texts.flat_map(|text| words(text)).collect();
                wanted.iter().all(|word| has.contains(word))
            }
            other => panic!("{other} is of an entry"),
        }
    }

    fn totals(&self, filter: &Filter, found: &[&Naive]) -> Totals {
        let mut sums: BTreeMap<&str, (u64, u8, i128, i128)> = BTreeMap::new();
        for leg in self.counted(filter, found).map(|(_, leg)| leg) {
            let sum = sums.entry(leg.currency).or_insert((0, leg.amount.scale, 0, 0));
            sum.0 += 1;
            match leg.direction {
                Direction::Debit => sum.2 += leg.amount.minor,
                Direction::Credit => sum.3 += leg.amount.minor,
            }
        }
        let currencies = sums.into_iter().map(|(currency, (entries, scale, debits, credits))| Total {
            currency: code(currency),
            entries,
            debits: Quantity::new(debits, scale),
            credits: Quantity::new(credits, scale),
        });
        Totals { transactions: found.len() as u64, currencies: currencies.collect() }
    }

    fn counted<'f>(
        &'f self,
        filter: &'f Filter,
        found: &'f [&Naive],
    ) -> impl Iterator<Item = (Sequence, &'f Leg)> {
        let groups = spoken_of(filter);
        let counts = move |leg: &Leg| groups.is_empty() || groups.iter().any(|group| self.of_leg(group, leg));
        let legs = found.iter().flat_map(|one| one.legs.iter().map(|leg| (one.sequence, leg)));
        legs.filter(move |(_, leg)| counts(leg))
    }

    fn facet(&self, facet: Facet, filter: &Filter, found: &[&Naive]) -> Values {
        let mut by_value: BTreeMap<String, BTreeSet<Sequence>> = BTreeMap::new();
        if facet == Facet::Month {
            for one in found {
                let local = DateTime::from_timestamp_micros(one.effective.0 + 3_600_000_000).unwrap();
                let month = format!("{:04}-{:02}", local.year(), local.month());
                by_value.entry(month).or_default().insert(one.sequence);
            }
        }
        for (sequence, leg) in self.counted(filter, found) {
            let values: Vec<&str> = match facet {
                Facet::Account => self.book.name(leg.account, self.known).into_iter().collect(),
                Facet::Category => leg.category.into_iter().collect(),
                Facet::Tag => leg.tags.iter().copied().collect(),
                Facet::Currency => vec![leg.currency],
                Facet::Month => Vec::new(),
            };
            for value in values {
                by_value.entry(value.to_owned()).or_default().insert(sequence);
            }
        }
        let mut values: Vec<(String, u64)> =
            by_value.into_iter().map(|(value, of)| (value, of.len() as u64)).collect();
        values.sort_by_key(|(value, count)| (Reverse(*count), value.clone()));
        let more = values.len() > FACET_VALUES_MAX;
        values.truncate(FACET_VALUES_MAX);
        Values { values, more }
    }
}

/// What the joined among some items say of entries: all of one, or each of one of its own.
fn groups_of(items: &[Filter]) -> Vec<Filter> {
    let joined: Vec<Filter> = items.iter().filter(|item| item.joins()).cloned().collect();
    match field_said_twice(items) {
        Some(_) => joined,
        None if joined.is_empty() => Vec::new(),
        None => vec![Filter::And(joined)],
    }
}

/// The entries that must be there for a transaction to be found.
fn spoken_of(filter: &Filter) -> Vec<Filter> {
    match filter {
        filter if filter.joins() => vec![filter.clone()],
        Filter::Entry(inside) => vec![(**inside).clone()],
        Filter::And(items) => {
            let others = items.iter().filter(|item| !item.joins());
            groups_of(items).into_iter().chain(others.flat_map(spoken_of)).collect()
        }
        _ => Vec::new(),
    }
}

struct Chance<'a>(&'a mut Dice);

impl Chance<'_> {
    fn filter(&mut self, book: &Book, depth: u64) -> Filter {
        let several = |chance: &mut Self| -> Vec<Filter> {
            (0..2 + chance.0.below(2)).map(|_| chance.filter(book, depth - 1)).collect()
        };
        match if depth == 0 { 9 } else { self.0.below(10) } {
            0..3 => Filter::And(several(self)),
            3 | 4 => Filter::Or(several(self)),
            5 => Filter::Not(Box::new(self.filter(book, depth - 1))),
            6 => Filter::Entry(Box::new(self.of_entry(depth - 1))),
            7 | 8 => Filter::Is(self.entry_condition()),
            _ => match self.0.below(2) {
                0 => Filter::Is(self.entry_condition()),
                _ => Filter::Is(self.condition(book)),
            },
        }
    }

    fn of_entry(&mut self, depth: u64) -> Filter {
        match if depth == 0 { 9 } else { self.0.below(6) } {
            0 | 1 => Filter::And(vec![self.of_entry(depth - 1), self.of_entry(depth - 1)]),
            2 => Filter::Or(vec![self.of_entry(depth - 1), self.of_entry(depth - 1)]),
            3 => Filter::Not(Box::new(self.of_entry(depth - 1))),
            _ => Filter::Is(self.entry_condition()),
        }
    }

    fn entry_condition(&mut self) -> Condition {
        let dice = &mut *self.0;
        match dice.below(8) {
            0..3 => {
                let tops = ["assets", "expenses", "equity:opening", "nothing", "assets:bank"];
                let all: Vec<&str> = ACCOUNTS.into_iter().chain(SPARE).chain(tops).collect();
                Condition::Account { path: path(dice.one_of(&all)), below: dice.below(3) > 0 }
            }
            3 => {
                let amounts =
                    [(1_000, 2), (10, 0), (0, 0), (50_000, 0), (1_000, 8), (10_000, 3), (500_000, 3)];
                let (minor, scale) = dice.one_of(&amounts);
                Condition::Amount(comparison(dice), Quantity::new(minor, scale))
            }
            4 => Condition::Currency(code(dice.one_of(&CURRENCIES).0)),
            5 => Condition::Category(dice.one_of(&CATEGORIES).to_owned()),
            6 => Condition::Tag(dice.one_of(&TAGS).to_owned()),
            _ => Condition::Direction(dice.one_of(&[Direction::Debit, Direction::Credit])),
        }
    }

    fn condition(&mut self, book: &Book) -> Condition {
        let one = &book.transactions[self.0.below(book.transactions.len() as u64) as usize];
        let dice = &mut *self.0;
        match dice.below(8) {
            0 | 1 => Condition::Effective(comparison(dice), when(dice, one.effective)),
            2 => Condition::Recorded(comparison(dice), when(dice, one.recorded)),
            3 => Condition::Id(one.id.clone()),
            4 => Condition::Actor(dice.one_of(&ACTORS).to_owned()),
            5 => Condition::Kind(dice.one_of(&[Kind::Posted, Kind::Reversal])),
            6 => match dice.below(2) {
                0 => Condition::Reference(dice.one_of(&REFERENCES).to_owned()),
                _ => {
                    let (name, value) = dice.one_of(&NAMES);
                    Condition::Metadata { name: name.to_owned(), value: value.to_owned() }
                }
            },
            _ => {
                let chosen: Vec<&str> = (0..=dice.below(2)).map(|_| dice.one_of(&WORDS)).collect();
                Condition::Text(words(&chosen.join(" ")).collect())
            }
        }
    }
}

fn comparison(dice: &mut Dice) -> Comparison {
    dice.one_of(&[
        Comparison::Less,
        Comparison::LessOrEqual,
        Comparison::Equal,
        Comparison::GreaterOrEqual,
        Comparison::Greater,
    ])
}

fn when(dice: &mut Dice, near: Ts) -> When {
    let near = Ts(near.0.clamp(0, 4_102_444_800_000_000) + dice.one_of(&[-1, 0, 1]));
    let day = near.to_utc().date_naive();
    match dice.below(4) {
        0 => When::Instant(near),
        1 => When::Day(day),
        2 => When::Month(day.with_day(1).unwrap()),
        _ => When::Year(NaiveDate::from_ymd_opt(day.year(), 1, 1).unwrap()),
    }
}

async fn check(reader: &Reader, book: &Book, dice: &mut Dice, last: Sequence, rounds: u64) -> u64 {
    let mut not_empty = 0;
    for _ in 0..rounds {
        let filter = Chance(dice).filter(book, 3);
        let text = filter.to_string();
        let filter = match parse(&text) {
            Ok(read) => {
                assert_eq!(read, filter, "{text}");
                read
            }
            Err(error) => {
                assert!(error.found.starts_with("a second"), "{text}: {error}");
                continue;
            }
        };
        let known_at = Sequence(last.0 - if dice.below(2) == 0 { 0 } else { dice.below(last.0) });
        let order = Order {
            by: dice.one_of(&[By::Effective, By::Recorded, By::Effective]),
            newest_first: dice.below(2) == 0,
        };
        let limit = dice.one_of(&[7, 40, 1_000]);
        let (totals, facets) = (dice.below(2) == 0, if dice.below(2) == 0 { &Facet::ALL[..] } else { &[] });
        let mut ask = Search {
            ledger: book.id.clone(),
            filter: &filter,
            order,
            after: None,
            limit,
            known_at,
            start_of: &start_of,
            totals,
            facets,
        };
        let Found::Page(first) = search(reader, &ask).await.unwrap() else {
            assert!(known_at < book.names[0].1);
            continue;
        };
        let looker = Looker { book, known: known_at };
        let known = book.transactions.iter().filter(|one| looker.is_known(one));
        let mut expected: Vec<&Naive> = known.filter(|one| looker.finds(&filter, one)).collect();
        not_empty += u64::from(!expected.is_empty());
        let context = format!("{text} in {} known at {known_at} by {order:?}", book.id);
        if totals {
            assert_eq!(first.totals, Some(looker.totals(&filter, &expected)), "{context}");
        }
        for (facet, values) in &first.facets {
            assert_eq!(*values, looker.facet(*facet, &filter, &expected), "{facet:?} of {context}");
        }
        assert_eq!(first.facets.len(), facets.len());
        match order.by {
            By::Effective => expected.sort_by_key(|one| (one.effective, one.sequence)),
            By::Recorded => expected.sort_by_key(|one| one.sequence),
        }
        if !order.newest_first {
            expected.reverse();
        }
        // Later pages are of what the first one knew.
        (ask.totals, ask.facets, ask.known_at) = (false, &[], last);
        let mut page = first;
        loop {
            assert!(page.transactions.len() <= limit, "{context}");
            for found in &page.transactions {
                let wanted = expected.pop().unwrap_or_else(|| panic!("{} too many: {context}", found.id));
                compare(found, wanted, &looker, &context);
            }
            let Some(next) = page.next else { break };
            assert_eq!(page.transactions.len(), limit);
            ask.after = Some(next.to_string().parse().unwrap());
            let Found::Page(another) = search(reader, &ask).await.unwrap() else { panic!("{context}") };
            assert!(!another.transactions.is_empty(), "{context}");
            page = another;
        }
        assert!(expected.is_empty(), "{} missing: {context}", expected.len());
    }
    not_empty
}

fn compare(
    found: &projections::views::transactions::Transaction,
    wanted: &Naive,
    looker: &Looker<'_>,
    context: &str,
) {
    assert_eq!(found.sequence, wanted.sequence, "{context}");
    assert_eq!((&found.id, found.effective), (&wanted.id, wanted.effective), "{context}");
    assert_eq!((found.recorded, found.actor.as_str()), (wanted.recorded, wanted.actor), "{context}");
    assert_eq!((&found.description, &found.reference), (&wanted.description, &wanted.reference), "{context}");
    assert_eq!(found.reverses.as_ref().map(|link| link.sequence), wanted.reverses, "{context}");
    let by = looker
        .book
        .transactions
        .iter()
        .find(|other| other.reverses == Some(wanted.sequence) && looker.is_known(other));
    let reversed_by = found.reversed_by.as_ref().map(|link| (link.sequence, link.id.as_str()));
    assert_eq!(reversed_by, by.map(|by| (by.sequence, by.id.as_str())), "{context}");
    let entries: Vec<_> = found
        .entries
        .iter()
        .map(|e| (e.number.0, e.account.as_str(), e.direction, e.amount, e.currency, e.category.as_deref()))
        .collect();
    let legs: Vec<_> = wanted
        .legs
        .iter()
        .map(|leg| {
            let name = looker.book.name(leg.account, looker.known).unwrap();
            (leg.account, name, leg.direction, leg.amount, code(leg.currency), leg.category)
        })
        .collect();
    assert_eq!(entries, legs, "{context}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_what_a_naive_look_at_each_transaction_finds() {
    let mut dice = Dice::seeded(1);
    let mut world = World::new().await;
    let projectors = world.projectors().await;
    let mut books = [Book::open(&mut world, "one").await, Book::open(&mut world, "two").await];
    for round in 0..10 {
        for book in &mut books {
            book.post(&mut world, &mut dice, 20).await;
            if round % 3 == 2 {
                book.rename(&mut world, &mut dice).await;
            }
        }
    }
    let reader = world.views.reader(&[&Transactions::default()], Some(world.last()), PATIENCE).await.unwrap();
    let rounds = std::env::var("NEXUS_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(250);
    let mut not_empty = 0;
    for book in &books {
        not_empty += check(&reader, book, &mut dice, world.last(), rounds).await;
    }
    assert!(not_empty > rounds / 2, "{not_empty} of {rounds} found something");
    // One by one, by their ids, as known at any time.
    for _ in 0..40 {
        let book = &books[dice.below(2) as usize];
        let one = &book.transactions[dice.below(book.transactions.len() as u64) as usize];
        let known = Sequence(dice.below(world.last().0 + 1));
        let looker = Looker { book, known };
        match find(&reader, &book.id, &one.id, known).await.unwrap() {
            None => assert!(!looker.is_known(one)),
            Some(found) => compare(&found, one, &looker, &one.id),
        }
        assert_eq!(find(&reader, &book.id, "nobody's", known).await.unwrap(), None);
    }
    reader.end().await.unwrap();
    projectors.stop().await;
}
