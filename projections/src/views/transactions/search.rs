//! Finds transactions by a filter: a page of them, and what all of them come to.

use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
use event_schemas::{AccountPath, AssetCode, LedgerId, Quantity, Sequence, Ts};
use tokio_postgres::types::Type;

use super::{
    filter::{Filter, StartOfDay},
    plan::{Meanings, Parameter, Query, Row, Sql, accounts},
    read::{Transaction, ledger, sequence, transactions},
};
use crate::{ViewError, builds::to_i64, reader::Reader};

/// A search.
pub struct Search<'a> {
    pub ledger: LedgerId,
    pub filter: &'a Filter,
    pub order: Order,
    /// Where the page before ended.
    pub after: Option<Cursor>,
    pub limit: usize,
    /// Records up to this one, and accounts by the names that they had then.
    pub known_at: Sequence,
    pub start_of: StartOfDay<'a>,
    pub totals: bool,
    pub facets: &'a [Facet],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    pub by: By,
    pub newest_first: bool,
}

/// Which time axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Effective,
    Recorded,
}

/// The last transaction of a page, and what was known when its first page was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub order: Order,
    pub known_at: Sequence,
    pub effective: Ts,
    pub sequence: Sequence,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Facet {
    Account,
    Category,
    Tag,
    Currency,
    Month,
}

/// What a search came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The ledger was not there then.
    NoLedger,
    Page(Page),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub transactions: Vec<Transaction>,
    pub next: Option<Cursor>,
    pub totals: Option<Totals>,
    pub facets: Vec<(Facet, Values)>,
}

/// Over all that is found. Counted are the entries that the filter speaks of; all entries where it speaks of none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Totals {
    pub transactions: u64,
    pub currencies: Vec<Total>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Total {
    pub currency: AssetCode,
    pub entries: u64,
    pub debits: Quantity,
    pub credits: Quantity,
}

/// The values that most of the found transactions have, with how many have each, and whether there are others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Values {
    pub values: Vec<(String, u64)>,
    pub more: bool,
}

pub const FACET_VALUES_MAX: usize = 20;

/// Up to so many accounts, each is looked at on its own where nothing but a time is asked for beside; up to so few, each has a plan
/// of its own, whatever else is asked for. (One plan for many accounts, made for an average one, is a bad plan for the largest.)
const ACCOUNTS_APART_MAX: usize = 128;
const ACCOUNTS_PLANNED_MAX: usize = 8;

/// What is searched is mostly in memory, and compiling a plan takes longer than running it. What takes too long is given up.
const SETTINGS: &str = "SET LOCAL jit = off; SET LOCAL random_page_cost = 1.1; SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL statement_timeout = '10s'";

pub async fn search(reader: &Reader, search: &Search<'_>) -> Result<Found, ViewError> {
    let known_at = search.after.map_or(search.known_at, |after| after.known_at.min(search.known_at));
    let known = to_i64(known_at);
    let Some(ledger) = ledger(reader, search.ledger.as_str(), known).await? else {
        return Ok(Found::NoLedger);
    };
    reader.set(SETTINGS).await?;
    let meanings = Meanings {
        ledger,
        start_of: search.start_of,
        accounts: resolve(reader, ledger, known, search.filter).await?,
    };
    let mut positions = positions(reader, search, &meanings, known).await?;
    let next = (positions.len() > search.limit).then(|| {
        positions.truncate(search.limit);
        let (effective, position) = positions[search.limit - 1];
        Cursor { order: search.order, known_at, effective: Ts(effective), sequence: sequence(position) }
    });
    let positions: Vec<i64> = positions.into_iter().map(|(_, position)| position).collect();
    let transactions = transactions(reader, ledger, known, &positions).await?;
    let (totals, facets) = sums(reader, search, &meanings, known).await?;
    Ok(Found::Page(Page { transactions, next, totals, facets }))
}

