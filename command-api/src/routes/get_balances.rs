//! `GET /v1/ledgers/{ledger}/balances`

use std::sync::Arc;

use event_schemas::{AccountPath, EffectiveAt, LedgerId, Position};
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};
use projections::views::balances::{Answer, Ask, Balances, Of, ask};

use crate::{
    caller::{Caller, ledger_not_found},
    codes,
    engine::{Engine, view_failed},
    keys::scope::Read,
    problem::Problem,
    tags::Tag,
    views::{
        balances::{BalanceAt, BalancesAt, totals},
        question::Question,
        tagged::Tagged,
    },
    wire::{Wire, moment::Moment},
};

const ACCOUNTS_MAX: usize = 100;

pub struct Route(pub Arc<Engine>);

#[OpenApi]
impl Route {
    /// Read balances at any time, as known at any time
    ///
    /// Of the whole ledger, of accounts, or of one account and all below it. Answered by a view, which is a moment behind the
    /// log: `as_of` says where it is, and `min_position` (of a command's answer) waits for it, two seconds at most.
    #[oai(
        path = "/v1/ledgers/:ledger/balances",
        method = "get",
        operation_id = "get_balances",
        tag = "Tag::Views"
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
        /// Entries in effect by then: an instant, or a date, of which the whole day counts in the ledger's time zone.
        at: Query<Option<Wire<EffectiveAt>>>,
        /// What was recorded by then: a position, an instant, or a date (the whole day).
        known_at: Query<Option<Wire<Moment>>>,
        /// Wait until the view has read this record.
        min_position: Query<Option<Wire<Position>>>,
    ) -> poem::Result<Tagged<BalancesAt>> {
        let of = of(account.0, below.0)?;
        let question = Question::of(&self.0, &caller, ledger.0).await?;
        let at = at.0.map(|at| question.end_of(at.0));
        let asked = question.ask(&[&Balances::default()], known_at.0, min_position.0).await?;
        let (known_at, as_of, tag) = (asked.known_at, asked.as_of, asked.tag.clone());
        let ask_for = Ask { ledger: question.ledger.clone(), of, at, known_at: Some(known_at) };
        let answer = ask(&asked.reader, &ask_for).await.map_err(view_failed)?;
        asked.end().await?;
        match answer {
            Answer::NoLedger => Err(ledger_not_found(question.ledger.as_str()).into()),
            Answer::NoAccount(path) => {
                let detail = format!("the ledger had no account {:?} then", path.as_str());
                Err(Problem::new(&codes::ACCOUNT_NOT_FOUND).detail(detail).into())
            }
            Answer::Known(balances) => {
                let answer = BalancesAt {
                    at: at.map(|at| at.to_string()),
                    known_at: Wire(question.position(known_at)),
                    as_of: Wire(as_of),
                    totals: totals(&balances).ok_or_else(too_large)?,
                    balances: balances.iter().map(BalanceAt::of).collect(),
                };
                Ok(Tagged(tag, answer))
            }
        }
    }
}

/// Single balances fit 127 bits; what they come to together need not.
fn too_large() -> Problem {
    Problem::new(&codes::INTERNAL)
        .detail("the totals are too large to be told: ask for fewer accounts at once")
}

fn of(accounts: Vec<Wire<AccountPath>>, below: Option<Wire<AccountPath>>) -> Result<Of, Problem> {
    if accounts.len() > ACCOUNTS_MAX {
        let detail = format!("account: at most {ACCOUNTS_MAX}");
        return Err(Problem::new(&codes::INVALID_PARAMETER).detail(detail));
    }
    let accounts: Vec<AccountPath> = accounts.into_iter().map(|account| account.0).collect();
    Ok(match (accounts.is_empty(), below) {
        (true, None) => Of::All,
        (true, Some(below)) => Of::Subtree(below.0),
        (false, None) => Of::Accounts(accounts),
        (false, Some(below)) => Of::Both(accounts, below.0),
    })
}
