//! `GET /v1/views`

use std::sync::Arc;

use event_schemas::Position;
use poem_openapi::{Object, OpenApi};
use projections::{Lag, Status, ViewError, lags};
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
    /// Age of the oldest of them, in ms.
    pub lag_ms: u64,
    /// Of what there is to read, in percent.
    pub percent: String,
    /// How fast it reads, when it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records_per_s: Option<u64>,
    /// How long it will take to read the rest at that rate, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eta_s: Option<u64>,
    /// What it does beside reading: `making indexes`, `comparing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doing: Option<String>,
    /// When the last record that it read was recorded.
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
        let client = views.pool().get().await.map_err(|error| view_failed(ViewError::from(error)))?;
        let lags = lags(&**client, &**self.0.sequencer.log()).await.map_err(view_failed)?;
        let head = self.0.read(|_, position| position).await?;
        let views = lags.into_iter().map(|(status, lag)| view(status, lag, head)).collect();
        Ok(Fast(ViewsPage { views, head: Wire(head) }))
    }
}

fn view(status: Status, lag: Lag, head: Position) -> ViewStatus {
    let here = |sequence| Wire(Position { sequence, ..head });
    let (percent, eta) = (status.percent(lag), status.eta(lag));
    let (halted_at, halted_reason) = status.halted.unzip();
    ViewStatus {
        view: status.build.name,
        version: status.build.version,
        build: status.build.build,
        state: status.state.as_str().to_owned(),
        position: here(status.position),
        lag_records: lag.records,
        lag_ms: u64::try_from(lag.age.as_millis()).unwrap_or(u64::MAX),
        // Rounded down: it is at 100 when it is there, and not before.
        percent: format!("{:.1}", (percent * 10.0).floor() / 10.0),
        records_per_s: status.records_per_s.map(|pace| pace.round() as u64),
        eta_s: eta.map(|eta| eta.as_secs_f64().ceil() as u64),
        doing: status.doing,
        recorded_at: status.recorded_at.map(|at| at.to_string()),
        compared_at: status.compared_at.map(here),
        halted_at: halted_at.map(here),
        halted_reason,
    }
}
