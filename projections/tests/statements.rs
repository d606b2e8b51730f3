//! Statements of any accounts, period and time of knowledge, page by page: opening and lines come to the closing balance, and all is as
//! a naive list of entries has it.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod support;

use std::collections::BTreeMap;

use event_schemas::{AccountType, Direction, LedgerId, Sequence, Ts};
use projections::{
    Reader,
    statements::{Answer, Ask, Line, Net, Place, first_and_last, general_ledger, statement, turnovers},
    views::{
        balances::{self, Balances, Of},
        transactions::Transactions,
    },
};
use support::{Dice, PATIENCE, World, ledger, ledger_opened, path, posted, recorded_at, renamed};

const NAMES: [&str; 6] =
    ["assets:bank", "assets:bank:savings", "assets-old", "liabilities:card", "income:work", "expenses:food"];
const CURRENCIES: [(&str, u8); 2] = [("EUR", 2), ("JPY", 0)];
const DAY: i64 = 86_400_000_000;

#[derive(Debug, Clone)]
struct Entry {
    place: Place,
    account: usize,
    currency: &'static str,
    minor: i128,
}

struct Naive {
    id: LedgerId,
    entries: Vec<Entry>,
    first: Sequence,
    /// Since when account 0 has another name.
    renamed: Option<Sequence>,
}

type Sums = BTreeMap<String, i128>;
/// Whether an account is asked about.
type Pick<'a> = &'a dyn Fn(usize) -> bool;
/// Period and what is known.
type Times = (Option<Ts>, Option<Ts>, Sequence);

impl Naive {
    async fn open(world: &mut World) -> Naive {
        let id = ledger("one");
        let opened: Vec<(u32, &str)> = (0..).zip(NAMES).collect();
        let now = recorded_at(world.last());
        let legs = [(0, 100, "EUR", 2), (4, -100, "EUR", 2)];
        world.append(vec![(&id, now, ledger_opened()), (&id, now, posted(&opened, &legs))]).await;
        let first = world.last();
        let mut naive = Naive { id, entries: Vec::new(), first, renamed: None };
        naive.take(first, now, &legs);
        naive
    }

    fn take(&mut self, position: Sequence, effective: Ts, legs: &[(u32, i128, &'static str, u8)]) {
        for (leg, (account, minor, currency, _)) in (0..).zip(legs) {
            let place = Place { effective, position, leg };
            self.entries.push(Entry { place, account: *account as usize, currency, minor: *minor });
        }
    }

    async fn go_on(&mut self, world: &mut World, dice: &mut Dice, count: u64) {
        let mut events = Vec::new();
        for n in 1..=count {
            let position = Sequence(world.last().0 + n);
            let now = recorded_at(position).0;
            let days = i64::try_from(dice.below(9)).unwrap();
            // Many at one and the same time.
            let effective = Ts(if dice.below(2) == 0 { now / DAY * DAY - days * DAY } else { now });
            let mut legs = Vec::new();
            for _ in 0..=dice.below(3) {
                let (currency, scale) = dice.one_of(&CURRENCIES);
                let amount = i128::from(dice.below(1_000)) + 1;
                for minor in [-amount, amount] {
                    legs.push((dice.below(NAMES.len() as u64) as u32, minor, currency, scale));
                }
            }
            events.push((&self.id, effective, posted(&[], &legs)));
            self.entries.extend((0..).zip(&legs).map(|(leg, (account, minor, currency, _))| Entry {
                place: Place { effective, position, leg },
                account: *account as usize,
                currency,
                minor: *minor,
            }));
        }
        world.append(events).await;
    }

    fn name(&self, account: usize, known: Sequence) -> &'static str {
        match self.renamed {
            Some(since) if account == 0 && since <= known => "assets:bank:moved",
            _ => NAMES[account],
        }
    }

    /// In the order of a statement.
    fn entries(&self, (from, to, known): Times, pick: impl Fn(usize) -> bool) -> Vec<&Entry> {
        let is_in = |entry: &&Entry| {
            let Place { effective, position, .. } = entry.place;
            position <= known
                && from.is_none_or(|from| effective >= from)
                && to.is_none_or(|to| effective <= to)
                && pick(entry.account)
        };
        let mut entries: Vec<&Entry> = self.entries.iter().filter(is_in).collect();
        entries.sort_by_key(|entry| entry.place);
        entries
    }

    /// The paths on the other side of an entry.
    fn counter(&self, entry: &Entry, known: Sequence) -> Vec<&'static str> {
        let mut counter = Vec::new();
        for other in self.entries.iter().filter(|other| other.place.position == entry.place.position) {
            let name = self.name(other.account, known);
            let is_counter = other.currency == entry.currency && (other.minor > 0) != (entry.minor > 0);
            if is_counter && !counter.contains(&name) {
                counter.push(name);
            }
        }
        counter
    }
}

