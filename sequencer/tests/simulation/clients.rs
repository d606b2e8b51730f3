//! What clients ask for, and what they were told.

use std::collections::HashMap;

use event_schemas::{ActorId, Envelope, Key, LedgerId, RequestHash, Sequence};
use rand::RngExt;
use rand::rngs::StdRng;
use sequencer::{Answer, Item};
use sha2::{Digest, Sha256};

use super::disk::ServerId;
use super::naive::Wish;

/// One submission of one item. It stands in the item's record, so that the log tells whose record it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub usize);

impl Ticket {
    pub fn of_record(envelope: &Envelope) -> Ticket {
        let number = envelope.traceparent.as_deref().unwrap().strip_prefix("ticket-").unwrap();
        Ticket(number.parse().unwrap())
    }
}

/// A submission and all that is known of it.
pub struct Asked {
    /// `None`: a read.
    pub item: Option<(Item, Wish)>,
    /// Items that are recorded all or none with this one, itself among them. Empty: it stands alone.
    pub group: Vec<Ticket>,
    pub server: ServerId,
    /// What its server had decided, and what of that was durable, when it was submitted.
    pub decided: Sequence,
    pub durable: Sequence,
    /// The books that a read or a dry run saw.
    pub saw: Option<Vec<u8>>,
    pub answer: Option<Answer>,
}

impl Asked {
    pub fn item(&self) -> &Item {
        &self.item.as_ref().expect("not a read").0
    }

    pub fn wish(&self) -> &Wish {
        &self.item.as_ref().expect("not a read").1
    }

    pub fn name(&self) -> (LedgerId, Key) {
        let item = self.item();
        (item.ledger.clone(), item.key.clone())
    }
}

#[derive(Default)]
pub struct Clients {
    pub asked: Vec<Asked>,
    /// The body that a key was first used with.
    bodies: HashMap<(LedgerId, Key), Wish>,
}

const LEDGERS: [&str; 3] = ["home", "work", "late"];
const ACCOUNTS: [&str; 5] = ["assets:bank", "assets:cash", "expenses:food", "income:work", "equity:opening"];
const FEW_KEYS: usize = 14;
const MANY_KEYS: usize = 300;

impl Clients {
    pub fn ask(&mut self, asked: Asked) -> Ticket {
        self.asked.push(asked);
        Ticket(self.asked.len() - 1)
    }

    pub fn get(&self, ticket: Ticket) -> &Asked {
        &self.asked[ticket.0]
    }

    pub fn get_mut(&mut self, ticket: Ticket) -> &mut Asked {
        &mut self.asked[ticket.0]
    }

    /// The number that the next ticket will have.
    pub fn next_ticket(&self) -> Ticket {
        Ticket(self.asked.len())
    }

    pub fn names(&self) -> Vec<(LedgerId, Key)> {
        let mut names: Vec<_> = self.bodies.keys().cloned().collect();
        names.sort();
        names
    }

    pub fn ledger(rng: &mut StdRng) -> &'static str {
        LEDGERS[[0, 0, 0, 1, 1, 2][rng.random_range(0..6)]]
    }

    /// An item under one of a few keys, or of many: often one that was used before, mostly with the same body then.
    pub fn item(
        &mut self,
        rng: &mut StdRng,
        ledger: &str,
        is_open: bool,
        of_few: bool,
        ticket: Ticket,
    ) -> (Item, Wish) {
        let key = match of_few {
            true => format!("k{}", rng.random_range(0..FEW_KEYS)),
            false => format!("m{}", rng.random_range(0..MANY_KEYS)),
        };
        let name = (LedgerId::parse(ledger).unwrap(), Key::parse(&key).unwrap());
        let fresh = if !is_open && rng.random_bool(0.6) { Wish::OpenLedger } else { self.wish(rng, ledger) };
        let first = self.bodies.entry(name.clone()).or_insert_with(|| fresh.clone()).clone();
        let wish = if rng.random_bool(0.1) { fresh } else { first };
        (item(name, &wish, ticket), wish)
    }

    fn wish(&self, rng: &mut StdRng, ledger: &str) -> Wish {
        match rng.random_range(0..40) {
            0 => Wish::OpenLedger,
            1..=2 => Wish::OpenAccount(account(rng)),
            3..=4 => Wish::Floor(ACCOUNTS[rng.random_range(0..2)], rng.random_range(-200..20)),
            5 => Wish::Freeze(account(rng)),
            6..=8 => Wish::Unfreeze(account(rng)),
            9..=15 => {
                // By number, for a HashMap has no order that a seed could repeat.
                let mut keys: Vec<&str> =
                    self.bodies.keys().filter(|n| n.0.as_str() == ledger).map(|n| n.1.as_str()).collect();
                keys.sort_unstable();
                match keys.len() {
                    0 => Wish::Reverse("nothing".to_owned()),
                    count => Wish::Reverse(keys[rng.random_range(0..count)].to_owned()),
                }
            }
            _ => {
                let to = account(rng);
                let others: Vec<_> = ACCOUNTS.into_iter().filter(|other| *other != to).collect();
                let from = others[rng.random_range(0..others.len())];
                Wish::Transfer { to, from, cents: rng.random_range(0..40) }
            }
        }
    }

    /// The item that a key was first used with.
    pub fn again(&self, name: &(LedgerId, Key), ticket: Ticket) -> (Item, Wish) {
        let wish = &self.bodies[name];
        (item(name.clone(), wish, ticket), wish.clone())
    }
}

fn item(name: (LedgerId, Key), wish: &Wish, ticket: Ticket) -> Item {
    let (ledger, key) = name;
    let command = command_of(wish);
    let mut request = [0; 16];
    request.copy_from_slice(&Sha256::digest(format!("{ledger} {command}"))[..16]);
    Item {
        ledger,
        command: serde_json::from_str(&command).unwrap(),
        key,
        request: RequestHash(request),
        actor: ActorId::parse("key:simulated").unwrap(),
        caused_by: None,
        traceparent: Some(format!("ticket-{}", ticket.0).into()),
        dry_run: false,
        original: None,
    }
}

fn account(rng: &mut StdRng) -> &'static str {
    ACCOUNTS[rng.random_range(0..ACCOUNTS.len())]
}

fn command_of(wish: &Wish) -> String {
    let amount = |cents: i64| {
        let sign = if cents < 0 { "-" } else { "" };
        format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100)
    };
    match wish {
        Wish::OpenLedger => r#"{"open_ledger":{}}"#.to_owned(),
        Wish::OpenAccount(path) => format!(r#"{{"open_account":{{"path":"{path}"}}}}"#),
        Wish::Floor(path, cents) => format!(
            r#"{{"set_limits":{{"account":"{path}","currency":"EUR","floor":"{}"}}}}"#,
            amount(*cents)
        ),
        Wish::Freeze(path) => format!(r#"{{"freeze_account":{{"account":"{path}"}}}}"#),
        Wish::Unfreeze(path) => format!(r#"{{"unfreeze_account":{{"account":"{path}"}}}}"#),
        Wish::Reverse(key) => format!(r#"{{"reverse_transaction":{{"transaction":"{key}"}}}}"#),
        Wish::Transfer { to, from, cents } => {
            let entry = |account: &str, direction: &str| {
                let amount = amount(*cents);
                format!(
                    r#"{{"account":"{account}","direction":"{direction}","amount":"{amount}","currency":"EUR"}}"#
                )
            };
            format!(
                r#"{{"post_transaction":{{"entries":[{},{}]}}}}"#,
                entry(to, "debit"),
                entry(from, "credit")
            )
        }
    }
}
