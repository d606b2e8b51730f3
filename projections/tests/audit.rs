//! The audit has every record once, refusals and records of newer programs too, and finds them by what a naive list would.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use event_schemas::{
    AccountNumber, AccountType, ActorId, Contract, Event, Key, LedgerId, Record, Sequence, Ts,
    events::{
        AccountClosed, AccountOpened, AssetRegistered, CommandRefused, TransactionPosted,
        command_refused::Refused,
    },
};
use projections::{
    State, rebuild, statuses, sums,
    views::audit::{Answer, Ask, Audit, Line, Outcome, ask},
};
use serde_json::value::RawValue;
use support::{
    Dice, PATIENCE, SHARD, World, envelope, ledger, ledger_opened, path, posted, recorded_at, renamed, until,
};

const ACTORS: [&str; 3] = ["key:dev", "key:phone", "system"];
const LEDGERS: [&str; 2] = ["one", "two"];
const PATHS: [&str; 9] = ["a:a", "a:b", "a:c", "a:d", "a:e", "a:f", "a:g", "a:h", "a:i"];

/// What a list remembers of a record.
#[derive(Clone, Debug)]
struct Naive {
    sequence: Sequence,
    ledger: &'static str,
    actor: &'static str,
    kind: String,
    outcome: Outcome,
    /// With the path as of then.
    accounts: BTreeMap<u32, String>,
    strays: BTreeSet<String>,
}

/// Accounts with all their paths, the newest last, of each ledger.
#[derive(Default)]
struct Books {
    paths: BTreeMap<&'static str, BTreeMap<u32, Vec<String>>>,
    all: Vec<Naive>,
}

impl Books {
    fn named(&self, ledger: &str, number: u32) -> (u32, String) {
        (number, self.paths[ledger][&number].last().unwrap().clone())
    }

    /// By a path of any time.
    fn find(&self, ledger: &str, path: &str) -> Option<u32> {
        let accounts = self.paths.get(ledger)?.iter();
        accounts.filter(|(_, paths)| paths.iter().any(|p| p == path)).map(|(number, _)| *number).next()
    }

