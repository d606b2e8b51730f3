//! `GET /v1/ledgers/{ledger}/transactions`

use std::{borrow::Cow, sync::Arc};

use event_schemas::{EffectiveAt, LedgerId, Position};
use poem_openapi::{
    Enum, OpenApi,
    param::{Path, Query},
    registry::MetaSchema,
};
use projections::views::transactions::{
    By, Cursor, FILTER_CHARACTERS_MAX, Found, InvalidFilter, Order, Search, Transactions, parse, search,
};

use super::page::Limit;
use crate::{
    caller::{Caller, ledger_not_found},
    codes,
    engine::{Engine, view_failed},
    keys::scope::Read,
    problem::Problem,
    tags::Tag,
    views::{
        question::Question,
        tagged::Tagged,
        transaction::{FacetName, TransactionsPage},
    },
    wire::{
        Wire,
        moment::Moment,
        value::{WireValue, string},
    },
};

pub struct Route(pub Arc<Engine>);

/// In which order: by when it happened or by when it was recorded.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[oai(rename = "SearchOrder", rename_all = "snake_case")]
pub enum Sorted {
    EffectiveDesc,
    EffectiveAsc,
    RecordedDesc,
    RecordedAsc,
}

#[OpenApi]
impl Route {
    /// Search transactions
    ///
    /// With a filter such as `account:expenses and amount>=100 and effective:2026-03`, whose words are in docs/search.md: conditions
    /// on entries (`account`, `amount`, `currency`, `category`, `tag`, `direction`) and on transactions (`effective`, `recorded`,
    /// `text`, `reference`, `metadata.NAME`, `id`, `actor`, `kind`), with `and`, `or`, `not` and parentheses. Answered by a view,
    /// which is a moment behind the log: `as_of` says where it is.
    #[oai(
        path = "/v1/ledgers/:ledger/transactions",
        method = "get",
        operation_id = "search_transactions",
        tag = "Tag::Views"
    )]
    #[allow(clippy::too_many_arguments, reason = "each is a parameter of the route")]
    async fn get(
        &self,
        caller: Caller<Read>,
        ledger: Path<Wire<LedgerId>>,
        /// What to find. Left out: everything.
        filter: Query<Option<Wire<FilterText>>>,
        /// Left out: what happened last comes first.
        order: Query<Option<Sorted>>,
        /// The `next` of the page before; the rest of the request is to be the same.
        cursor: Query<Option<Wire<Cursor>>>,
        #[oai(default = "Limit::usual")] limit: Query<Limit>,
        /// What was recorded by then: a position, an instant, or a date (the whole day).
        known_at: Query<Option<Wire<Moment>>>,
        /// Wait until the view has read this record.
        min_position: Query<Option<Wire<Position>>>,
        /// Count and sum all that is found.
        #[oai(default)]
        totals: Query<bool>,
        /// Count all that is found by these, between commas.
        #[oai(default, explode = false)]
        facets: Query<Vec<FacetName>>,
    ) -> poem::Result<Tagged<TransactionsPage>> {
        let question = Question::of(&self.0, &caller, ledger.0).await?;
        let filter = parse(filter.0.as_ref().map_or("", |text| &text.0.0)).map_err(invalid)?;
        let order = order.0.unwrap_or(Sorted::EffectiveDesc).order();
        let after = cursor.0.map(|cursor| cursor.0);
        if after.is_some_and(|after| after.order != order) {
            let detail = "cursor: it is of a page in another order";
            return Err(Problem::new(&codes::INVALID_PARAMETER).detail(detail).into());
        }
        let mut wanted = Vec::with_capacity(facets.0.len());
        for facet in facets.0.iter().map(|facet| facet.facet()) {
            if !wanted.contains(&facet) {
                wanted.push(facet);
            }
        }
        let asked = question.ask(&[&Transactions::default()], known_at.0, min_position.0).await?;
        let (known_at, as_of, tag) = (asked.known_at, asked.as_of, asked.tag.clone());
        let start_of = |day| question.start_of(EffectiveAt::Date(day));
        let found = search(
            &asked.reader,
            &Search {
                ledger: question.ledger.clone(),
                filter: &filter,
                order,
                after,
                limit: limit.0.0,
                known_at,
                start_of: &start_of,
                totals: totals.0,
                facets: &wanted,
            },
        )
        .await
        .map_err(view_failed)?;
        asked.end().await?;
        match found {
            Found::NoLedger => Err(ledger_not_found(question.ledger.as_str()).into()),
            Found::Page(page) => {
                let known_at = after.map_or(known_at, |after| after.known_at.min(known_at));
                Ok(Tagged(tag, TransactionsPage::of(page, question.position(known_at), as_of)))
            }
        }
    }
}

impl Sorted {
    fn order(self) -> Order {
        let (by, newest_first) = match self {
            Sorted::EffectiveDesc => (By::Effective, true),
            Sorted::EffectiveAsc => (By::Effective, false),
            Sorted::RecordedDesc => (By::Recorded, true),
            Sorted::RecordedAsc => (By::Recorded, false),
        };
        Order { by, newest_first }
    }
}

fn invalid(error: InvalidFilter) -> Problem {
    let mut problem = Problem::new(&codes::INVALID_FILTER).detail(error.to_string());
    let figures = [
        ("parameter", "filter".to_owned()),
        ("at", error.at.to_string()),
        ("found", error.found),
        ("expected", error.expected),
    ];
    problem.body.figures = Some(figures.map(|(name, value)| (name.to_owned(), value)).into());
    problem
}

/// Read by the view's own parser, which says more than a pattern can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterText(pub String);

impl WireValue for FilterText {
    const NAME: &'static str = "filter";
    const EXPECTED: &'static str = "a filter";

    fn schema() -> MetaSchema {
        let example = "account:expenses and amount>=100 and effective:2026-03";
        MetaSchema { max_length: Some(FILTER_CHARACTERS_MAX), pattern: None, ..string("", example) }
    }

    fn parse(text: &str) -> Result<Self, String> {
        Ok(Self(text.to_owned()))
    }

    fn to_text(&self) -> Cow<'_, str> {
        self.0.as_str().into()
    }
}

impl WireValue for Cursor {
    const NAME: &'static str = "cursor";
    const EXPECTED: &'static str = "the `next` of the page before";

    fn schema() -> MetaSchema {
        string(r"^[er][ad]\.(0|[1-9][0-9]{0,13})\.(0|-?[1-9][0-9]{0,16})\.(0|[1-9][0-9]{0,13})$", "ed.99.0.7")
    }

    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|()| format!("expected {}", Self::EXPECTED))
    }

    fn to_text(&self) -> Cow<'_, str> {
        self.to_string().into()
    }
}
