//! What the server writes about itself: log lines to standard error, and traces to a collector when one is named.

mod json;
mod otlp;

use std::io::IsTerminal;

use anyhow::{Context, Result};
use command_api::telemetry::observer::Observer;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::{self, LogFormat, Logging};

/// The `service` of log lines and traces.
pub const SERVICE: &str = "nexus";
/// A terminal shows what needs a human; a log also tells the story.
const HUMAN: &str = "warn";
const JSON: &str = "info,refinery_core=warn,poem=warn";

/// What must be flushed at the end.
#[must_use]
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
}

pub async fn start(logging: &Logging) -> Result<Telemetry> {
    let format = logging.format.unwrap_or(match std::io::stderr().is_terminal() {
        true => LogFormat::Human,
        false => LogFormat::Json,
    });
    let lines = match format {
        LogFormat::Human => tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .boxed(),
        LogFormat::Json => json::layer().boxed(),
    };
    let usual = if format == LogFormat::Human { HUMAN } else { JSON };
    let filter = config::log_filter();
    let filter = EnvFilter::try_new(filter.as_deref().unwrap_or(usual));
    let filter =
        filter.context("NEXUS_LOG (or RUST_LOG) is not a log filter; write it like info,access=warn")?;
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .try_init()
        .context("the log was started twice")?;
    let traces = match config::otlp_endpoint() {
        Some(endpoint) => {
            tracing::info!(endpoint, "sending traces");
            Some(otlp::provider().await?)
        }
        None => None,
    };
    Ok(Telemetry { traces })
}

impl Telemetry {
    /// Watches the door, when traces are on.
    pub fn observer(&self) -> Option<Observer> {
        self.traces.as_ref().map(otlp::observer)
    }

    /// Sends what is left. Blocks, so it happens off the runtime's threads.
    pub async fn stop(self) {
        let Some(traces) = self.traces else { return };
        let sent = tokio::task::spawn_blocking(move || traces.shutdown()).await;
        if let Ok(Err(error)) = sent {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}
