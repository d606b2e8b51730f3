//! Random sequences of commands: mostly sensible, often at an edge, sometimes wrong.

use proptest::prelude::*;
use proptest::sample::select;

use super::asked::{Asked, At, Bounds, Condition, Leg, Name, Plan};
use super::budgets::{self, BUDGETS, DAYS};
use super::money;
use super::naive::Naive;

#[derive(Debug, Clone)]
pub struct Sequence {
    pub steps: Vec<Step>,
    pub snapshot_every: usize,
    pub undo_steps: Vec<usize>,
}

#[derive(Debug, Clone)]
pub struct Step {
    /// Microseconds since the step before.
    pub pause: i64,
    pub ledger: &'static str,
    pub wish: Wish,
    /// Further commands that are recorded with the first one, all or none.
    pub more: Vec<(&'static str, Wish)>,
}

/// A command whose figures may still depend on the state in which it is asked.
#[derive(Debug, Clone)]
pub enum Wish {
    OpenLedger {
        zone: Option<&'static str>,
        explicit: bool,
        hidden: bool,
    },
    OpenAccount {
        path: &'static str,
        kind: Option<&'static str>,
    },
    Rename {
        account: Name,
        path: &'static str,
    },
    Freeze(Name),
    Unfreeze(Name),
    Close(Name),
    Limits {
        account: Name,
        currency: &'static str,
        floor: Option<Bound>,
        ceiling: Option<Bound>,
        credit: Option<String>,
    },
    Asset {
        currency: &'static str,
        scale: u8,
    },
    Rate {
        base: &'static str,
        quote: &'static str,
        rate: String,
        at: When,
    },
    Budget {
        change: bool,
        budget: &'static str,
        plan: Plan,
    },
    DropBudget {
        budget: &'static str,
        from: Option<&'static str>,
    },
    Post {
        at: When,
        since: Option<Since>,
        conditions: Vec<Wanted>,
        pairs: Vec<Pair>,
        fault: Fault,
        debits_first: bool,
    },
    Reverse {
        nth: usize,
        at: When,
    },
}

/// A debit and a credit of the same amount.
#[derive(Debug, Clone)]
pub struct Pair {
    debit: Name,
    credit: Name,
    amount: String,
    currency: &'static str,
}

#[derive(Debug, Clone)]
pub enum Fault {
    None,
    LoseAnEntry(usize),
    OtherAmount(usize, String),
    OtherCurrency(usize, &'static str),
    OtherSide(usize),
}

#[derive(Debug, Clone)]
pub enum When {
    Unsaid,
    /// Microseconds from now.
    From(i64),
    At(i64),
    Date(&'static str),
}

#[derive(Debug, Clone)]
pub enum Since {
    /// This many records before the present one.
    Back(u64),
    LastTransaction,
    OtherShard,
}

#[derive(Debug, Clone)]
pub struct Wanted {
    account: Name,
    currency: &'static str,
    at_least: Option<Bound>,
    at_most: Option<Bound>,
}

#[derive(Debug, Clone)]
pub enum Bound {
    Fixed(String),
    /// This many minor units above the present balance.
    Near(i128),
}

const LEDGERS: &[&str] = &["a", "a", "a", "a", "a", "a", "b", "c"];
pub const PATHS: &[&str] = &[
    "assets:bank",
    "assets:cash",
    "assets:bank:savings",
    "liabilities:card",
    "income:work",
    "expenses:food",
    "equity:opening",
    "Revenue:gifts",
    "Vermögen:Bank",
    "pocket",
];
const ZONES: &[Option<&str>] = &[
    None,
    Some("UTC"),
    Some("Europe/Prague"),
    Some("America/Sao_Paulo"),
    Some("Pacific/Apia"),
    Some("America/St_Johns"),
    Some("Asia/Kathmandu"),
    Some("Mars/Olympus"),
];
/// Today, its neighbours, the ends of the calendar, and days that began oddly in one of the zones.
const DATES: &[&str] = &[
    "2026-11-24",
    "2026-11-25",
    "2026-11-23",
    "0001-01-01",
    "9999-12-31",
    "2018-11-04",
    "2011-12-30",
    "2006-10-29",
    "1986-01-01",
    "1970-01-01",
];
pub const CURRENCIES: &[&str] =
    &["EUR", "EUR", "EUR", "EUR", "USD", "USD", "JPY", "KWD", "CLF", "BTC", "BTC", "WEI", "GOLD"];
const EDGES: &[&str] = &[
    "0",
    "0.00",
    "0.01",
    "1",
    "1.10",
    "1.230000",
    "90071992547409.93",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999999999.99",
    "792281625142643375935439503.35",
    "79228162514264337593543950335",
    "0.000000000000000001",
    "0.1",
    "0.001",
    "1.000000000000000001",
    "9007199254740993.000000000001",
];
/// What a binary fraction of 64 bits still holds exactly, and the powers of ten up to where 96 bits end.
pub const POWERS: std::ops::RangeInclusive<u32> = 16..=28;

/// 2^53 and 10^16 to 10^28, each with its neighbours.
pub fn edges() -> Vec<i128> {
    let around = |edge: i128| [edge - 1, edge, edge + 1];
    let powers = POWERS.map(|power| 10_i128.pow(power));
    [1 << 53].into_iter().chain(powers).flat_map(around).collect()
}

/// An edge in whole units, or in the minor units of a scale.
fn edge() -> impl Strategy<Value = String> {
    (select(edges()), prop_oneof![3 => Just(0_u8), 1 => 0_u8..=4])
        .prop_map(|(edge, scale)| money::text(edge, scale))
}

fn name() -> impl Strategy<Value = Name> {
    prop_oneof![
        1 => select(PATHS).prop_map(|path| Name::Path(path.to_owned())),
        3 => select(&PATHS[..3]).prop_map(|path| Name::Path(path.to_owned())),
        2 => (0_u32..5).prop_map(Name::Number),
    ]
}

/// A path whose first name tells its type, so that a posting can open it.
fn usual_name() -> impl Strategy<Value = Name> {
    prop_oneof![9 => select(&PATHS[..7]).prop_map(|path| Name::Path(path.to_owned())), 1 => name()]
}

pub fn amount() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => (1_i128..100_000).prop_map(|minor| money::text(minor, 2)),
        3 => (1_i128..1_000).prop_map(|whole| whole.to_string()),
        1 => select(EDGES).prop_map(str::to_owned),
        2 => edge(),
        1 => (0..10_i128.pow(28), 0_u8..=18).prop_map(|(minor, scale)| money::text(minor, scale)),
    ]
}

/// Up to 28 digits, with zeros at the end as they come.
fn rate() -> impl Strategy<Value = String> {
    let digits = prop_oneof![6 => 1..100_000_i128, 1 => Just(0), 2 => 0..10_i128.pow(28)];
    (digits, 0_u8..=18).prop_map(|(digits, scale)| money::text(digits, scale))
}

fn bound() -> impl Strategy<Value = Bound> {
    prop_oneof![
        4 => (-2_000_i128..2_000).prop_map(Bound::Near),
        2 => select(&[0_i128, 1, -1][..]).prop_map(Bound::Near),
        2 => Just(Bound::Fixed("0".to_owned())),
        1 => amount().prop_map(Bound::Fixed),
        1 => amount().prop_filter("zero has no sign", |text| text.contains(|c| ('1'..='9').contains(&c)))
            .prop_map(|text| Bound::Fixed(format!("-{text}"))),
        1 => select(&["79228162514264337593543950336", "-170141183460469231731687303715884105727"][..])
            .prop_map(|text| Bound::Fixed(text.to_owned())),
    ]
}

fn when() -> impl Strategy<Value = When> {
    const DAY: i64 = 86_400_000_000;
    prop_oneof![
        8 => Just(When::Unsaid),
        1 => select(&[0_i64, -1, 1, 3_600_000_000][..]).prop_map(When::From),
        2 => (-400 * DAY..=0).prop_map(When::From),
        1 => Just(When::At(-62_135_596_800_000_000)),
        2 => select(DATES).prop_map(When::Date),
    ]
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let bounds = (proptest::option::of(bound()), proptest::option::of(bound()));
    (usual_name(), select(CURRENCIES), bounds).prop_map(|(account, currency, (at_least, at_most))| Wanted {
        account,
        currency,
        at_least,
        at_most,
    })
}

fn since() -> impl Strategy<Value = Since> {
    prop_oneof![
        4 => (0_u64..4).prop_map(Since::Back),
        2 => Just(Since::LastTransaction),
        1 => Just(Since::OtherShard),
    ]
}

fn pair() -> impl Strategy<Value = Pair> {
    (usual_name(), usual_name(), amount(), select(CURRENCIES))
        .prop_map(|(debit, credit, amount, currency)| Pair { debit, credit, amount, currency })
}

fn post() -> impl Strategy<Value = Wish> {
    let fault = prop_oneof![
        12 => Just(Fault::None),
        1 => (0_usize..8).prop_map(Fault::LoseAnEntry),
        1 => ((0_usize..8), amount()).prop_map(|(at, amount)| Fault::OtherAmount(at, amount)),
        1 => ((0_usize..8), select(CURRENCIES)).prop_map(|(at, currency)| Fault::OtherCurrency(at, currency)),
        1 => (0_usize..8).prop_map(Fault::OtherSide),
    ];
    (
        when(),
        proptest::option::weighted(0.1, since()),
        prop_oneof![8 => Just(vec![]), 1 => proptest::collection::vec(wanted(), 1..3)],
        prop_oneof![5 => proptest::collection::vec(pair(), 1), 2 => proptest::collection::vec(pair(), 2..5)],
        fault,
        any::<bool>(),
    )
        .prop_map(|(at, since, conditions, pairs, fault, debits_first)| Wish::Post {
            at,
            since,
            conditions,
            pairs,
            fault,
            debits_first,
        })
}

fn wish() -> impl Strategy<Value = Wish> {
    const KINDS: &[Option<&str>] = &[None, None, Some("asset"), Some("liability"), Some("income")];
    prop_oneof![
        1 => open_ledger(),
        3 => (select(PATHS), select(KINDS)).prop_map(|(path, kind)| Wish::OpenAccount { path, kind }),
        3 => (name(), select(PATHS)).prop_map(|(account, path)| Wish::Rename { account, path }),
        2 => name().prop_map(Wish::Freeze),
        4 => name().prop_map(Wish::Unfreeze),
        1 => name().prop_map(Wish::Close),
        6 => (name(), select(CURRENCIES), proptest::option::of(bound()), proptest::option::of(bound()),
            proptest::option::weighted(0.3, amount()))
            .prop_map(|(account, currency, floor, ceiling, credit)| Wish::Limits { account, currency, floor, ceiling, credit }),
        2 => (select(&["BTC", "WEI", "POINTS", "EUR"][..]), 0_u8..=20)
            .prop_map(|(currency, scale)| Wish::Asset { currency, scale }),
        2 => (select(CURRENCIES), select(CURRENCIES), rate(), when())
            .prop_map(|(base, quote, rate, at)| Wish::Rate { base, quote, rate, at }),
        3 => (any::<bool>(), select(BUDGETS), budgets::plan())
            .prop_map(|(change, budget, plan)| Wish::Budget { change, budget, plan }),
        1 => (select(BUDGETS), proptest::option::of(select(DAYS)))
            .prop_map(|(budget, from)| Wish::DropBudget { budget, from }),
        30 => post(),
        4 => (0_usize..64, when()).prop_map(|(nth, at)| Wish::Reverse { nth, at }),
    ]
}

fn open_ledger() -> impl Strategy<Value = Wish> {
    (select(ZONES), proptest::bool::weighted(0.2), proptest::bool::weighted(0.2))
        .prop_map(|(zone, explicit, hidden)| Wish::OpenLedger { zone, explicit, hidden })
}

pub fn sequence() -> impl Strategy<Value = Sequence> {
    let pause = prop_oneof![3 => 0_i64..1_000, 1 => 0_i64..7_200_000_000];
    // Every sequence begins with a ledger, an asset of its own and up to three accounts.
    let first = (select(&ZONES[..7]), proptest::bool::weighted(0.1), any::<bool>(), 0_u8..=18, 0_usize..4)
        .prop_map(|(zone, explicit, hidden, scale, accounts)| {
            let ledger = Wish::OpenLedger { zone, explicit, hidden };
            let asset = Wish::Asset { currency: "BTC", scale };
            let accounts = PATHS[..accounts].iter().map(|path| Wish::OpenAccount { path, kind: None });
            let wishes: Vec<Wish> = [ledger, asset].into_iter().chain(accounts).collect();
            wishes.into_iter().map(|wish| Step { pause: 0, ledger: "a", wish, more: vec![] })
        });
    let more = prop_oneof![
        8 => Just(vec![]),
        1 => proptest::collection::vec((select(LEDGERS), wish()), 1..4),
    ];
    let step = (pause, select(LEDGERS), wish(), more).prop_map(|(pause, ledger, wish, more)| Step {
        pause,
        ledger,
        wish,
        more,
    });
    let steps = (first, proptest::collection::vec(step, 1..50))
        .prop_map(|(first, steps)| first.chain(steps).collect());
    (steps, 1_usize..30, proptest::collection::vec(1_usize..9, 1..4))
        .prop_map(|(steps, snapshot_every, undo_steps)| Sequence { steps, snapshot_every, undo_steps })
}

impl Wish {
    pub fn resolve(&self, ledger: &str, naive: &Naive, now: i64) -> Asked {
        let bound = |account: &Name, currency: &str, bound: &Option<Bound>| {
            bound.as_ref().map(|bound| bound.resolve(ledger, account, currency, naive))
        };
        match self.clone() {
            Wish::OpenLedger { zone, explicit, hidden } => {
                Asked::OpenLedger { zone: zone.map(str::to_owned), explicit, hidden }
            }
            Wish::OpenAccount { path, kind } => {
                Asked::OpenAccount { path: path.to_owned(), kind: kind.map(str::to_owned) }
            }
            Wish::Rename { account, path } => Asked::RenameAccount { account, path: path.to_owned() },
            Wish::Freeze(account) => Asked::FreezeAccount { account },
            Wish::Unfreeze(account) => Asked::UnfreezeAccount { account },
            Wish::Close(account) => Asked::CloseAccount { account },
            Wish::Limits { account, currency, floor, ceiling, credit } => {
                let (floor, ceiling) =
                    (bound(&account, currency, &floor), bound(&account, currency, &ceiling));
                let bounds = Bounds { floor, ceiling, credit_line: credit };
                Asked::SetLimits { account, currency: currency.to_owned(), bounds }
            }
            Wish::Asset { currency, scale } => Asked::RegisterAsset { currency: currency.to_owned(), scale },
            Wish::Rate { base, quote, rate, at } => Asked::RecordRate {
                base: base.to_owned(),
                quote: quote.to_owned(),
                rate,
                at: at.resolve(now),
            },
            Wish::Budget { change, budget, plan } => {
                Asked::SetBudget { change, budget: budget.to_owned(), plan }
            }
            Wish::DropBudget { budget, from } => {
                Asked::DropBudget { budget: budget.to_owned(), from: from.map(str::to_owned) }
            }
            Wish::Post { at, since, conditions, pairs, fault, debits_first } => {
                let conditions = conditions.into_iter().map(|wanted| Condition {
                    at_least: bound(&wanted.account, wanted.currency, &wanted.at_least),
                    at_most: bound(&wanted.account, wanted.currency, &wanted.at_most),
                    account: wanted.account,
                    currency: wanted.currency.to_owned(),
                });
                Asked::PostTransaction {
                    at: at.resolve(now),
                    since: since.map(|since| since.resolve(naive)),
                    conditions: conditions.collect(),
                    entries: legs(&pairs, &fault, debits_first),
                }
            }
            Wish::Reverse { nth, at } => {
                Asked::ReverseTransaction { transaction: naive.some_transaction(nth), at: at.resolve(now) }
            }
        }
    }
}

fn legs(pairs: &[Pair], fault: &Fault, debits_first: bool) -> Vec<Leg> {
    let leg = |pair: &Pair, debit: bool| Leg {
        account: if debit { pair.debit.clone() } else { pair.credit.clone() },
        debit,
        amount: pair.amount.clone(),
        currency: pair.currency.to_owned(),
    };
    let mut legs: Vec<Leg> = pairs.iter().flat_map(|pair| [leg(pair, true), leg(pair, false)]).collect();
    if debits_first {
        legs.sort_by_key(|leg| !leg.debit);
    }
    let count = legs.len();
    match fault {
        Fault::None => {}
        Fault::LoseAnEntry(at) => drop(legs.remove(at % count)),
        Fault::OtherAmount(at, amount) => legs[at % count].amount.clone_from(amount),
        Fault::OtherCurrency(at, currency) => legs[at % count].currency = (*currency).to_owned(),
        Fault::OtherSide(at) => legs[at % count].debit ^= true,
    }
    legs
}

impl When {
    fn resolve(&self, now: i64) -> At {
        match self {
            When::Unsaid => At::Unsaid,
            When::From(delta) => At::Instant(now + delta),
            When::At(instant) => At::Instant(*instant),
            When::Date(date) => At::Date((*date).to_owned()),
        }
    }
}

impl Since {
    fn resolve(&self, naive: &Naive) -> (u16, u64) {
        match self {
            Since::Back(records) => (1, naive.records().saturating_sub(*records)),
            Since::LastTransaction => (1, naive.last_transaction()),
            Since::OtherShard => (2, 9_999),
        }
    }
}

impl Bound {
    fn resolve(&self, ledger: &str, account: &Name, currency: &str, naive: &Naive) -> String {
        match self {
            Bound::Fixed(text) => text.clone(),
            Bound::Near(delta) => {
                let ledger = naive.ledger(ledger);
                let posted = ledger.find(account).map_or(0, |at| ledger.accounts[at].posted(currency));
                money::text(posted + delta, ledger.scale(currency).unwrap_or(2))
            }
        }
    }
}
