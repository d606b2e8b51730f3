//! `GET /v1/ledgers/{ledger}/balances`

use std::{sync::Arc, time::Duration};

use event_schemas::{AccountPath, EffectiveAt, LedgerId, Position, Ts};
use ledger_core::start_of_day;
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};
use projections::{
    known_by,
    views::balances::{Answer, Ask, Balances, Of, ask},
};

use crate::{
    caller::{Caller, ledger_not_found},
    codes,
    engine::{Engine, log_failed, view_failed},
    fast::Fast,
    keys::scope::Read,
    problem::Problem,
    tags::Tag,
    views::balances::{BalanceAt, BalancesAt, totals},
    wire::{Wire, moment::Moment},
};

/// How long a request may wait for the view to read what it asks for.
const PATIENCE: Duration = Duration::from_secs(2);
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
    ) -> poem::Result<Fast<BalancesAt>> {
        let ledger = caller.granted(ledger.0.0)?.into_id();
        let of = of(account.0, below.0)?;
        let id = ledger.clone();
        let known = self.0.read(move |books, _| books.ledger(&id).map(|ledger| ledger.time_zone)).await?;
        let zone = known.ok_or_else(|| ledger_not_found(ledger.as_str()))?;
        let views =
            self.0.views.as_ref().ok_or_else(|| Problem::new(&codes::VIEW_NOT_READY).retry_after(60))?;
        let end_of = |time| match time {
            EffectiveAt::Instant(instant) => instant,
            EffectiveAt::Date(date) => {
                date.succ_opt().map_or(Ts(i64::MAX), |next| Ts(start_of_day(next, zone).0 - 1))
            }
        };
        let shard = self.0.sequencer.log().shard();
        let here = |position: Position| {
            let elsewhere = || {
                Problem::new(&codes::POSITION_ELSEWHERE)
                    .detail(format!("the ledger's records stand in shard {shard}"))
            };
            (position.shard == shard).then_some(position.sequence).ok_or_else(elsewhere)
        };
        let at = at.0.map(|at| end_of(at.0));
        let known_at = match known_at.0 {
            None => None,
            Some(Wire(Moment::Position(position))) => Some(here(position)?),
            Some(Wire(Moment::Time(time))) => {
                let known = known_by(&**self.0.sequencer.log(), end_of(time)).await;
                Some(known.map_err(|error| log_failed(&error))?)
            }
        };
        let min_position = min_position.0.map(|position| here(position.0)).transpose()?;
        let reader = views.reader(&Balances::default(), min_position.max(known_at), PATIENCE).await;
        let reader = reader.map_err(view_failed)?;
        let question = Ask { ledger: ledger.clone(), of, at, known_at };
        let answer = ask(&reader, &question).await.map_err(view_failed)?;
        let as_of = reader.position;
        reader.end().await.map_err(view_failed)?;
        match answer {
            Answer::NoLedger => Err(ledger_not_found(ledger.as_str()).into()),
            Answer::NoAccount(path) => {
                let detail = format!("the ledger had no account {:?} then", path.as_str());
                Err(Problem::new(&codes::ACCOUNT_NOT_FOUND).detail(detail).into())
            }
            Answer::Known(balances) => Ok(Fast(BalancesAt {
                at: at.map(|at| at.to_string()),
                known_at: Wire(Position::new(shard, known_at.unwrap_or(as_of.sequence))),
                as_of: Wire(as_of),
                totals: totals(&balances).ok_or_else(too_large)?,
                balances: balances.iter().map(BalanceAt::of).collect(),
            })),
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
