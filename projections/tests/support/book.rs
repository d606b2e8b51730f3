//! A ledger of random transactions with texts, labels and reversals, remembered as a naive program would.

use std::collections::{BTreeMap, BTreeSet};

use event_schemas::{
    AccountNumber, AccountType, ActorId, Direction, Event, Key, LedgerId, Quantity, Record, Sequence, Ts,
    events::{
        TransactionPosted, TransactionReversed,
        entries::{After, Entry, OpenedAccount},
    },
};

use super::{Dice, World, code, envelope, ledger, ledger_opened, path, recorded_at, renamed};

pub const DAY: i64 = 86_400_000_000;
pub const ACCOUNTS: [&str; 8] = [
    "assets:bank",
    "assets:bank:savings",
    "assets:bankrupt",
    "assets:cash",
    "equity:opening",
    "expenses:food",
    "expenses:food:out",
    "income:work",
];
pub const SPARE: [&str; 3] = ["assets:bank:moved", "assets:elsewhere", "expenses:food:in"];
pub const CURRENCIES: [(&str, u8); 3] = [("EUR", 2), ("JPY", 0), ("BTC", 8)];
pub const CATEGORIES: [&str; 4] = ["groceries", "rent", "it's \"odd\"", "a\\b"];
pub const TAGS: [&str; 4] = ["weekly", "trip", "with, comma", "{x}"];
pub const ACTORS: [&str; 3] = ["key:dev", "key:phone", "system"];
pub const WORDS: [&str; 10] =
    ["rent", "March", "market", "Corner", "shop", "café", "ŽIŽKOV", "17", "tab\tand\nline", "N\\A"];
pub const REFERENCES: [&str; 3] = ["receipt 17", "RF18-5390", "in\\voice"];
pub const NAMES: [(&str, &str); 4] =
    [("shop", "corner"), ("shop", "Náměstí"), ("trip id", "7"), ("quo\"te", "a\\b\n")];

/// One transaction.
#[derive(Clone, Debug)]
pub struct Naive {
    pub sequence: Sequence,
    pub id: String,
    pub effective: Ts,
    pub recorded: Ts,
    pub actor: &'static str,
    pub reverses: Option<Sequence>,
    pub description: Option<String>,
    pub reference: Option<String>,
    pub metadata: BTreeMap<String, String>,
    pub legs: Vec<Leg>,
}

#[derive(Clone, Debug)]
pub struct Leg {
    pub account: u32,
    pub direction: Direction,
    pub amount: Quantity,
    pub currency: &'static str,
    pub category: Option<&'static str>,
    pub memo: Option<String>,
    pub tags: BTreeSet<&'static str>,
}

/// A ledger under test, and how its accounts were called since when.
pub struct Book {
    pub id: LedgerId,
    pub transactions: Vec<Naive>,
    pub names: Vec<(u32, Sequence, &'static str)>,
}

impl Book {
    /// Opens the ledger and its accounts.
    pub async fn open(world: &mut World, id: &str) -> Book {
        let id = ledger(id);
        let first = Sequence(world.last().0 + 1);
        let mut book = Book { id, transactions: Vec::new(), names: Vec::new() };
        let opened: Vec<OpenedAccount> = (1..)
            .zip(ACCOUNTS)
            .map(|(account, name)| OpenedAccount {
                account: AccountNumber(account),
                path: path(name).into(),
                account_type: path(name).account_type().unwrap_or(AccountType::Asset),
            })
            .collect();
        book.names = opened
            .iter()
            .zip(ACCOUNTS)
            .map(|(account, name)| (account.account.0, first.next(), name))
            .collect();
        let amount = Quantity::new(100, 2);
        let leg = |account, direction| Leg {
            account,
            direction,
            amount,
            currency: "EUR",
            category: None,
            memo: None,
            tags: BTreeSet::new(),
        };
        let sequence = first.next();
        let opening = Naive {
            sequence,
            id: format!("k{}", sequence.0),
            effective: recorded_at(sequence),
            recorded: recorded_at(sequence),
            actor: ACTORS[0],
            reverses: None,
            description: None,
            reference: None,
            metadata: BTreeMap::new(),
            legs: vec![leg(1, Direction::Debit), leg(5, Direction::Credit)],
        };
        let ledger_opened =
            Record { envelope: envelope(&book.id, first, recorded_at(first)), event: ledger_opened() };
        let Event::TransactionPosted(mut posted) = opening.event(&[]) else { unreachable!() };
        posted.opened = opened;
        let posted = Record { envelope: book.envelope(&opening), event: posted.into() };
        world.append_lines(&[ledger_opened.to_bytes(), posted.to_bytes()]).await;
        book.transactions.push(opening);
        book
    }

    fn envelope(&self, of: &Naive) -> event_schemas::Envelope {
        event_schemas::Envelope {
            actor: ActorId::parse(of.actor).unwrap(),
            key: Key::parse(&of.id).unwrap(),
            ..envelope(&self.id, of.sequence, of.effective)
        }
    }

    /// Posts and reverses some transactions as one row of the log, in time or late.
    pub async fn post(&mut self, world: &mut World, dice: &mut Dice, count: u64) {
        let mut lines = Vec::new();
        for n in 1..=count {
            let sequence = Sequence(world.last().0 + n);
            let naive = self.random(dice, sequence);
            lines.push(
                Record { envelope: self.envelope(&naive), event: naive.event(&self.transactions) }.to_bytes(),
            );
            self.transactions.push(naive);
        }
        world.append_lines(&lines).await;
    }

