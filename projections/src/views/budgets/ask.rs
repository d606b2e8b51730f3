//! The questions about budgets: what is planned, what came of it, and what is left.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use event_schemas::{
    AccountPath, AccountType, AssetCode, BudgetId, CarryOver, Day, Direction, LedgerId, Period, Quantity,
    Sequence, Ts,
};

use super::{
    Plan, Word,
    periods::{Span, follows, spans},
};
use crate::{
    TooLarge, ViewError,
    reader::Reader,
    views::balances::{
        Totals,
        series::{Chain, Pot, Series},
    },
};

/// Periods that one answer may be worked out from.
const PERIODS_MAX: usize = 20_000;
/// Periods that may lie before those that are asked about, of all budgets.
const PERIODS_PASSED_MAX: usize = 1_000_000;

/// What all questions have in common.
pub struct Ask<'a> {
    pub ledger: &'a LedgerId,
    pub known_at: Sequence,
    /// The first instant of a day, in the ledger's time zone.
    pub start_of: &'a (dyn Fn(Day) -> Ts + Sync),
}

/// What a question came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer<T> {
    /// The ledger was not there then.
    NoLedger,
    /// Nothing had been said of the budget by then.
    NoBudget,
    /// More than one answer is worked out from.
    TooManyPeriods,
    Known(T),
}

/// Some budgets, in the order of their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub budgets: Vec<(BudgetId, Progress)>,
    /// The last of them, if there are more.
    pub next: Option<BudgetId>,
}

/// A period of a budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    pub first: Day,
    pub last: Day,
    pub plan: Plan,
    pub spent: Spent,
}

/// All figures in the plan's currency, but the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spent {
    /// Into the period, from the one before.
    pub carried_over: Quantity,
    /// On the plan's side, less what the other side gave back.
    pub actual: Quantity,
    /// Planned, and carried over, less actual.
    pub remaining: Quantity,
    /// What was moved in other currencies, likewise.
    pub unconverted: Vec<(AssetCode, Quantity)>,
}

/// A budget's words, and some of its periods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    pub words: Vec<Word>,
    pub periods: Vec<Progress>,
}

