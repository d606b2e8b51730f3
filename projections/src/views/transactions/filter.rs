//! What a search asks for: conditions on entries and on transactions, joined by `and`, `or` and `not`.
//!
//! A filter stands for a set of transactions. Conditions on entries that one `and` joins speak of one and the same entry, and so
//! does an `or` of such conditions among them. An `and` in parentheses of its own speaks of an entry of its own. `not` is all
//! transactions but those that its inside finds. In `entry(…)` everything, `not` too, speaks of one entry.

use std::fmt;

use chrono::{Datelike, Days, Months, NaiveDate};
use event_schemas::{AccountPath, AssetCode, Direction, Quantity, Ts};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    Is(Condition),
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    /// Of one entry.
    Entry(Box<Filter>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The account, and with `below` those under it.
    Account {
        path: AccountPath,
        below: bool,
    },
    Amount(Comparison, Quantity),
    Currency(AssetCode),
    Category(String),
    Tag(String),
    Direction(Direction),
    Effective(Comparison, When),
    Recorded(Comparison, When),
    Id(String),
    Actor(String),
    Kind(Kind),
    Reference(String),
    Metadata {
        name: String,
        value: String,
    },
    /// These words, in lower case, in any order, in the description, the reference or the memos.
    Text(Vec<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
}

/// A time as people write it: an instant, or a whole day, month or year in the ledger's time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    Instant(Ts),
    Day(NaiveDate),
    Month(NaiveDate),
    Year(NaiveDate),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Posted,
    Reversal,
}

/// When a day begins in the ledger's time zone.
pub type StartOfDay<'a> = &'a (dyn Fn(NaiveDate) -> Ts + Sync);

/// Which of an entry's fields a condition is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    Account,
    Amount,
    Currency,
    Category,
    Tag,
    Direction,
}

impl Field {
    /// Of which an entry has one: two conditions on it, joined by `and`, speak of two entries.
    pub const SINGLE: [Field; 3] = [Field::Account, Field::Currency, Field::Category];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Field::Account => "account",
            Field::Amount => "amount",
            Field::Currency => "currency",
            Field::Category => "category",
            Field::Tag => "tag",
            Field::Direction => "direction",
        }
    }
}

impl Condition {
    /// The entry's field that it is about. `None`: it is about the transaction.
    #[must_use]
    pub fn field(&self) -> Option<Field> {
        match self {
            Condition::Account { .. } => Some(Field::Account),
            Condition::Amount(..) => Some(Field::Amount),
            Condition::Currency(_) => Some(Field::Currency),
            Condition::Category(_) => Some(Field::Category),
            Condition::Tag(_) => Some(Field::Tag),
            Condition::Direction(_) => Some(Field::Direction),
            _ => None,
        }
    }
}

impl Filter {
    /// Finds every transaction.
    #[must_use]
    pub fn all() -> Filter {
        Filter::And(Vec::new())
    }

    /// The one field that all of its conditions are about, if it is a condition or an `or` of such.
    #[must_use]
    pub fn only_field(&self) -> Option<Field> {
        match self {
            Filter::Is(condition) => condition.field(),
            Filter::Or(items) => {
                let first = items.first()?.only_field()?;
                items.iter().all(|item| item.only_field() == Some(first)).then_some(first)
            }
            _ => None,
        }
    }

    /// Joined by `and` with others, it speaks of the same entry as they do.
    #[must_use]
    pub fn joins(&self) -> bool {
        match self {
            Filter::Is(condition) => condition.field().is_some(),
            Filter::Or(items) => items.iter().all(Filter::is_of_one_entry),
            _ => false,
        }
    }

    fn is_of_one_entry(&self) -> bool {
        match self {
            Filter::And(items) => items.iter().all(Filter::joins) && field_said_twice(items).is_none(),
            other => other.joins(),
        }
    }
}

/// A field of which an entry has one, and the second of the joined items that is about it alone.
#[must_use]
pub fn field_said_twice(items: &[Filter]) -> Option<(Field, usize)> {
    let twice = |field: Field| {
        let mut of_field =
            items.iter().enumerate().filter(|(_, item)| item.joins() && item.only_field() == Some(field));
        of_field.nth(1).map(|(at, _)| (field, at))
    };
    Field::SINGLE.into_iter().find_map(twice)
}

impl When {
    /// From when, and until before when.
    #[must_use]
    pub fn bounds(self, start_of: StartOfDay<'_>) -> (Ts, Ts) {
        let until = |next: Option<NaiveDate>| next.map_or(Ts(i64::MAX), start_of);
        match self {
            When::Instant(instant) => (instant, Ts(instant.0.saturating_add(1))),
            When::Day(day) => (start_of(day), until(day.checked_add_days(Days::new(1)))),
            When::Month(first) => (start_of(first), until(first.checked_add_months(Months::new(1)))),
            When::Year(first) => (start_of(first), until(first.checked_add_months(Months::new(12)))),
        }
    }
}

impl Comparison {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Equal => "=",
            Comparison::GreaterOrEqual => ">=",
            Comparison::Greater => ">",
        }
    }
}

impl Kind {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Posted => "posted",
            Kind::Reversal => "reversal",
        }
    }
}

/// So that it is read back as the same filter.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |f: &mut fmt::Formatter<'_>, items: &[Filter], word: &str| {
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    write!(f, " {word} ")?;
                }
                match item {
                    Filter::And(_) | Filter::Or(_) => write!(f, "({item})")?,
                    item => item.fmt(f)?,
                }
            }
            Ok(())
        };
        match self {
            Filter::Is(condition) => condition.fmt(f),
            Filter::And(items) => joined(f, items, "and"),
            Filter::Or(items) => joined(f, items, "or"),
            Filter::Not(inside) => write!(f, "not ({inside})"),
            Filter::Entry(inside) => write!(f, "entry({inside})"),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Condition::Account { path, below: true } => write!(f, "account:{}", quoted(path.as_str())),
            Condition::Account { path, below: false } => write!(f, "account={}", quoted(path.as_str())),
            Condition::Amount(comparison, amount) => write!(f, "amount{}{amount}", comparison.as_str()),
            Condition::Currency(code) => write!(f, "currency:{code}"),
            Condition::Category(category) => write!(f, "category:{}", quoted(category)),
            Condition::Tag(tag) => write!(f, "tag:{}", quoted(tag)),
            Condition::Direction(Direction::Debit) => write!(f, "direction:debit"),
            Condition::Direction(Direction::Credit) => write!(f, "direction:credit"),
            Condition::Effective(comparison, when) => write!(f, "effective{}{when}", comparison.as_str()),
            Condition::Recorded(comparison, when) => write!(f, "recorded{}{when}", comparison.as_str()),
            Condition::Id(id) => write!(f, "id:{}", quoted(id)),
            Condition::Actor(actor) => write!(f, "actor:{}", quoted(actor)),
            Condition::Kind(kind) => write!(f, "kind:{}", kind.as_str()),
            Condition::Reference(reference) => write!(f, "reference:{}", quoted(reference)),
            Condition::Metadata { name, value } => write!(f, "metadata.{}:{}", quoted(name), quoted(value)),
            Condition::Text(words) => write!(f, "text:{}", quoted(&words.join(" "))),
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            When::Instant(instant) => instant.fmt(f),
            When::Day(day) => day.fmt(f),
            When::Month(first) => write!(f, "{:04}-{:02}", first.year(), first.month()),
            When::Year(first) => write!(f, "{:04}", first.year()),
        }
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
