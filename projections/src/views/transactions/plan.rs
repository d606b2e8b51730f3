//! From a filter to SQL: which conditions speak of one entry, and which index finds them.

use event_schemas::{AccountPath, Direction};
use tokio_postgres::types::{ToSql, Type};

use super::{
    filter::{Comparison, Condition, Field, Filter, Kind, StartOfDay, When, field_said_twice},
    terms::{self, is_cut, metadata, term},
};

/// Sets of transactions.
pub enum Query<'a> {
    And(Vec<Query<'a>>),
    Or(Vec<Query<'a>>),
    Not(Box<Query<'a>>),
    /// A condition on the transaction.
    Is(&'a Condition),
    /// An entry of it is such that all of these hold.
    HasEntry(Vec<&'a Filter>),
}

impl<'a> Query<'a> {
    pub fn of(filter: &'a Filter) -> Query<'a> {
        match filter {
            filter if filter.joins() => Query::HasEntry(vec![filter]),
            Filter::Is(condition) => Query::Is(condition),
            Filter::Not(inside) => Query::Not(Box::new(Query::of(inside))),
            Filter::Or(items) => Query::Or(items.iter().map(Query::of).collect()),
            Filter::Entry(inside) => Query::HasEntry(match &**inside {
                Filter::And(items) => items.iter().collect(),
                inside => vec![inside],
            }),
            Filter::And(items) => {
                let (joined, others): (Vec<&Filter>, Vec<&Filter>) =
                    items.iter().partition(|item| item.joins());
                let mut queries: Vec<Query<'_>> = others.into_iter().map(Query::of).collect();
                if field_said_twice(items).is_some() {
                    queries.extend(joined.into_iter().map(|item| Query::HasEntry(vec![item])));
                } else if !joined.is_empty() {
                    queries.push(Query::HasEntry(joined));
                }
                Query::And(queries)
            }
        }
    }

    /// It asks for times of effect alone, which stand in every index by account.
    pub fn is_of_effect(&self) -> bool {
        matches!(self, Query::Is(Condition::Effective(..)))
    }

    /// What all found transactions fulfil: the parts of the outermost `and`.
    pub fn parts(self) -> Vec<Query<'a>> {
        match self {
            Query::And(parts) => parts.into_iter().flat_map(Query::parts).collect(),
            part => vec![part],
        }
    }
}

/// Each path that a filter names, with whether those below count.
pub fn accounts(filter: &Filter) -> Vec<(&AccountPath, bool)> {
    match filter {
        Filter::Is(Condition::Account { path, below }) => vec![(path, *below)],
        Filter::Is(_) => Vec::new(),
        Filter::Not(inside) | Filter::Entry(inside) => accounts(inside),
        Filter::And(items) | Filter::Or(items) => items.iter().flat_map(accounts).collect(),
    }
}

/// A value for a placeholder.
pub type Parameter = (Box<dyn ToSql + Sync + Send>, Type);

/// What the names in a filter come to: the ledger, its zone, its accounts.
pub struct Meanings<'a> {
    pub ledger: i32,
    pub start_of: StartOfDay<'a>,
    /// By path and whether those below count.
    pub accounts: Vec<((AccountPath, bool), Vec<i64>)>,
}

impl Meanings<'_> {
    fn numbers(&self, path: &AccountPath, below: bool) -> &[i64] {
        let of = self.accounts.iter().find(|((known, with_below), _)| known == path && *with_below == below);
        of.map_or(&[], |(_, numbers)| numbers)
    }
}

/// How the row that is looked at is called: `position` and `effective` are columns of both tables.
#[derive(Clone, Copy)]
pub struct Row {
    pub alias: &'static str,
}

/// SQL with its parameters. All text of callers is a parameter.
pub struct Sql<'a> {
    meanings: &'a Meanings<'a>,
    pub parameters: Vec<Parameter>,
    /// A column was named that only the table of transactions has: its row is to be joined as `t`.
    pub needs_transaction: bool,
    /// How many entries have been named: `e1`, `e2`, …
    entries: usize,
}

impl<'a> Sql<'a> {
    pub fn new(meanings: &'a Meanings<'a>, parameters: Vec<Parameter>) -> Sql<'a> {
        Sql { meanings, parameters, needs_transaction: false, entries: 0 }
    }

    pub fn bind<T: ToSql + Sync + Send + 'static>(&mut self, value: T, of: Type) -> String {
        self.parameters.push((Box::new(value), of));
        format!("${}", self.parameters.len())
    }

    fn text(&mut self, value: &str) -> String {
        self.bind(value.to_owned(), Type::TEXT)
    }

    fn bigint(&mut self, value: i64) -> String {
        self.bind(value, Type::INT8)
    }

    /// True of what the query finds; false or NULL of all else.
    pub fn query(&mut self, query: &Query<'_>, row: Row) -> String {
        match query {
            Query::And(parts) => self.joined(parts, " AND ", "true", row),
            Query::Or(parts) => self.joined(parts, " OR ", "false", row),
            Query::Not(inside) => format!("({}) IS NOT TRUE", self.query(inside, row)),
            Query::Is(condition) => self.of_transaction(condition, row),
            Query::HasEntry(items) => {
                let by_terms = self.terms_of(items);
                match by_terms {
                    Some((sql, Exact::Yes)) => sql,
                    Some((sql, Exact::No)) => format!("({sql} AND {})", self.exists(items, row)),
                    None => self.exists(items, row),
                }
            }
        }
    }

    fn joined(&mut self, parts: &[Query<'_>], by: &str, of_none: &str, row: Row) -> String {
        let parts: Vec<String> = parts.iter().map(|part| self.query(part, row)).collect();
        if parts.is_empty() { of_none.to_owned() } else { format!("({})", parts.join(by)) }
    }

    fn exists(&mut self, items: &[&Filter], row: Row) -> String {
        self.entries += 1;
        let alias = format!("e{}", self.entries);
        let conditions = self.all_of_entry(items, &alias);
        // The index by amount has one entry of each amount.
        let leads = if is_of_amounts(items) { format!(" AND {alias}.leads") } else { String::new() };
        format!(
            "EXISTS (SELECT FROM {{transactions}}.entries {alias} WHERE {alias}.ledger = $1 \
             AND {alias}.position = {}.position{leads} AND {conditions})",
            row.alias
        )
    }

    pub fn all_of_entry(&mut self, items: &[&Filter], alias: &str) -> String {
        let conditions: Vec<String> = items.iter().map(|item| self.of_entry(item, alias)).collect();
        conditions.join(" AND ")
    }

    fn of_entry(&mut self, filter: &Filter, alias: &str) -> String {
        match filter {
            Filter::And(items) | Filter::Or(items) => {
                let is_and = matches!(filter, Filter::And(_));
                let (by, of_none) = if is_and { (" AND ", "true") } else { (" OR ", "false") };
                let items: Vec<String> = items.iter().map(|item| self.of_entry(item, alias)).collect();
                if items.is_empty() { of_none.to_owned() } else { format!("({})", items.join(by)) }
            }
            Filter::Not(inside) => format!("({}) IS NOT TRUE", self.of_entry(inside, alias)),
            Filter::Entry(inside) => self.of_entry(inside, alias),
            Filter::Is(condition) => match condition {
                Condition::Account { path, below } => {
                    let numbers = self.meanings.numbers(path, *below).to_vec();
                    format!("{alias}.account = ANY ({})", self.bind(numbers, Type::INT8_ARRAY))
                }
                Condition::Amount(comparison, amount) => {
                    format!(
                        "{alias}.amount {} {}::numeric",
                        comparison.as_str(),
                        self.text(&amount.to_string())
                    )
                }
                Condition::Currency(code) => format!("{alias}.currency = {}", self.text(code.as_str())),
                Condition::Category(category) => format!("{alias}.category = {}", self.text(category)),
                Condition::Tag(tag) => format!("{} = ANY ({alias}.tags)", self.text(tag)),
                Condition::Direction(Direction::Debit) => format!("{alias}.is_debit"),
                Condition::Direction(Direction::Credit) => format!("NOT {alias}.is_debit"),
                other => unreachable!("{other} is not about an entry"),
            },
        }
    }

    fn of_transaction(&mut self, condition: &Condition, row: Row) -> String {
        if let Condition::Effective(comparison, when) = condition {
            return self.time(&format!("{}.effective", row.alias), *comparison, *when);
        }
        self.needs_transaction = true;
        let ledger = self.meanings.ledger;
        match condition {
            Condition::Recorded(comparison, when) => self.time("t.recorded", *comparison, *when),
            Condition::Id(id) => format!("t.id = {}", self.text(id)),
            Condition::Actor(actor) => format!("t.actor = {}", self.text(actor)),
            Condition::Kind(Kind::Posted) => "t.reverses IS NULL".to_owned(),
            Condition::Kind(Kind::Reversal) => "t.reverses IS NOT NULL".to_owned(),
            Condition::Reference(reference) => {
                let by_term = self.has_terms("@>", vec![term(ledger, terms::Kind::Reference, reference)]);
                format!("({by_term} AND t.reference = {})", self.text(reference))
            }
            Condition::Metadata { name, value } => {
                let both = metadata(name, value);
                let by_term = self.has_terms("@>", vec![term(ledger, terms::Kind::Metadata, &both)]);
                format!("({by_term} AND t.metadata ->> {} = {})", self.text(name), self.text(value))
            }
            Condition::Text(words) => {
                let words = words.iter().map(|word| term(ledger, terms::Kind::Word, word)).collect();
                self.has_terms("@>", words)
            }
            other => unreachable!("{other} is about an entry"),
        }
    }

    fn has_terms(&mut self, operator: &str, terms: Vec<String>) -> String {
        self.needs_transaction = true;
        format!("t.terms {operator} {}", self.bind(terms, Type::TEXT_ARRAY))
    }

    fn time(&mut self, column: &str, comparison: Comparison, when: When) -> String {
        let (from, until) = when.bounds(self.meanings.start_of);
        match comparison {
            Comparison::Less => format!("{column} < {}", self.bigint(from.0)),
            Comparison::LessOrEqual => format!("{column} < {}", self.bigint(until.0)),
            Comparison::GreaterOrEqual => format!("{column} >= {}", self.bigint(from.0)),
            Comparison::Greater => format!("{column} >= {}", self.bigint(until.0)),
            Comparison::Equal => {
                let (from, until) = (self.bigint(from.0), self.bigint(until.0));
                format!("({column} >= {from} AND {column} < {until})")
            }
        }
    }

    /// By their terms, transactions that an entry of such categories and tags can be in.
    pub fn terms_of(&mut self, items: &[&Filter]) -> Option<(String, Exact)> {
        let ledger = self.meanings.ledger;
        let (mut all, mut sql, mut is_exact) = (Vec::new(), Vec::new(), items.len() == 1);
        for item in items {
            let Some(mut labels) = labels(item) else { continue };
            is_exact &= !labels.iter().any(|(_, label)| is_cut(label));
            let terms = labels.drain(..).map(|(kind, label)| term(ledger, kind, label));
            let mut terms: Vec<String> = terms.collect();
            if terms.len() == 1 {
                all.append(&mut terms);
            } else {
                sql.push(self.has_terms("&&", terms));
            }
        }
        if !all.is_empty() {
            sql.push(self.has_terms("@>", all));
        }
        let exact = if is_exact { Exact::Yes } else { Exact::No };
        (!sql.is_empty()).then(|| (sql.join(" AND "), exact))
    }

    /// The accounts of which one is in an entry of which all of these hold, where they name some.
    pub fn accounts_of(&self, items: &[&Filter]) -> Option<Vec<i64>> {
        items.iter().find_map(|item| {
            (item.only_field() == Some(Field::Account)).then(|| {
                let named = accounts(item);
                let numbers = named.into_iter().flat_map(|(path, below)| self.meanings.numbers(path, below));
                let mut numbers: Vec<i64> = numbers.copied().collect();
                numbers.sort_unstable();
                numbers.dedup();
                numbers
            })
        })
    }
}

/// Whether terms alone say it.
pub enum Exact {
    Yes,
    No,
}

/// Categories and tags of which an entry must have one.
fn labels(filter: &Filter) -> Option<Vec<(terms::Kind, &str)>> {
    match filter {
        Filter::Is(Condition::Category(category)) => Some(vec![(terms::Kind::Category, category)]),
        Filter::Is(Condition::Tag(tag)) => Some(vec![(terms::Kind::Tag, tag)]),
        Filter::Or(items) => {
            let labels: Option<Vec<_>> = items.iter().map(labels).collect();
            labels.map(|labels| labels.into_iter().flatten().collect())
        }
        Filter::Entry(inside) => labels(inside),
        _ => None,
    }
}

fn is_of_amounts(items: &[&Filter]) -> bool {
    items.iter().all(|item| match item {
        Filter::Is(condition) => matches!(condition.field(), Some(Field::Amount | Field::Currency)),
        Filter::And(items) | Filter::Or(items) => is_of_amounts(&items.iter().collect::<Vec<_>>()),
        Filter::Not(inside) | Filter::Entry(inside) => is_of_amounts(&[inside]),
    })
}
