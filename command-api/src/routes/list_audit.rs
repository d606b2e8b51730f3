//! `GET /v1/ledgers/{ledger}/audit`

use std::sync::Arc;

use event_schemas::{AccountPath, EffectiveAt, LedgerId, Position, Sequence};
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};
use projections::views::audit::{Answer, Ask, Audit, ask};

use super::page::Limit;
use crate::{
    caller::Caller,
    codes,
    engine::{Engine, view_failed},
    fast::Fast,
    keys::scope::AuditRead,
    problem::Problem,
    tags::Tag,
    views::{
        audit::{AuditOutcome, AuditPage, AuditRecord},
        ground::{check_period, just_before},
        question::Question,
    },
    wire::{
        Wire,
        text::{Label, Text},
    },
};

const KINDS_MAX: usize = 20;

pub struct Route(pub Arc<Engine>);

#[OpenApi]
impl Route {
    /// See who did or tried what, when, and what came of it
    ///
    /// Every record of the ledger, newest first: what was done, and what was refused and why. Answered by a view, which is a
    /// moment behind the log: `as_of` says where it is, and `min_position` (of a command's answer) waits for it, two seconds at
    /// most.
    #[oai(
        path = "/v1/ledgers/:ledger/audit",
        method = "get",
        operation_id = "list_audit",
        tag = "Tag::Views"
    )]
    #[allow(clippy::too_many_arguments, reason = "each is a parameter of the route")]
    async fn list(
        &self,
        caller: Caller<AuditRead>,
        ledger: Path<Wire<LedgerId>>,
        /// Who: as it stands in the records, such as `key:dev`.
        actor: Query<Option<Text<1, 255>>>,
        /// What touched this account, or named it and was refused. A path of before a renaming is understood.
        account: Query<Option<Wire<AccountPath>>>,
        /// Names of events such as `transaction_posted`, and of refused commands such as `post_transaction`. May be said up to
        /// 20 times.
        #[oai(default)]
        kind: Query<Vec<Label>>,
        outcome: Query<Option<AuditOutcome>>,
        /// Recorded from then on: an instant, or a date in the ledger's time zone.
        from: Query<Option<Wire<EffectiveAt>>>,
        /// Recorded by then: an instant, or a date (the whole day).
        to: Query<Option<Wire<EffectiveAt>>>,
        /// The `next` of the page before.
        cursor: Query<Option<Wire<Position>>>,
        #[oai(default = "Limit::usual")] limit: Query<Limit>,
        /// Wait until the view has read this record.
        min_position: Query<Option<Wire<Position>>>,
    ) -> poem::Result<Fast<AuditPage>> {
        let kinds = kinds(kind.0)?;
        let question = Question::of(&self.0, &caller, ledger.0).await?;
        let from = from.0.map(|from| question.start_of(from.0));
        let to = to.0.map(|to| question.end_of(to.0));
        check_period(from, to)?;
        let after = match from {
            None => Sequence::GENESIS,
            Some(from) => question.known_by(just_before(from)).await?,
        };
        let to = match to {
            None => None,
            Some(to) => Some(question.known_by(to).await?),
        };
        let before = cursor.0.map(|cursor| question.here(cursor.0)).transpose()?;
        let asked = question.ask(&[&Audit::default()], None, min_position.0).await?;
        let (read, as_of) = (asked.known_at, asked.as_of);
        let ask_for = Ask {
            ledger: question.ledger.clone(),
            actor: actor.0.map(|actor| actor.0.0),
            account: account.0.map(|account| account.0),
            kinds,
            outcome: outcome.0.map(Into::into),
            after,
            until: to.map_or(read, |to| to.min(read)),
            before,
            limit: limit.0.0,
        };
        let answer = ask(&asked.reader, &ask_for).await.map_err(view_failed)?;
        asked.end().await?;
        match answer {
            Answer::NoAccount(path) => {
                let detail = format!("the ledger had no account {:?} then", path.as_str());
                Err(Problem::new(&codes::ACCOUNT_NOT_FOUND).detail(detail).into())
            }
            Answer::Known(page) => {
                let last = page.lines.last().map(|line| line.sequence).filter(|_| page.has_more);
                let position = |sequence| question.position(sequence);
                Ok(Fast(AuditPage {
                    next: last.map(|last| Wire(position(last))),
                    records: page.lines.into_iter().map(|line| AuditRecord::of(line, position)).collect(),
                    as_of: Wire(as_of),
                }))
            }
        }
    }
}

/// Any words: a newer program may have written others than we know.
fn kinds(kinds: Vec<Label>) -> Result<Vec<String>, Problem> {
    if kinds.len() > KINDS_MAX {
        return Err(Problem::new(&codes::INVALID_PARAMETER).detail(format!("kind: at most {KINDS_MAX}")));
    }
    Ok(kinds.into_iter().map(|kind| kind.0.0).collect())
}