/// How Postgres would find a page, in its own words: for tests and measurements.
pub async fn explain(reader: &Reader, search: &Search<'_>) -> Result<Vec<String>, ViewError> {
    let known = to_i64(search.known_at);
    let number = ledger(reader, search.ledger.as_str(), known).await?.unwrap_or_default();
    reader.set(SETTINGS).await?;
    let accounts = resolve(reader, number, known, search.filter).await?;
    let meanings = Meanings { ledger: number, start_of: search.start_of, accounts };
    let mut sql = Sql::new(&meanings, common(number, known));
    let text = format!("EXPLAIN (COSTS OFF) {}", page(&mut sql, search));
    let rows = reader.query_once(&text, &sql.parameters).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Which accounts the filter's paths name: those that had the path, or one below it; or who had it last.
const ACCOUNTS: &str = "
    SELECT k.n, p.account
    FROM unnest($3::text[], $4::bool[]) WITH ORDINALITY AS k (path, below, n)
    CROSS JOIN LATERAL (
        SELECT account FROM {transactions}.paths
        WHERE ledger = $1 AND since <= $2 AND until > $2 AND k.below
          AND path >= k.path || ':' AND path < k.path || ';'
        UNION
        (SELECT account FROM {transactions}.paths
         WHERE ledger = $1 AND since <= $2 AND path = k.path ORDER BY since DESC LIMIT 1)
    ) p";

async fn resolve(
    reader: &Reader,
    ledger: i32,
    known: i64,
    filter: &Filter,
) -> Result<Vec<((AccountPath, bool), Vec<i64>)>, ViewError> {
    let mut named: Vec<((AccountPath, bool), Vec<i64>)> = Vec::new();
    for (path, below) in accounts(filter) {
        if !named.iter().any(|((known, with_below), _)| known == path && *with_below == below) {
            named.push(((path.clone(), below), Vec::new()));
        }
    }
    if named.is_empty() {
        return Ok(named);
    }
    let paths: Vec<&str> = named.iter().map(|((path, _), _)| path.as_str()).collect();
    let below: Vec<bool> = named.iter().map(|((_, below), _)| *below).collect();
    for row in reader.query(ACCOUNTS, &[&ledger, &known, &paths, &below]).await? {
        let n = usize::try_from(row.get::<_, i64>(0) - 1).expect("ordinals count from 1");
        named[n].1.push(row.get(1));
    }
    Ok(named)
}

/// `$1` ledger, `$2` known.
fn common(ledger: i32, known: i64) -> Vec<Parameter> {
    vec![(Box::new(ledger), Type::INT4), (Box::new(known), Type::INT8)]
}

/// One more than the page holds, if there are: `(effective, position)`.
async fn positions(
    reader: &Reader,
    search: &Search<'_>,
    meanings: &Meanings<'_>,
    known: i64,
) -> Result<Vec<(i64, i64)>, ViewError> {
    let mut sql = Sql::new(meanings, common(meanings.ledger, known));
    let text = page(&mut sql, search);
    let rows = reader.query_once(&text, &sql.parameters).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

fn page(sql: &mut Sql<'_>, search: &Search<'_>) -> String {
    let parts = Query::of(search.filter).parts();
    let by_account = match search.order.by {
        By::Recorded => None,
        By::Effective => parts.iter().enumerate().find_map(|(at, part)| {
            let Query::HasEntry(items) = part else { return None };
            let accounts = sql.accounts_of(items)?;
            let others = parts.iter().enumerate().filter(|(other, _)| *other != at);
            let is_plain = items.len() == 1 && others.into_iter().all(|(_, part)| part.is_of_effect());
            let apart_max = if is_plain { ACCOUNTS_APART_MAX } else { ACCOUNTS_PLANNED_MAX };
            (accounts.len() <= apart_max).then_some((at, accounts))
        }),
    };
    let alias = if by_account.is_some() { "e" } else { "t" };
    let row = Row { alias };
    let limit = i64::try_from(search.limit).expect("a page is short").saturating_add(1);
    let limit = sql.bind(limit, Type::INT8);
    let (direction, beyond) = if search.order.newest_first { ("DESC", "<") } else { ("ASC", ">") };
    let mut conditions = vec![format!("{alias}.ledger = $1"), format!("{alias}.position <= $2")];
    if let Some(after) = search.after {
        let position = sql.bind(to_i64(after.sequence), Type::INT8);
        conditions.push(match search.order.by {
            By::Recorded => format!("{alias}.position {beyond} {position}"),
            By::Effective => {
                let effective = sql.bind(after.effective.0, Type::INT8);
                format!("({alias}.effective, {alias}.position) {beyond} ({effective}, {position})")
            }
        });
    }
    let order = |alias: &str| match search.order.by {
        By::Recorded => format!("{alias}.position {direction}"),
        By::Effective => format!("{alias}.effective {direction}, {alias}.position {direction}"),
    };
    let Some((driver, accounts)) = by_account else {
        conditions.extend(parts.iter().map(|part| sql.query(part, row)));
        return format!(
            "SELECT t.effective, t.position FROM {{transactions}}.transactions t WHERE {} ORDER BY {} LIMIT {limit}",
            conditions.join(" AND "),
            order("t")
        );
    };
    for (at, part) in parts.iter().enumerate() {
        conditions.push(match part {
            Query::HasEntry(items) if at == driver => {
                let by_terms =
                    sql.terms_of(items).map(|(by_terms, _)| by_terms + " AND ").unwrap_or_default();
                by_terms + &sql.all_of_entry(items, "e")
            }
            part => sql.query(part, row),
        });
    }
    let join = match sql.needs_transaction {
        true => "JOIN {transactions}.transactions t ON t.ledger = $1 AND t.position = e.position",
        false => "",
    };
    let of_account = |account: &str| {
        format!(
            "SELECT DISTINCT e.effective, e.position FROM {{transactions}}.entries e {join}
             WHERE e.account = {account} AND {} ORDER BY {} LIMIT {limit}",
            conditions.join(" AND "),
            order("e")
        )
    };
    // Each account's newest by its index: as quick in an account of a million entries as in one of ten. Of few accounts it is
    // known beforehand how many entries each has.
    let found = if (1..=ACCOUNTS_PLANNED_MAX).contains(&accounts.len()) {
        let each = accounts.iter().map(|account| sql.bind(*account, Type::INT8));
        let each: Vec<String> = each.map(|account| format!("({})", of_account(&account))).collect();
        format!("({}) p", each.join(" UNION ALL "))
    } else {
        let accounts = sql.bind(accounts, Type::INT8_ARRAY);
        format!("unnest({accounts}) AS a (account) CROSS JOIN LATERAL ({}) p", of_account("a.account"))
    };
    format!("SELECT DISTINCT p.effective, p.position FROM {found} ORDER BY {} LIMIT {limit}", order("p"))
}

async fn sums(
    reader: &Reader,
    search: &Search<'_>,
    meanings: &Meanings<'_>,
    known: i64,
) -> Result<(Option<Totals>, Vec<(Facet, Values)>), ViewError> {
    if !search.totals && search.facets.is_empty() {
        return Ok((None, Vec::new()));
    }
    let months = match search.facets.contains(&Facet::Month) {
        true => months(reader, meanings).await?,
        false => Vec::new(),
    };
    let mut sql = Sql::new(meanings, common(meanings.ledger, known));
    let text = all(&mut sql, search, &months);
    let (mut totals, mut facets) = (Totals::default(), Vec::new());
    facets.extend(search.facets.iter().map(|facet| (*facet, Values::default())));
    for row in reader.query_once(&text, &sql.parameters).await? {
        let (what, value): (&str, &str) = (row.get(0), row.get(1));
        let count = u64::try_from(row.get::<_, i64>(2)).expect("a count");
        let quantity = |at: usize| Quantity::parse(row.get(at)).expect("a sum of quantities is one");
        match what {
            "transactions" => totals.transactions = count,
            "total" => totals.currencies.push(Total {
                currency: AssetCode::parse(value).expect("written by this view"),
                entries: count,
                debits: quantity(3),
                credits: quantity(4),
            }),
            of => {
                let facet = facets.iter_mut().find(|(facet, _)| facet.as_str() == of);
                let (facet, values) = facet.expect("only what was asked for");
                let value = match facet {
                    Facet::Month => month(&months, value),
                    _ => value.to_owned(),
                };
                match values.values.len() {
                    FACET_VALUES_MAX => values.more = true,
                    _ => values.values.push((value, count)),
                }
            }
        }
    }
    totals.currencies.sort_by_key(|total| total.currency);
    Ok((search.totals.then_some(totals), facets))
}

/// `m` are the transactions that are found, `c` the entries that count.
fn all(sql: &mut Sql<'_>, search: &Search<'_>, months: &[(NaiveDate, Ts)]) -> String {
    let row = Row { alias: "t" };
    let parts = Query::of(search.filter).parts();
    let mut conditions = vec!["t.ledger = $1".to_owned(), "t.position <= $2".to_owned()];
    conditions.extend(parts.iter().map(|part| sql.query(part, row)));
    let groups = parts.iter().filter_map(|part| match part {
        Query::HasEntry(items) => Some(format!("({})", sql.all_of_entry(items, "e"))),
        _ => None,
    });
    let groups: Vec<String> = groups.collect();
    let counted = if groups.is_empty() { "true".to_owned() } else { groups.join(" OR ") };
    let mut text = format!(
        "WITH m AS MATERIALIZED (SELECT t.position, t.effective FROM {{transactions}}.transactions t WHERE {}),
         c AS MATERIALIZED (
             SELECT e.position, e.account, e.is_debit, e.currency, e.amount, e.category, e.tags
             FROM m JOIN {{transactions}}.entries e ON e.position = m.position WHERE {counted})
         SELECT 'transactions', '', count(*), NULL, NULL FROM m",
        conditions.join(" AND ")
    );
    if search.totals {
        text.push_str(
            " UNION ALL SELECT 'total', currency, count(*),
                 coalesce(sum(amount) FILTER (WHERE is_debit), 0 * sum(amount))::text,
                 coalesce(sum(amount) FILTER (WHERE NOT is_debit), 0 * sum(amount))::text
             FROM c GROUP BY currency",
        );
    }
    let most = FACET_VALUES_MAX + 1;
    for facet in search.facets {
        let (value, from) = match facet {
            Facet::Account => (
                "p.path",
                "c JOIN {transactions}.paths p
                   ON p.ledger = $1 AND p.account = c.account AND p.since <= $2 AND p.until > $2"
                    .to_owned(),
            ),
            Facet::Category => ("c.category", "c WHERE c.category IS NOT NULL".to_owned()),
            Facet::Tag => ("g.tag", "c CROSS JOIN LATERAL unnest(c.tags) AS g (tag)".to_owned()),
            Facet::Currency => ("c.currency", "c".to_owned()),
            Facet::Month => {
                let starts: Vec<i64> = months.iter().map(|(_, start)| start.0).collect();
                let starts = sql.bind(starts, Type::INT8_ARRAY);
                (
                    "c.month",
                    format!("(SELECT width_bucket(effective, {starts})::text AS month, position FROM m) c"),
                )
            }
        };
        let facet = facet.as_str();
        text.push_str(&format!(
            " UNION ALL (SELECT '{facet}', {value}, count(DISTINCT c.position), NULL, NULL FROM {from}
               GROUP BY {value} ORDER BY count(DISTINCT c.position) DESC, {value} COLLATE \"C\" LIMIT {most})"
        ));
    }
    text
}

/// The months of the ledger's transactions, each with its beginning.
async fn months(reader: &Reader, meanings: &Meanings<'_>) -> Result<Vec<(NaiveDate, Ts)>, ViewError> {
    let sql = "SELECT min(effective), max(effective) FROM {transactions}.transactions WHERE ledger = $1";
    let rows = reader.query(sql, &[&meanings.ledger]).await?;
    let span: (Option<i64>, Option<i64>) = rows.first().map_or((None, None), |row| (row.get(0), row.get(1)));
    let (Some(first), Some(last)) = span else { return Ok(Vec::new()) };
    let day = Ts(first).to_utc().date_naive();
    // In the ledger's zone it may be the month before.
    let before = day.with_day(1).and_then(|first| first.checked_sub_months(chrono::Months::new(1)));
    let mut month = before.unwrap_or(NaiveDate::MIN);
    let mut months = Vec::new();
    loop {
        let start = (meanings.start_of)(month);
        if start.0 > last {
            return Ok(months);
        }
        months.push((month, start));
        let Some(next) = month.checked_add_months(chrono::Months::new(1)) else { return Ok(months) };
        month = next;
    }
}

/// The n-th month, counted from 1.
fn month(months: &[(NaiveDate, Ts)], n: &str) -> String {
    let month = n.parse::<usize>().ok().and_then(|n| months.get(n.checked_sub(1)?));
    month.map_or_else(String::new, |(first, _)| format!("{:04}-{:02}", first.year(), first.month()))
}

impl Facet {
    pub const ALL: [Facet; 5] = [Facet::Account, Facet::Category, Facet::Tag, Facet::Currency, Facet::Month];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Facet::Account => "account",
            Facet::Category => "category",
            Facet::Tag => "tag",
            Facet::Currency => "currency",
            Facet::Month => "month",
        }
    }
}