fn kind(account: usize) -> AccountType {
    path(NAMES[account]).account_type().unwrap_or(AccountType::Asset)
}

fn sum<'a>(entries: impl IntoIterator<Item = &'a Entry>, side: Direction) -> Sums {
    let mut sums = Sums::new();
    for entry in entries {
        let sign = if side == Direction::Debit { 1 } else { -1 };
        *sums.entry(entry.currency.to_owned()).or_default() += sign * entry.minor;
    }
    without_zeros(sums)
}

fn without_zeros(mut sums: Sums) -> Sums {
    sums.retain(|_, sum| *sum != 0);
    sums
}

fn net(net: &Net) -> Sums {
    without_zeros(net.0.iter().map(|(currency, sum)| (currency.as_str().to_owned(), sum.minor)).collect())
}

impl Naive {
    /// The lines are these entries, each with the sum of it and all before it.
    fn check_lines(
        &self,
        lines: &[Line],
        entries: &[&Entry],
        mut sums: Sums,
        side: Direction,
        known: Sequence,
        context: &str,
    ) -> Sums {
        assert_eq!(lines.len(), entries.len(), "{context}");
        for (line, entry) in lines.iter().zip(entries) {
            assert_eq!(line.place, entry.place, "{context}");
            let sign = if side == Direction::Debit { 1 } else { -1 };
            *sums.entry(entry.currency.to_owned()).or_default() += sign * entry.minor;
            assert_eq!(line.balance.minor, sums[entry.currency], "{context} {line:?}");
            assert_eq!((line.amount.minor, line.currency.as_str()), (entry.minor.abs(), entry.currency));
            assert_eq!(line.direction == Direction::Debit, entry.minor > 0);
            assert_eq!(line.account.as_str(), self.name(entry.account, known));
            assert_eq!(line.transaction, format!("k{}", entry.place.position.0));
            assert_eq!(line.recorded_at, recorded_at(entry.place.position));
            let counter: Vec<&str> = line.counter_accounts.iter().map(|path| path.as_str()).collect();
            assert_eq!(counter, self.counter(entry, known), "{context}");
        }
        sums
    }

