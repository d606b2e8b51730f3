//! `GET /v1/ledgers/{ledger}/statement`

use std::{collections::BTreeMap, sync::Arc};

use event_schemas::{AccountNumber, AccountPath, AssetCode, EffectiveAt, LedgerId, Position, Ts};
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};
use projections::{
    statements::{Answer, Ask, Statement, Turnover, first_and_last, statement, turnovers},
    views::{balances::Balances, transactions::Transactions},
};

use super::page::UpTo;
use crate::{
    caller::{Caller, ledger_not_found},
    codes,
    engine::{Engine, view_failed},
    keys::scope::Read,
    problem::Problem,
    tags::Tag,
    views::{
        every::Every,
        ground::{check_period, no_account, whose},
        question::{Asked, Question},
        statement_cursor::StatementCursor,
        statements::{About, StatementPeriod, StatementView},
        tagged::Tagged,
    },
    wire::{Wire, moment::Moment, value::WireValue},
};

/// Thirty years of months.
const PERIODS_MAX: usize = 360;

pub struct Route(pub Arc<Engine>);

#[OpenApi]
impl Route {
    /// Read a statement
    ///
    /// The entries of an account, of several, or of one and all below it (of all, when none is named) in a period, by time of
    /// effect, each with the balance after it, between an opening and a closing balance. The balances are those of
    /// `GET …/balances` just before the period and at its end. All pages of a statement are as known at the same position.
    #[oai(
        path = "/v1/ledgers/:ledger/statement",
        method = "get",
        operation_id = "get_statement",
        tag = "Tag::Reports"
    )]
    #[allow(clippy::too_many_arguments, reason = "each is a parameter of the route")]
    async fn get(
        &self,
        caller: Caller<Read>,
        ledger: Path<Wire<LedgerId>>,
        /// These accounts: may be said up to 100 times. A path of before a renaming is understood.
        #[oai(default)]
        account: Query<Vec<Wire<AccountPath>>>,
        /// This account and all below it.
        below: Query<Option<Wire<AccountPath>>>,
        /// From then on: an instant, or a date, from whose first instant on. Absent: from the beginning.
        from: Query<Option<Wire<EffectiveAt>>>,
        /// Up to then: an instant, or a date, of which the whole day counts. Absent: all that is known.
        to: Query<Option<Wire<EffectiveAt>>>,
        /// What was recorded by then: a position, an instant, or a date (the whole day).
        known_at: Query<Option<Wire<Moment>>>,
        /// Wait until the views have read this record.
        min_position: Query<Option<Wire<Position>>>,
        /// Also tell, on the first page, what was entered in each month, quarter or year.
        period: Query<Option<Every>>,
        #[oai(default = "usual")] limit: Query<UpTo<10_000>>,
        /// The `next` of the page before.
        cursor: Query<Option<Wire<StatementCursor>>>,
    ) -> poem::Result<Tagged<StatementView>> {
        let question = Question::of(&self.0, &caller, ledger.0).await?;
        let from = from.0.map(|from| question.start_of(from.0));
        let to = to.0.map(|to| question.end_of(to.0));
        check_period(from, to)?;
        let of = whose(account.0, below.0)?;
        let cursor = cursor.0.map(|cursor| cursor.0);
        // What is said in the request comes first: several questions may be asked at one position.
        let of_cursor = cursor.map(|cursor| Wire(Moment::Position(question.position(cursor.known_at))));
        let known_at = known_at.0.or(of_cursor);
        let asked =
            question.ask(&[&Balances::default(), &Transactions::default()], known_at, min_position.0).await?;
        let ask = Ask { ledger: question.ledger.clone(), of, from, to, known_at: asked.known_at };
        let after = cursor.and_then(|cursor| cursor.place);
        let answer = statement(&asked.reader, &ask, after, limit.0.0).await.map_err(view_failed)?;
        let statement = known(&question, answer)?;
        let periods = match (period.0, after) {
            (Some(every), None) => Some(periods(&question, &asked, &ask, &statement, every).await?),
            _ => None,
        };
        let next = statement.next.map(|place| StatementCursor {
            known_at: asked.known_at,
            account: AccountNumber(0),
            place: Some(place),
        });
        let about = About {
            period: [from, to],
            known_at: question.position(asked.known_at),
            as_of: asked.as_of,
            goes_on: after.is_some(),
            next: next.map(|next| next.to_text().into_owned()),
        };
        let tag = asked.tag.clone();
        asked.end().await?;
        Ok(Tagged(tag, StatementView::new(about, statement, periods)))
    }
}

fn usual() -> UpTo<10_000> {
    UpTo(1_000)
}

/// What a question about statements came to, or why not.
pub fn known<T>(question: &Question<'_>, answer: Answer<T>) -> Result<T, Problem> {
    match answer {
        Answer::Known(known) => Ok(known),
        Answer::NoLedger => Err(ledger_not_found(question.ledger.as_str())),
        Answer::NoAccount(path) => Err(no_account(&path)),
    }
}

async fn periods(
    question: &Question<'_>,
    asked: &Asked,
    ask: &Ask,
    statement: &Statement,
    every: Every,
) -> Result<Vec<StatementPeriod>, Problem> {
    let span = first_and_last(&asked.reader, ask).await.map_err(view_failed)?;
    // Without a first or a last moment: from the part of the calendar with the first entry to that with the last.
    let (first, last) = match (ask.from, ask.to, span) {
        (Some(from), Some(to), _) => (from, to),
        (_, _, None) => return Ok(Vec::new()),
        (from, to, Some((first, last))) => {
            (from.unwrap_or_else(|| every.begin(first, question.zone)), to.unwrap_or(last))
        }
    };
    let parts: Vec<(Ts, Ts)> = every.between((first, last), question.zone, PERIODS_MAX).ok_or_else(|| {
        Problem::new(&codes::TOO_MANY_PERIODS).detail(format!("at most {PERIODS_MAX}; set from and to"))
    })?;
    let turnovers: Vec<BTreeMap<AssetCode, Turnover>> =
        turnovers(&asked.reader, ask, statement.side, &parts).await.map_err(view_failed)?;
    Ok(parts
        .into_iter()
        .zip(&turnovers)
        .map(|(part, turnovers)| StatementPeriod::new(part, turnovers))
        .collect())
}