/// As it is handed to callers, who hand it back: order, known, effective, sequence.
impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let by = if self.order.by == By::Effective { 'e' } else { 'r' };
        let direction = if self.order.newest_first { 'd' } else { 'a' };
        write!(f, "{by}{direction}.{}.{}.{}", self.known_at, self.effective.0, self.sequence)
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Cursor, ()> {
        let mut parts = text.split('.');
        let (by, newest_first) = match parts.next() {
            Some("ed") => (By::Effective, true),
            Some("ea") => (By::Effective, false),
            Some("rd") => (By::Recorded, true),
            Some("ra") => (By::Recorded, false),
            _ => return Err(()),
        };
        let mut number = || parts.next().and_then(|part| part.parse::<i64>().ok()).ok_or(());
        let (known, effective, position) = (number()?, number()?, number()?);
        let sequence = |number: i64| {
            let number = u64::try_from(number).ok().filter(|number| *number < 1 << 48);
            number.map(Sequence).ok_or(())
        };
        let cursor = Cursor {
            order: Order { by, newest_first },
            known_at: sequence(known)?,
            effective: Ts(effective),
            sequence: sequence(position)?,
        };
        // One text for each: what was not made here is refused.
        if cursor.to_string() == text { Ok(cursor) } else { Err(()) }
    }
}

/// One transaction by its id.
pub async fn find(
    reader: &Reader,
    id: &LedgerId,
    key: &str,
    known_at: Sequence,
) -> Result<Option<Transaction>, ViewError> {
    let known = to_i64(known_at);
    let Some(ledger) = ledger(reader, id.as_str(), known).await? else { return Ok(None) };
    let sql = "SELECT t.position FROM {transactions}.transactions t
               WHERE t.ledger = $1 AND t.id = $2 AND t.position <= $3";
    let rows = reader.query(sql, &[&ledger, &key, &known]).await?;
    let positions: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
    Ok(transactions(reader, ledger, known, &positions).await?.into_iter().next())
}
