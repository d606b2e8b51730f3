//! Income and expense in periods, by account or by category.

use std::collections::BTreeMap;

use event_schemas::{AccountPath, AccountType, AssetCode, Quantity};

use super::{Answer, Ask, Interval, Nets, Times, on_side};
use crate::{
    TooLarge, ViewError,
    reader::Reader,
    views::balances::series::{Chain, Series},
};

/// By what lines are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// By the first so many names of their accounts' paths; `None`: by account.
    Account {
        depth: Option<usize>,
    },
    Category,
}

/// What came in or went out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The path or the category. `None`: what has no category.
    pub name: Option<String>,
    /// Income or expense.
    pub account_type: AccountType,
    pub currency: AssetCode,
    /// Earned, of income; spent, of expense.
    pub amount: Quantity,
}

type Key = (AccountType, Option<String>);

/// For each interval its lines: income first, by name, then by currency; only what is not zero. The reader holds the balances, and the
/// categories where they are asked for.
pub async fn result(
    reader: &Reader,
    ask: &Ask<'_>,
    group: Group,
    intervals: &[Interval],
) -> Result<Answer<Vec<Vec<Line>>>, ViewError> {
    let Some(series) = Series::of(reader, ask.ledger, ask.known_at).await? else {
        return Ok(Answer::NoLedger);
    };
    let times = Times::of(intervals);
    let lines = match group {
        Group::Account { depth } => by_account(series, depth, intervals, &times).await?,
        Group::Category => by_category(series, intervals, &times).await?,
    };
    Ok(Answer::Known(lines))
}

async fn by_account(
    series: Series<'_>,
    depth: Option<usize>,
    intervals: &[Interval],
    times: &Times,
) -> Result<Vec<Vec<Line>>, ViewError> {
    let accounts = series.accounts().await?;
    let accounts = accounts.into_iter().filter(|account| is_result(account.account_type));
    let keyed = accounts.map(|account| {
        let name = Some(top(&account.path, depth).to_owned());
        (account.number, (account.account_type, name))
    });
    let (who, keys) = grouped(keyed);
    let sums = series.sums(Chain::Account, &who, &times.0).await?;
    Ok(lines(&Nets::of(&sums), &keys, intervals, times)?)
}

async fn by_category(
    series: Series<'_>,
    intervals: &[Interval],
    times: &Times,
) -> Result<Vec<Vec<Line>>, ViewError> {
    let pots = series.pots(None).await?;
    let pots = pots.into_iter().filter(|pot| is_result(pot.account_type));
    let (who, keys) = grouped(pots.map(|pot| (pot.number, (pot.account_type, Some(pot.category)))));
    let sums = series.sums(Chain::Pot, &who, &times.0).await?;
    let categories = lines(&Nets::of(&sums), &keys, intervals, times)?;

    let accounts = series.accounts().await?;
    let accounts = accounts.into_iter().filter(|account| is_result(account.account_type));
    let (who, keys) = grouped(accounts.map(|account| (account.number, (account.account_type, None))));
    let sums = series.sums(Chain::Account, &who, &times.0).await?;
    let all = lines(&Nets::of(&sums), &keys, intervals, times)?;
    let both = categories.into_iter().zip(all).map(|(categories, all)| with_rest(categories, all));
    Ok(both.collect::<Result<_, _>>()?)
}

/// Adds what the categories leave of everything.
fn with_rest(mut lines: Vec<Line>, all: Vec<Line>) -> Result<Vec<Line>, TooLarge> {
    let mut rest: BTreeMap<(AccountType, AssetCode), Quantity> =
        all.into_iter().map(|line| ((line.account_type, line.currency), line.amount)).collect();
    for line in &lines {
        let zero = Quantity::new(0, line.amount.scale);
        let left = rest.entry((line.account_type, line.currency)).or_insert(zero);
        let minor = left.minor.checked_sub(line.amount.minor);
        left.minor = minor.ok_or(TooLarge::total(line.currency))?;
    }
    rest.retain(|_, left| left.minor != 0);
    lines.extend(rest.into_iter().map(|((account_type, currency), amount)| Line {
        name: None,
        account_type,
        currency,
        amount,
    }));
    sort(&mut lines);
    Ok(lines)
}

/// Members and their groups' numbers, and the key of each group.
fn grouped(keyed: impl Iterator<Item = (i64, Key)>) -> (Vec<(i64, i32)>, Vec<Key>) {
    let mut groups: BTreeMap<Key, i32> = BTreeMap::new();
    let mut keys = Vec::new();
    let who = keyed.map(|(number, key)| {
        let next = i32::try_from(keys.len()).expect("fewer than 2^31 accounts are asked about");
        let group = *groups.entry(key.clone()).or_insert(next);
        if group == next {
            keys.push(key);
        }
        (number, group)
    });
    (who.collect(), keys)
}

fn lines(
    nets: &Nets,
    keys: &[Key],
    intervals: &[Interval],
    times: &Times,
) -> Result<Vec<Vec<Line>>, TooLarge> {
    let of_interval = |(after, until): &Interval| {
        let between = (times.place(*after), times.place(*until));
        let mut lines = Vec::new();
        for (group, (account_type, name)) in (0..).zip(keys) {
            for (currency, moved) in nets.moved(between, group)? {
                let amount = on_side(account_type.normal_side(), currency, moved)?;
                lines.push(Line { name: name.clone(), account_type: *account_type, currency, amount });
            }
        }
        sort(&mut lines);
        Ok(lines)
    };
    intervals.iter().map(of_interval).collect()
}

/// What has no category comes last of its type.
fn sort(lines: &mut [Line]) {
    lines.sort_by(|a, b| {
        let (a_type, b_type) = (a.account_type, b.account_type);
        let (a_key, b_key) = ((a_type, a.name.is_none(), &a.name), (b_type, b.name.is_none(), &b.name));
        a_key.cmp(&b_key).then(a.currency.cmp(&b.currency))
    });
}

fn is_result(account_type: AccountType) -> bool {
    matches!(account_type, AccountType::Income | AccountType::Expense)
}

/// The first `depth` names of a path.
pub(super) fn top(path: &AccountPath, depth: Option<usize>) -> &str {
    let path = path.as_str();
    let end = depth.and_then(|depth| path.match_indices(':').nth(depth.max(1) - 1));
    end.map_or(path, |(end, _)| &path[..end])
}
