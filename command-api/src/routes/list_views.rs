//! `GET /v1/views`

use std::sync::Arc;

use event_schemas::Position;
use poem_openapi::{Object, OpenApi};
use projections::{Status, ViewError, statuses};
use serde::Serialize;

use crate::{
    caller::Caller,
    codes,
    engine::{Engine, view_failed},
    fast::Fast,
    keys::scope::Admin,
    problem::Problem,
    tags::Tag,
    wire::Wire,
};

pub struct Route(pub Arc<Engine>);

/// All builds of all views.
#[derive(Object, Serialize, Clone, Debug)]
pub struct ViewsPage {
    pub views: Vec<ViewStatus>,
    /// Where the log ends.
    pub head: Wire<Position>,
}

/// One build of a view.
#[derive(Object, Serialize, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct ViewStatus {
    pub view: String,
    pub version: u16,
    /// Counts the times that this version was built.
    pub build: u32,
    /// `building`, `live`, `retired`, or `differs`: it was built anew and is not equal to the live one.
    pub state: String,
    /// What it has read.
    pub position: Wire<Position>,
    /// Records that it has not read yet.
    pub lag_records: u64,
    /// When the last record that it folded was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded_at: Option<String>,
    /// Where it was found equal to the build before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compared_at: Option<Wire<Position>>,
    /// The record that it cannot fold. It stands still before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub halted_at: Option<Wire<Position>>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub halted_reason: Option<String>,
}

#[OpenApi]
impl Route {
    /// See how far the views are
    #[oai(path = "/v1/views", method = "get", operation_id = "list_views", tag = "Tag::Views")]
    async fn list(&self, _caller: Caller<Admin>) -> poem::Result<Fast<ViewsPage>> {
        let views =
            self.0.views.as_ref().ok_or_else(|| Problem::new(&codes::VIEW_NOT_READY).retry_after(60))?;
        let head = self.0.read(|_, position| position).await?;
        let client = views.pool().get().await.map_err(|error| view_failed(ViewError::from(error)))?;
        let statuses = statuses(&**client, views.shard()).await.map_err(view_failed)?;
        let views = statuses.into_iter().map(|status| view(status, head)).collect();
        Ok(Fast(ViewsPage { views, head: Wire(head) }))
    }
}

fn view(status: Status, head: Position) -> ViewStatus {
    let here = |sequence| Wire(Position { sequence, ..head });
    let (halted_at, halted_reason) = status.halted.unzip();
    ViewStatus {
        view: status.build.name,
        version: status.build.version,
        build: status.build.build,
        state: status.state.as_str().to_owned(),
        position: here(status.position),
        lag_records: head.sequence.0.saturating_sub(status.position.0),
        recorded_at: status.recorded_at.map(|at| at.to_string()),
        compared_at: status.compared_at.map(here),
        halted_at: halted_at.map(here),
        halted_reason,
    }
}