    fn free(&self, ledger: &str) -> Option<&'static str> {
        PATHS.into_iter().find(|path| self.find(ledger, path).is_none())
    }

    /// One record of chance.
    fn one(&mut self, dice: &mut Dice, sequence: Sequence) -> Vec<u8> {
        let ledger_name = dice.one_of(&LEDGERS);
        let actor = dice.one_of(&ACTORS);
        let count = self.paths.get(ledger_name).map_or(0, BTreeMap::len) as u64;
        let mut envelope = envelope(&ledger(ledger_name), sequence, recorded_at(sequence));
        envelope.actor = ActorId::parse(actor).unwrap();
        envelope.key = Key::parse(&format!("key {sequence}")).unwrap();
        let mut naive = Naive {
            sequence,
            ledger: ledger_name,
            actor,
            kind: String::new(),
            outcome: Outcome::Recorded,
            accounts: BTreeMap::new(),
            strays: BTreeSet::new(),
        };
        let event: Event = match dice.below(10) {
            0 | 1 if self.free(ledger_name).is_some() => {
                let name = self.free(ledger_name).unwrap();
                let number = count as u32 + 1;
                self.paths.entry(ledger_name).or_default().insert(number, vec![name.to_owned()]);
                naive.accounts.extend([self.named(ledger_name, number)]);
                AccountOpened {
                    account: AccountNumber(number),
                    path: path(name).into(),
                    account_type: AccountType::Asset,
                    name: None,
                    metadata: None,
                }
                .into()
            }
            2 if count > 0 && self.free(ledger_name).is_some() => {
                let number = dice.below(count) as u32 + 1;
                let name = self.free(ledger_name).unwrap();
                self.paths.get_mut(ledger_name).unwrap().get_mut(&number).unwrap().push(name.to_owned());
                naive.accounts.extend([self.named(ledger_name, number)]);
                renamed(number, name)
            }
            3 | 4 => {
                let names: BTreeSet<&str> = (0..dice.below(4)).map(|_| dice.one_of(&PATHS)).collect();
                for name in &names {
                    match self.find(ledger_name, name) {
                        Some(number) => naive.accounts.extend([self.named(ledger_name, number)]),
                        None => drop(naive.strays.insert((*name).to_owned())),
                    }
                }
                let entries: Vec<String> =
                    names.iter().map(|name| format!(r#"{{"account":"{name}","amount":"1"}}"#)).collect();
                let command = format!(r#"{{"post_transaction":{{"entries":[{}]}}}}"#, entries.join(","));
                naive.outcome = Outcome::Refused;
                naive.kind = "post_transaction".to_owned();
                CommandRefused {
                    command: RawValue::from_string(command).unwrap(),
                    refusal: Refused {
                        number: 209,
                        code: "account_has_balance".to_owned(),
                        pointer: Some("/entries/0".to_owned()),
                        figures: [("balance".to_owned(), "1\t\"2\\".to_owned())].into(),
                    },
                }
                .into()
            }
            5 => {
                naive.outcome = Outcome::Unknown;
                naive.kind = dice.one_of(&["gold_melted", TransactionPosted::NAME]).to_owned();
                let line = Record { envelope, event: AssetRegistered::example().into() }.to_bytes();
                let line = String::from_utf8(line).unwrap();
                let newer = format!(r#""type":"{}","version":7"#, naive.kind);
                let line = line.replacen(r#""type":"asset_registered","version":1"#, &newer, 1);
                self.all.push(naive);
                return line.into_bytes();
            }
            6 | 7 if count > 1 => {
                let (from, to) = (dice.below(count) as u32 + 1, dice.below(count) as u32 + 1);
                naive.accounts.extend([from, to].map(|number| self.named(ledger_name, number)));
                posted(&[], &[(from, -5, "EUR", 2), (to, 5, "EUR", 2)])
            }
            8 if count > 0 => {
                let number = dice.below(count) as u32 + 1;
                naive.accounts.extend([self.named(ledger_name, number)]);
                AccountClosed { account: AccountNumber(number), reason: None }.into()
            }
            _ => AssetRegistered::example().into(),
        };
        if naive.kind.is_empty() {
            naive.kind = event.name().to_owned();
        }
        self.all.push(naive);
        Record { envelope, event }.to_bytes()
    }
}

async fn append(world: &mut World, books: &mut Books, dice: &mut Dice, count: u64) {
    let first = world.last().0 + 1;
    let lines = (first..first + count).map(|n| books.one(dice, Sequence(n)));
    let lines: Vec<Vec<u8>> = lines.collect();
    world.append_lines(&lines).await;
}

fn is_same(line: &Line, naive: &Naive) -> bool {
    let accounts: BTreeMap<u32, String> =
        line.accounts.iter().map(|a| (a.number.0, a.path.clone().unwrap())).collect();
    let refused = line.refused.as_ref().map(|refused| (refused.number, refused.figures["balance"].clone()));
    line.sequence == naive.sequence
        && line.recorded_at == recorded_at(naive.sequence)
        && line.effective_at == recorded_at(naive.sequence)
        && line.actor == naive.actor
        && line.kind == naive.kind
        && line.key == format!("key {}", naive.sequence)
        && line.outcome == naive.outcome
        && accounts == naive.accounts
        && line.strays.iter().cloned().collect::<BTreeSet<_>>() == naive.strays
        && refused == (naive.outcome == Outcome::Refused).then(|| (209, "1\t\"2\\".to_owned()))
}

/// Asks much, by pages, and holds it against the list.
async fn check(world: &World, books: &Books, dice: &mut Dice, questions: u64) {
    let reader = world.views.reader(&[&Audit::default()], Some(world.last()), PATIENCE).await.unwrap();
    let maybe = |dice: &mut Dice| dice.below(2) == 0;
    for _ in 0..questions {
        let ledger_name = dice.one_of(&LEDGERS);
        let (after, until) = (dice.below(world.last().0), world.last().0 - dice.below(20));
        let mut question = Ask {
            ledger: ledger(ledger_name),
            actor: maybe(dice).then(|| dice.one_of(&ACTORS).to_owned()),
            account: maybe(dice).then(|| path(dice.one_of(&PATHS))),
            kinds: match dice.below(4) {
                0 => vec!["gold_melted".to_owned(), "account_closed".to_owned()],
                1 => vec![TransactionPosted::NAME.to_owned(), "post_transaction".to_owned()],
                _ => Vec::new(),
            },
            outcome: maybe(dice)
                .then(|| dice.one_of(&[Outcome::Recorded, Outcome::Refused, Outcome::Unknown])),
            after: Sequence(if maybe(dice) { 0 } else { after }),
            until: Sequence(until),
            before: None,
            limit: dice.below(30) as usize + 1,
        };
        let account = question.account.as_ref().map(|path| {
            let known = books.all.iter().filter(|n| n.ledger == ledger_name && n.sequence.0 <= until);
            // The number that had the path by then.
            let opened = known.filter(|n| matches!(&*n.kind, "account_opened" | "account_renamed"));
            let mut had = opened.flat_map(|n| n.accounts.iter().filter(|(_, p)| *p == path.as_str()));
            had.next().map(|(number, _)| *number)
        });
        let expected: Vec<&Naive> = books
            .all
            .iter()
            .rev()
            .filter(|n| {
                n.ledger == ledger_name && n.sequence > question.after && n.sequence <= question.until
            })
            .filter(|n| question.actor.as_ref().is_none_or(|actor| n.actor == actor))
            .filter(|n| question.kinds.is_empty() || question.kinds.contains(&n.kind))
            .filter(|n| question.outcome.is_none_or(|outcome| n.outcome == outcome))
            .filter(|n| account.is_none_or(|number| number.is_some_and(|n2| n.accounts.contains_key(&n2))))
            .collect();
        let mut found = Vec::new();
        loop {
            match ask(&reader, &question).await.unwrap() {
                Answer::NoAccount(path) => {
                    assert!(account == Some(None), "{question:?}: no account {path:?}");
                    break;
                }
                Answer::Known(page) => {
                    assert!(page.lines.len() <= question.limit);
                    found.extend(page.lines);
                    if !page.has_more {
                        break;
                    }
                    question.before = found.last().map(|line: &Line| line.sequence);
                }
            }
        }
        assert_eq!(found.len(), expected.len(), "{question:?}");
        for (line, naive) in found.iter().zip(expected) {
            assert!(is_same(line, naive), "{line:?} is not {naive:?}");
        }
    }
    reader.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_record_is_found_by_who_what_when_and_outcome_and_a_rebuild_has_the_same_rows() {
    let mut dice = Dice::seeded(11);
    let mut world = World::new().await;
    let mut books = Books::default();
    let projectors = world.projectors().await;
    for _ in 0..12 {
        for _ in 0..dice.below(6) {
            let count = dice.below(20) + 1;
            append(&mut world, &mut books, &mut dice, count).await;
        }
        check(&world, &books, &mut dice, 25).await;
    }
    // Grown in small pieces it equals what is built in one go.
    let second = rebuild(world.views.pool(), "audit", SHARD).await.unwrap();
    let pool = world.views.pool().clone();
    until("the second build is live", || async {
        let client = pool.get().await.unwrap();
        let all = statuses(&**client, SHARD).await.unwrap();
        let second = all.iter().find(|status| status.build == second).unwrap();
        assert_ne!(second.state, State::Differs);
        second.state == State::Live && second.compared_at == Some(world.last())
    })
    .await;
    check(&world, &books, &mut dice, 100).await;
    let client = pool.get().await.unwrap();
    let sums = sums(&**client, &second.schema()).await.unwrap();
    let records = sums.iter().find(|sum| sum.table == "records").unwrap();
    assert_eq!(records.rows, i64::try_from(world.last().0).unwrap(), "each record once");
    projectors.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_is_refused_before_it_is_opened_is_one_ledger() {
    let mut world = World::new().await;
    let id: LedgerId = ledger("one");
    let command = r#"{"open_ledger":{"time_zone":"Nowhere/None"}}"#;
    let refused = CommandRefused {
        command: RawValue::from_string(command.to_owned()).unwrap(),
        refusal: Refused { number: 1, code: "no".to_owned(), pointer: None, figures: BTreeMap::new() },
    };
    let now: Ts = recorded_at(world.last());
    world.append(vec![(&id, now, refused.into()), (&id, now, ledger_opened())]).await;
    let projectors = world.projectors().await;
    let reader = world.views.reader(&[&Audit::default()], Some(world.last()), PATIENCE).await.unwrap();
    let question = Ask {
        ledger: id,
        actor: None,
        account: None,
        kinds: Vec::new(),
        outcome: None,
        after: Sequence::GENESIS,
        until: world.last(),
        before: None,
        limit: 10,
    };
    let Answer::Known(page) = ask(&reader, &question).await.unwrap() else { panic!("there is no account") };
    let kinds: Vec<&str> = page.lines.iter().map(|line| &*line.kind).collect();
    assert_eq!(kinds, ["ledger_opened", "open_ledger"]);
    reader.end().await.unwrap();
    projectors.stop().await;
}