    fn random(&self, dice: &mut Dice, sequence: Sequence) -> Naive {
        let recorded = recorded_at(sequence);
        let effective = Ts(match dice.below(8) {
            0 => recorded.0 - i64::try_from(dice.below(40)).unwrap() * DAY,
            1 | 2 => (recorded.0 - i64::try_from(dice.below(400)).unwrap() * DAY) / DAY * DAY,
            3 => dice.one_of(&[-62_135_596_800_000_000, -1, 0, 4_102_444_800_000_000]),
            _ => recorded.0,
        });
        let mut naive = Naive {
            sequence,
            id: format!("k{}", sequence.0),
            effective,
            recorded,
            actor: dice.one_of(&ACTORS),
            reverses: None,
            description: None,
            reference: None,
            metadata: BTreeMap::new(),
            legs: Vec::new(),
        };
        if dice.below(2) == 0 {
            naive.description = Some(sentence(dice));
        }
        if dice.below(3) == 0 {
            naive.metadata.extend((0..=dice.below(2)).map(|_| {
                let (name, value) = dice.one_of(&NAMES);
                (name.to_owned(), value.to_owned())
            }));
        }
        let is_reversed =
            |one: &Naive| self.transactions.iter().any(|other| other.reverses == Some(one.sequence));
        let free = self.transactions.iter().filter(|one| one.reverses.is_none() && !is_reversed(one));
        let free: Vec<&Naive> = free.collect();
        if dice.below(8) == 0 && !free.is_empty() {
            let original = free[dice.below(free.len() as u64) as usize];
            naive.reverses = Some(original.sequence);
            naive.legs = original.legs.clone();
            for leg in &mut naive.legs {
                leg.direction = match leg.direction {
                    Direction::Debit => Direction::Credit,
                    Direction::Credit => Direction::Debit,
                };
            }
            return naive;
        }
        if dice.below(4) == 0 {
            naive.reference = Some(dice.one_of(&REFERENCES).to_owned());
        }
        for _ in 0..=dice.below(3) {
            let (currency, scale) = dice.one_of(&CURRENCIES);
            let minor = match dice.below(10) {
                0 => 79_228_162_514_264_337_593_543_950_335,
                1..4 => 1_000,
                _ => i128::from(dice.below(100_000)) + 1,
            };
            let amount = Quantity::new(minor, scale);
            for direction in [Direction::Credit, Direction::Debit] {
                naive.legs.push(Leg {
                    account: u32::try_from(dice.below(8)).unwrap() + 1,
                    direction,
                    amount,
                    currency,
                    category: (dice.below(2) == 0).then(|| dice.one_of(&CATEGORIES)),
                    memo: (dice.below(4) == 0).then(|| sentence(dice)),
                    tags: (0..dice.below(3)).map(|_| dice.one_of(&TAGS)).collect(),
                });
            }
        }
        naive
    }

    pub async fn rename(&mut self, world: &mut World, dice: &mut Dice) {
        let account = u32::try_from(dice.below(8)).unwrap() + 1;
        let is_free = |name: &&str| self.names.iter().all(|(_, _, taken)| taken != name);
        let Some(name) = SPARE.into_iter().find(|name| is_free(name)) else { return };
        let now = recorded_at(world.last());
        world.append(vec![(&self.id, now, renamed(account, name))]).await;
        self.names.push((account, world.last(), name));
    }

    pub fn name(&self, account: u32, known: Sequence) -> Option<&'static str> {
        let names = self.names.iter().filter(|(of, since, _)| *of == account && *since <= known);
        names.max_by_key(|(_, since, _)| *since).map(|(.., name)| *name)
    }
}

impl Naive {
    /// `others` are those that it may reverse.
    fn event(&self, others: &[Naive]) -> Event {
        let entries = self.legs.iter().map(|leg| Entry {
            account: AccountNumber(leg.account),
            path: None,
            account_type: AccountType::Asset,
            direction: leg.direction,
            amount: leg.amount,
            currency: code(leg.currency),
            category: leg.category.map(Into::into),
            memo: leg.memo.clone().map(Into::into),
            tags: leg.tags.iter().map(|tag| (*tag).into()).collect(),
            number: 1,
            after: After {
                debits: leg.amount,
                credits: leg.amount,
                pending_debits: None,
                pending_credits: None,
            },
        });
        let description = self.description.clone().map(Into::into);
        let metadata = (!self.metadata.is_empty()).then(|| self.metadata.clone().into());
        let entries = entries.collect();
        match self.reverses {
            None => TransactionPosted {
                description,
                reference: self.reference.clone().map(Into::into),
                metadata,
                preconditions: None,
                opened: Vec::new(),
                entries,
            }
            .into(),
            Some(original_seq) => {
                let original = others.iter().find(|other| other.sequence == original_seq).unwrap();
                let original = Key::parse(&original.id).unwrap();
                TransactionReversed { original, original_seq, description, metadata, entries }.into()
            }
        }
    }
}

fn sentence(dice: &mut Dice) -> String {
    let words: Vec<&str> = (0..=dice.below(4)).map(|_| dice.one_of(&WORDS)).collect();
    words.join(dice.one_of(&[" ", ", ", "-"]))
}