/// The budgets that plan for `today`, and what came of them by `at`.
pub async fn list(
    reader: &Reader,
    ask: &Ask<'_>,
    (today, at): (Day, Ts),
    after: Option<&BudgetId>,
    limit: usize,
) -> Result<Answer<Page>, ViewError> {
    let Some(series) = Series::of(reader, ask.ledger, ask.known_at).await? else {
        return Ok(Answer::NoLedger);
    };
    let words = words(reader, series, None).await?;
    let after = after.map_or("", BudgetId::as_str);
    let mut jobs = Vec::new();
    let (mut more, mut passed) = (false, 0);
    for (budget, words) in words.iter().filter(|(budget, _)| budget.as_str() > after) {
        let spans = spans(words, today);
        passed += spans.len();
        if passed > PERIODS_PASSED_MAX {
            return Ok(Answer::TooManyPeriods);
        }
        let now = spans.len().checked_sub(1).filter(|last| spans[*last].end.is_none_or(|end| end > today));
        let Some(now) = now else { continue };
        if jobs.len() == limit {
            more = true;
            break;
        }
        jobs.push((budget, Job::of(spans, now)));
    }
    let (budgets, jobs): (Vec<&BudgetId>, Vec<Job<'_>>) = jobs.into_iter().unzip();
    let Some(figures) = figures(series, ask, &jobs, Some(at)).await? else {
        return Ok(Answer::TooManyPeriods);
    };
    let progress = jobs.iter().zip(figures).flat_map(|(job, figures)| job.progress(figures));
    let listed: Vec<_> = budgets.into_iter().cloned().zip(progress).collect();
    let next = listed.last().filter(|_| more).map(|(budget, _)| budget.clone());
    Ok(Answer::Known(Page { budgets: listed, next }))
}

/// A budget's periods that touch the days `from` to `to`; at most so many, the latest.
pub async fn history(
    reader: &Reader,
    ask: &Ask<'_>,
    budget: &BudgetId,
    (from, to): (Option<Day>, Day),
    limit: usize,
) -> Result<Answer<Range>, ViewError> {
    let Some(series) = Series::of(reader, ask.ledger, ask.known_at).await? else {
        return Ok(Answer::NoLedger);
    };
    let mut all = words(reader, series, Some(budget)).await?;
    let Some(words) = all.remove(budget) else { return Ok(Answer::NoBudget) };
    let spans = spans(&words, to);
    let touches = |span: &Span<'_>| from.is_none_or(|from| span.end.is_none_or(|end| end > from));
    let first = spans.iter().position(touches).unwrap_or(spans.len());
    let first = first.max(spans.len().saturating_sub(limit));
    let job = Job::of(spans, first);
    let Some(figures) = figures(series, ask, std::slice::from_ref(&job), None).await? else {
        return Ok(Answer::TooManyPeriods);
    };
    let periods = figures.into_iter().flat_map(|figures| job.progress(figures)).collect();
    Ok(Answer::Known(Range { words, periods }))
}

/// What was said by then, by budget.
async fn words(
    reader: &Reader,
    series: Series<'_>,
    budget: Option<&BudgetId>,
) -> Result<BTreeMap<BudgetId, Vec<Word>>, ViewError> {
    let sql = "SELECT budget, since, starts, is_dropped, name, account, category, direction, currency,
            amount::text, period, ends, carry_over
        FROM {budgets}.plans
        WHERE ledger = $1 AND since <= $2 AND ($3::text IS NULL OR budget = $3)
        ORDER BY budget, since";
    let budget = budget.map(BudgetId::as_str);
    let rows = reader.query(sql, &[&series.ledger(), &series.known(), &budget]).await?;
    let mut words: BTreeMap<BudgetId, Vec<Word>> = BTreeMap::new();
    for row in &rows {
        let budget = BudgetId::parse(row.get(0)).expect(OURS);
        words.entry(budget).or_default().push(word(row));
    }
    Ok(words)
}

const OURS: &str = "written by this view";

fn word(row: &tokio_postgres::Row) -> Word {
    let said = |at: usize| Some(row.get::<_, &str>(at)).filter(|text| !text.is_empty());
    let day = |text: &str| Day::parse(text).expect(OURS);
    let plan = || Plan {
        name: said(4).map(str::to_owned),
        account: said(5).map(|path| AccountPath::parse(path).expect(OURS)),
        category: said(6).map(str::to_owned),
        direction: if row.get::<_, &str>(7) == "debit" { Direction::Debit } else { Direction::Credit },
        currency: AssetCode::parse(row.get(8)).expect(OURS),
        amount: Quantity::parse(row.get(9)).expect(OURS),
        period: Period::named(row.get(10)).expect(OURS),
        ends: said(11).map(day),
        carry_over: CarryOver::named(row.get(12)).expect(OURS),
    };
    Word {
        since: Sequence(u64::try_from(row.get::<_, i64>(1)).expect(OURS)),
        starts: day(row.get(2)),
        plan: (!row.get::<_, bool>(3)).then(plan),
    }
}

/// Periods that are asked for, and before them those from which something may be carried over.
struct Job<'a> {
    spans: Vec<Span<'a>>,
    /// The first that is asked for.
    first: usize,
}

impl<'a> Job<'a> {
    /// Of all periods, those from `wanted` on.
    fn of(mut spans: Vec<Span<'a>>, wanted: usize) -> Job<'a> {
        let mut begin = wanted.min(spans.len());
        while begin > 0 && begin < spans.len() && follows(&spans[begin - 1], &spans[begin]) {
            begin -= 1;
        }
        spans.drain(..begin);
        Job { spans, first: wanted.saturating_sub(begin) }
    }

    fn progress(&self, figures: Vec<Spent>) -> impl Iterator<Item = Progress> {
        let progress = self.spans.iter().zip(figures).skip(self.first);
        progress.map(|(span, spent)| Progress {
            first: span.first,
            last: span.last(),
            plan: span.plan.clone(),
            spent,
        })
    }
}

/// What a budget is for.
type Target<'a> = (Option<&'a AccountPath>, Option<&'a str>);
/// What a target came to by a time, by currency.
type Sums<'a> = HashMap<(Target<'a>, Ts), BTreeMap<AssetCode, Totals>>;

fn target<'a>(plan: &'a Plan) -> Target<'a> {
    (plan.account.as_ref(), plan.category.as_deref())
}

/// The times between which a period's entries take effect: after the first, up to the second.
fn ends(span: &Span<'_>, ask: &Ask<'_>, at: Option<Ts>) -> (Ts, Ts) {
    let before = |day: Day| Ts((ask.start_of)(day).0 - 1);
    let begin = before(span.first);
    let end = span.end.map_or(Ts(i64::MAX), before);
    (begin, at.map_or(end, |at| end.min(at)).max(begin))
}

