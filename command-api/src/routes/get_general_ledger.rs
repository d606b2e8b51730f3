//! `GET /v1/ledgers/{ledger}/reports/general-ledger`

use std::sync::Arc;

use event_schemas::{EffectiveAt, LedgerId, Position};
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};
use projections::{
    statements::{Ask, general_ledger},
    views::{
        balances::{Balances, Of},
        transactions::Transactions,
    },
};

use super::{get_statement::known, page::Limit};
use crate::{
    caller::Caller,
    engine::{Engine, view_failed},
    keys::scope::Read,
    tags::Tag,
    views::{
        ground::check_period,
        question::Question,
        statement_cursor::StatementCursor,
        statements::{About, GeneralLedgerView},
        tagged::Tagged,
    },
    wire::{Wire, moment::Moment, value::WireValue},
};

pub struct Route(pub Arc<Engine>);

#[OpenApi]
impl Route {
    /// Read the general ledger
    ///
    /// The statements of all accounts in a period, one after the other: what each held before, its entries with the balance after
    /// each, and what it held at the end. A page holds `limit` lines; an account without lines takes the room of one. All pages are as
    /// known at the same position.
    #[oai(
        path = "/v1/ledgers/:ledger/reports/general-ledger",
        method = "get",
        operation_id = "get_general_ledger",
        tag = "Tag::Reports"
    )]
    #[allow(clippy::too_many_arguments, reason = "each is a parameter of the route")]
    async fn get(
        &self,
        caller: Caller<Read>,
        ledger: Path<Wire<LedgerId>>,
        /// From then on: an instant, or a date, from whose first instant on. Absent: from the beginning.
        from: Query<Option<Wire<EffectiveAt>>>,
        /// Up to then: an instant, or a date, of which the whole day counts. Absent: all that is known.
        to: Query<Option<Wire<EffectiveAt>>>,
        /// What was recorded by then: a position, an instant, or a date (the whole day).
        known_at: Query<Option<Wire<Moment>>>,
        /// Wait until the views have read this record.
        min_position: Query<Option<Wire<Position>>>,
        #[oai(default = "Limit::usual")] limit: Query<Limit>,
        /// The `next` of the page before.
        cursor: Query<Option<Wire<StatementCursor>>>,
    ) -> poem::Result<Tagged<GeneralLedgerView>> {
        let question = Question::of(&self.0, &caller, ledger.0).await?;
        let from = from.0.map(|from| question.start_of(from.0));
        let to = to.0.map(|to| question.end_of(to.0));
        check_period(from, to)?;
        let cursor = cursor.0.map(|cursor| cursor.0);
        // What is said in the request comes first: several questions may be asked at one position.
        let of_cursor = cursor.map(|cursor| Wire(Moment::Position(question.position(cursor.known_at))));
        let known_at = known_at.0.or(of_cursor);
        let asked =
            question.ask(&[&Balances::default(), &Transactions::default()], known_at, min_position.0).await?;
        let ask = Ask { ledger: question.ledger.clone(), of: Of::All, from, to, known_at: asked.known_at };
        let after = cursor.map(|cursor| (cursor.account, cursor.place));
        let answer = general_ledger(&asked.reader, &ask, after, limit.0.0).await.map_err(view_failed)?;
        let page = known(&question, answer)?;
        let next =
            page.next.map(|(account, place)| StatementCursor { known_at: asked.known_at, account, place });
        let about = About {
            period: [from, to],
            known_at: question.position(asked.known_at),
            as_of: asked.as_of,
            goes_on: after.is_some_and(|(_, place)| place.is_some()),
            next: next.map(|next| next.to_text().into_owned()),
        };
        let tag = asked.tag.clone();
        asked.end().await?;
        Ok(Tagged(tag, GeneralLedgerView::new(about, page.accounts)))
    }
}