    async fn check_statement(&self, reader: &Reader, dice: &mut Dice, times: Times) {
        let (from, to, known) = times;
        let account = dice.below(NAMES.len() as u64) as usize;
        let name = self.name(account, known);
        let top = dice.one_of(&["assets", "assets:bank", "expenses"]);
        let is_below = |account: usize| {
            let name = self.name(account, known);
            name == top || name.starts_with(&format!("{top}:"))
        };
        let normal = kind(account).normal_side();
        let one = |other: usize| other == account;
        let both = |other: usize| other == account || is_below(other);
        let cases: [(Of, Pick<'_>, Direction); 4] = [
            (Of::Accounts(vec![path(name)]), &one, normal),
            (Of::Subtree(path(top)), &is_below, Direction::Debit),
            (Of::Both(vec![path(name)], path(top)), &both, Direction::Debit),
            (Of::All, &|_| true, Direction::Debit),
        ];
        for (of, pick, side) in cases {
            let ask = Ask { ledger: self.id.clone(), of, from, to, known_at: known };
            let context = format!("{ask:?}");
            let before = Some(Ts(from.map_or(i64::MIN, |from| from.0 - 1)));
            let opening = sum(self.entries((None, before, known), pick), side);
            let closing = sum(self.entries((None, to, known), pick), side);
            let entries = self.entries(times, pick);
            let (mut after, mut running, mut done) = (None, opening.clone(), 0);
            loop {
                let limit = dice.below(12) as usize + 1;
                let Answer::Known(page) = statement(reader, &ask, after, limit).await.unwrap() else {
                    panic!("{context}")
                };
                assert_eq!(
                    (page.side, net(&page.opening), net(&page.closing)),
                    (side, opening.clone(), closing.clone()),
                    "{context}"
                );
                assert_eq!(page.account.is_some(), matches!(ask.of, Of::Accounts(_)));
                assert_eq!(net(&page.carried), without_zeros(running.clone()), "{context}");
                let until = (done + limit).min(entries.len());
                running =
                    self.check_lines(&page.lines, &entries[done..until], running, side, known, &context);
                done = until;
                assert_eq!(page.next.is_some(), done < entries.len(), "{context}");
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(without_zeros(running), closing, "{context}");
            self.check_balances(reader, &ask, &closing, side).await;
            self.check_periods(reader, &ask, &entries, side).await;
        }
    }

    /// What the balances answer at the end.
    async fn check_balances(&self, reader: &Reader, ask: &Ask, closing: &Sums, side: Direction) {
        let question = balances::Ask {
            ledger: ask.ledger.clone(),
            of: ask.of.clone(),
            at: ask.to,
            known_at: Some(ask.known_at),
        };
        let balances::Answer::Known(balances) = balances::ask(reader, &question).await.unwrap() else {
            panic!("{ask:?}")
        };
        let mut sums = Sums::new();
        for balance in balances {
            let debits = balance.debits.minor - balance.credits.minor;
            let minor = if side == Direction::Debit { debits } else { -debits };
            *sums.entry(balance.currency.as_str().to_owned()).or_default() += minor;
        }
        assert_eq!(without_zeros(sums), *closing, "{ask:?}");
    }

    async fn check_periods(&self, reader: &Reader, ask: &Ask, entries: &[&Entry], side: Direction) {
        if let (None, None) = (ask.from, ask.to) {
            let span = first_and_last(reader, ask).await.unwrap();
            let times = |entry: &&Entry| entry.place.effective;
            assert_eq!(span, entries.first().map(times).zip(entries.last().map(times)), "{ask:?}");
        }
        let (Some(from), Some(to)) = (ask.from, ask.to) else { return };
        let middle = Ts(from.0 + (to.0 - from.0) / 2);
        let parts = [(from, middle), (Ts(middle.0 + 1), to)];
        let told = turnovers(reader, ask, side, &parts).await.unwrap();
        for ((begin, end), turnover) in parts.into_iter().zip(told) {
            for (currency, turnover) in turnover {
                let moved = |debits: bool| -> i128 {
                    let in_part = entries.iter().filter(|entry| {
                        (begin..=end).contains(&entry.place.effective)
                            && entry.currency == currency.as_str()
                            && (entry.minor > 0) == debits
                    });
                    in_part.map(|entry| entry.minor.abs()).sum()
                };
                assert_eq!(
                    (turnover.debits.minor, turnover.credits.minor),
                    (moved(true), moved(false)),
                    "{ask:?}"
                );
                let net = turnover.debits.minor - turnover.credits.minor;
                let net = if side == Direction::Debit { net } else { -net };
                assert_eq!(turnover.opening.minor + net, turnover.closing.minor, "{ask:?}");
            }
        }
    }

    /// All pages together are the statements of all accounts.
    async fn check_general_ledger(&self, reader: &Reader, dice: &mut Dice, times: Times) {
        let (from, to, known) = times;
        let ask = Ask { ledger: self.id.clone(), of: Of::All, from, to, known_at: known };
        let context = format!("{ask:?}");
        let mut told: BTreeMap<usize, (Sums, Vec<Line>, Sums)> = BTreeMap::new();
        let (mut order, mut after) = (Vec::new(), None);
        loop {
            let limit = dice.below(15) as usize + 1;
            let Answer::Known(page) = general_ledger(reader, &ask, after, limit).await.unwrap() else {
                panic!("{context}")
            };
            let lines: usize = page.accounts.iter().map(|account| account.lines.len().max(1)).sum();
            assert!(lines <= limit, "{context}");
            for part in page.accounts {
                let number = part.number.0 as usize;
                assert_eq!(part.account.path.as_str(), self.name(number, known));
                let of = told.entry(number).or_insert_with(|| {
                    order.push(number);
                    (net(&part.opening), Vec::new(), net(&part.closing))
                });
                of.1.extend(part.lines);
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        for account in 0..NAMES.len() {
            let (side, one) = (kind(account).normal_side(), |other: usize| other == account);
            let before = Some(Ts(from.map_or(i64::MIN, |from| from.0 - 1)));
            let opening = sum(self.entries((None, before, known), one), side);
            let closing = sum(self.entries((None, to, known), one), side);
            let entries = self.entries(times, one);
            match told.get(&account) {
                None => assert!(entries.is_empty() && closing.is_empty(), "{context} {account}"),
                Some((told_opening, lines, told_closing)) => {
                    assert_eq!((told_opening, told_closing), (&opening, &closing), "{context} {account}");
                    let end = self.check_lines(lines, &entries, opening, side, known, &context);
                    assert_eq!(without_zeros(end), closing, "{context}");
                }
            }
        }
        let places: Vec<_> = order
            .iter()
            .map(|account| (kind(*account), self.name(*account, known).split(':').collect::<Vec<_>>()))
            .collect();
        let place = |of: AccountType| AccountType::ALL.iter().position(|other| *other == of);
        assert!(places.is_sorted_by_key(|(kind, names)| (place(*kind), names.clone())), "{places:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_and_lines_come_to_closing_whatever_is_asked() {
    let mut dice = Dice::seeded(6);
    let mut world = World::new().await;
    let projectors = world.projectors().await;
    let mut naive = Naive::open(&mut world).await;
    for round in 0..10 {
        let count = dice.below(20) + 1;
        naive.go_on(&mut world, &mut dice, count).await;
        if round == 6 {
            let now = recorded_at(world.last());
            world.append(vec![(&naive.id, now, renamed(0, "assets:bank:moved"))]).await;
            naive.renamed = Some(world.last());
        }
    }
    let views: [&dyn projections::View; 2] = [&Balances::default(), &Transactions::default()];
    let reader = world.views.reader(&views, Some(world.last()), PATIENCE).await.unwrap();
    for _ in 0..60 {
        let known = Sequence(naive.first.0 + dice.below(world.last().0 - naive.first.0 + 1));
        let mut time = || match dice.below(4) {
            0 => None,
            1 => Some(naive.entries[dice.below(naive.entries.len() as u64) as usize].place.effective),
            _ => Some(Ts(world.last_known().0 - i64::try_from(dice.below(10)).unwrap() * DAY)),
        };
        let (mut from, mut to) = (time(), time());
        if let (Some(begin), Some(end)) = (from, to)
            && begin > end
        {
            (from, to) = (Some(end), Some(begin));
        }
        naive.check_statement(&reader, &mut dice, (from, to, known)).await;
        naive.check_general_ledger(&reader, &mut dice, (from, to, known)).await;
    }
    reader.end().await.unwrap();
    projectors.stop().await;
}