/// For each job the figures of all its periods. `None`: there are too many.
async fn figures(
    series: Series<'_>,
    ask: &Ask<'_>,
    jobs: &[Job<'_>],
    at: Option<Ts>,
) -> Result<Option<Vec<Vec<Spent>>>, ViewError> {
    if jobs.iter().map(|job| job.spans.len()).sum::<usize>() > PERIODS_MAX {
        return Ok(None);
    }
    let mut times: BTreeMap<Target<'_>, BTreeSet<Ts>> = BTreeMap::new();
    for span in jobs.iter().flat_map(|job| &job.spans) {
        let (begin, end) = ends(span, ask, at);
        times.entry(target(span.plan)).or_default().extend([begin, end]);
    }
    let sums = sums(series, times).await?;
    let figures = jobs.iter().map(|job| figures_of(job, ask, at, &sums));
    Ok(Some(figures.collect::<Result<_, _>>()?))
}

/// Targets that need the same times are looked up together.
async fn sums<'a>(
    series: Series<'_>,
    times: BTreeMap<Target<'a>, BTreeSet<Ts>>,
) -> Result<Sums<'a>, ViewError> {
    let mut together: BTreeMap<(Chain, Vec<Ts>), Vec<Target<'a>>> = BTreeMap::new();
    for (target, times) in times {
        let chain = if target.1.is_some() { Chain::Pot } else { Chain::Account };
        together.entry((chain, times.into_iter().collect())).or_default().push(target);
    }
    let mut sums = Sums::new();
    for ((chain, times), targets) in together {
        let mut who = Vec::new();
        for (group, target) in (0..).zip(&targets) {
            who.extend(members(series, *target).await?.into_iter().map(|number| (number, group)));
        }
        for sum in series.sums(chain, &who, &times).await? {
            let target = targets[usize::try_from(sum.group).expect("counted from 0")];
            sums.entry((target, times[sum.time])).or_default().insert(sum.currency, sum.totals);
        }
    }
    Ok(sums)
}

/// The accounts, or the pots, that a budget is for.
async fn members(series: Series<'_>, (account, category): Target<'_>) -> Result<Vec<i64>, ViewError> {
    let below = match account {
        Some(top) => Some(series.below(top).await?),
        None => None,
    };
    let accounts = below.map(|named| named.into_iter().map(|account| account.number));
    let Some(category) = category else {
        return Ok(accounts.into_iter().flatten().collect());
    };
    let accounts: Option<HashSet<i64>> = accounts.map(Iterator::collect);
    let pots = series.pots(Some(category)).await?;
    let counts = |pot: &Pot| match &accounts {
        Some(accounts) => accounts.contains(&pot.account),
        None => matches!(pot.account_type, AccountType::Income | AccountType::Expense),
    };
    Ok(pots.iter().filter(|pot| counts(pot)).map(|pot| pot.number).collect())
}

fn figures_of(job: &Job<'_>, ask: &Ask<'_>, at: Option<Ts>, sums: &Sums<'_>) -> Result<Vec<Spent>, TooLarge> {
    let mut figures: Vec<Spent> = Vec::with_capacity(job.spans.len());
    let nothing = BTreeMap::new();
    for (index, span) in job.spans.iter().enumerate() {
        let plan = span.plan;
        let (begin, end) = ends(span, ask, at);
        let by = |time: Ts| sums.get(&(target(plan), time)).unwrap_or(&nothing);
        let zero = Quantity::new(0, plan.amount.scale);
        let (mut actual, mut unconverted) = (zero, Vec::new());
        for (currency, totals) in by(end) {
            let moved = moved(*totals, by(begin).get(currency), plan.direction);
            let moved = moved.ok_or(TooLarge::total(*currency))?;
            if *currency == plan.currency {
                actual = moved;
            } else if moved.minor != 0 {
                unconverted.push((*currency, moved));
            }
        }
        let before = index.checked_sub(1).filter(|before| follows(&job.spans[*before], span));
        let carried_over = before.map_or(zero, |before| {
            let left = figures[before].remaining;
            match job.spans[before].plan.carry_over {
                CarryOver::None => zero,
                CarryOver::Remaining => Quantity::new(left.minor.max(0), left.scale),
                CarryOver::All => left,
            }
        });
        let planned = plan.amount.minor.checked_add(carried_over.minor);
        let remaining = planned.and_then(|planned| planned.checked_sub(actual.minor));
        let remaining = remaining.ok_or(TooLarge::total(plan.currency))?;
        let remaining = Quantity::new(remaining, plan.amount.scale);
        figures.push(Spent { carried_over, actual, remaining, unconverted });
    }
    Ok(figures)
}

/// On one side, less what moved on the other. `None`: more than 127 bits.
fn moved(by_end: Totals, by_begin: Option<&Totals>, direction: Direction) -> Option<Quantity> {
    let net = |totals: &Totals| totals.debits.minor.checked_sub(totals.credits.minor);
    let moved = net(&by_end)?.checked_sub(by_begin.map_or(Some(0), net)?)?;
    let moved = match direction {
        Direction::Debit => moved,
        Direction::Credit => moved.checked_neg()?,
    };
    Some(Quantity::new(moved, by_end.debits.scale))
}
