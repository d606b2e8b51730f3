//! What answers about money stand on: balances at some moments, of one reading, and the rates to value them by.

use std::fmt::Display;

use event_schemas::{AccountPath, AssetCode, Position, Ts};
use projections::{
    View,
    valuation::Valuation,
    views::{
        balances::{Answer, Ask, Balance, Balances, Of, ask},
        rates::Rates,
    },
};

use super::{question::Question, tagged::Etag, valued::valuation_in};
use crate::{
    caller::ledger_not_found,
    codes,
    engine::{Engine, view_failed},
    problem::Problem,
    wire::{Wire, moment::Moment},
};

const ACCOUNTS_MAX: usize = 100;

/// What is asked beside accounts and times.
pub struct Terms {
    pub known_at: Option<Wire<Moment>>,
    pub min_position: Option<Wire<Position>>,
    pub valued_in: Option<Wire<AssetCode>>,
}

pub struct Ground<const N: usize> {
    pub known_at: Position,
    pub as_of: Position,
    pub tag: Etag,
    /// At each of the moments.
    pub balances: [Vec<Balance>; N],
    /// By the rates of the last moment.
    pub valuation: Option<Valuation>,
}

impl<const N: usize> Ground<N> {
    /// The balances at these moments (`None`: of all that is known).
    pub async fn of(
        engine: &Engine,
        question: &Question<'_>,
        terms: Terms,
        of: &Of,
        moments: [Option<Ts>; N],
    ) -> Result<Self, Problem> {
        let (ours, rates) = (Balances::default(), Rates);
        let views: &[&dyn View] = if terms.valued_in.is_some() { &[&ours, &rates] } else { &[&ours] };
        let asked = question.ask(views, terms.known_at, terms.min_position).await?;
        let mut balances = [const { Vec::new() }; N];
        for (balances, at) in balances.iter_mut().zip(moments) {
            let ledger = question.ledger.clone();
            let ask_for = Ask { ledger, of: of.clone(), at, known_at: Some(asked.known_at) };
            *balances = match ask(&asked.reader, &ask_for).await.map_err(view_failed)? {
                Answer::NoLedger => return Err(ledger_not_found(question.ledger.as_str())),
                Answer::NoAccount(path) => return Err(no_account(&path)),
                Answer::Known(known) => known,
            };
        }
        let last = moments[N - 1];
        let valuation = match terms.valued_in {
            None => None,
            Some(Wire(currency)) => {
                let currencies = balances[N - 1].iter().map(|balance| balance.currency);
                Some(valuation_in(engine, question, &asked, currency, last, currencies).await?)
            }
        };
        let (known_at, as_of, tag) = (question.position(asked.known_at), asked.as_of, asked.tag.clone());
        asked.end().await?;
        Ok(Self { known_at, as_of, tag, balances, valuation })
    }
}

/// The accounts that were named, or all.
pub fn whose(accounts: Vec<Wire<AccountPath>>, below: Option<Wire<AccountPath>>) -> Result<Of, Problem> {
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

pub fn no_account(path: &AccountPath) -> Problem {
    Problem::new(&codes::ACCOUNT_NOT_FOUND)
        .detail(format!("the ledger had no account {:?} then", path.as_str()))
}

/// Before the first moment of a period.
pub fn just_before(begin: Ts) -> Ts {
    Ts(begin.0.saturating_sub(1))
}

/// A period that ends before it begins is a mistake, and holds nothing.
pub fn check_period<T: PartialOrd + Display>(from: Option<T>, to: Option<T>) -> Result<(), Problem> {
    match (from, to) {
        (Some(from), Some(to)) if to < from => {
            let detail = format!("from {from} is after to {to}");
            Err(Problem::new(&codes::PERIOD_REVERSED).detail(detail))
        }
        _ => Ok(()),
    }
}
