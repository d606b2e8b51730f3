//! Is it alive, is it ready, how is it doing: the routes that orchestrators and Prometheus ask.

use std::sync::Arc;

use poem_openapi::{ApiResponse, Object, OpenApi, payload::PlainText};
use prometheus::TextEncoder;
use serde::Serialize;

use crate::{
    caller::{Caller, Public},
    codes,
    engine::view_metrics::ViewMetrics,
    fast::Fast,
    keys::scope::MetricsRead,
    problem::Problem,
    tags::Tag,
};

/// What the door asks before it says that it is ready.
pub trait Readiness: Send + Sync {
    /// `Err` says what is missing, in words that anyone may read.
    fn ready(&self) -> Result<(), String>;
}

/// The state of the service.
#[derive(Object, Serialize)]
pub struct Health {
    /// `ok`; anything else comes as a problem with status 503.
    pub status: String,
}

pub struct HealthRoutes {
    pub readiness: Arc<dyn Readiness>,
    pub registry: prometheus::Registry,
    pub views: Option<ViewMetrics>,
}

#[derive(ApiResponse)]
enum Metrics {
    /// The Prometheus text format, version 0.0.4.
    #[oai(status = 200)]
    Text(PlainText<String>),
}

#[OpenApi]
impl HealthRoutes {
    /// Is the process alive?
    ///
    /// Depends on nothing else: a database that is away is no reason to restart the door.
    #[oai(path = "/health/live", method = "get", operation_id = "health_live", tag = "Tag::Operations")]
    async fn live(&self, _caller: Public) -> Fast<Health> {
        Fast(Health { status: "ok".to_owned() })
    }

    /// Can it take requests?
    ///
    /// No while it starts, while the log cannot be written, and from the moment it is told to stop.
    #[oai(path = "/health/ready", method = "get", operation_id = "health_ready", tag = "Tag::Operations")]
    async fn ready(&self, _caller: Public) -> poem::Result<Fast<Health>> {
        match self.readiness.ready() {
            Ok(()) => Ok(Fast(Health { status: "ok".to_owned() })),
            Err(missing) => Err(Problem::new(&codes::UNAVAILABLE).detail(missing).retry_after(1).into()),
        }
    }

    /// Figures for Prometheus
    #[oai(path = "/metrics", method = "get", operation_id = "metrics", tag = "Tag::Operations")]
    async fn metrics(&self, _caller: Caller<MetricsRead>) -> poem::Result<Metrics> {
        if let Some(views) = &self.views
            && let Err(error) = views.refresh().await
        {
            // The other figures are worth having when the views' database is away.
            tracing::warn!(error = &error as &dyn std::error::Error, "the views' lag could not be looked up");
        }
        let text = TextEncoder::new().encode_to_string(&self.registry.gather()).map_err(|error| {
            tracing::error!(%error, "the metrics could not be written");
            Problem::new(&codes::INTERNAL)
        })?;
        Ok(Metrics::Text(PlainText(text)))
    }
}
