//! Traces over OTLP (HTTP, protobuf), to where `OTEL_EXPORTER_OTLP_ENDPOINT` says.

use anyhow::{Context, Result};
use opentelemetry::{global, trace::TracerProvider};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use tracing::Subscriber;
use tracing_subscriber::{EnvFilter, Layer, registry::LookupSpan};

use super::SERVICE;

/// Without its own requests: else every export would be traced, and exported.
const WITHOUT_OURSELVES: &str =
    "info,hyper=off,hyper_util=off,reqwest=off,h2=off,tower=off,opentelemetry=off";

/// The exporter reads its own further settings (headers, timeout, sampler) from the environment, as its standard says.
pub async fn provider() -> Result<SdkTracerProvider> {
    // The exporter's client blocks: it must neither be made nor used on the runtime's threads.
    let made = tokio::task::spawn_blocking(|| SpanExporter::builder().with_http().build()).await?;
    let exporter = made.context("traces cannot be sent; see OTEL_EXPORTER_OTLP_ENDPOINT")?;
    global::set_text_map_propagator(TraceContextPropagator::new());
    let resource = Resource::builder().with_service_name(SERVICE).build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

pub fn layer<S>(provider: &SdkTracerProvider) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    tracing_opentelemetry::layer()
        .with_tracer(provider.tracer(SERVICE))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_filter(EnvFilter::new(WITHOUT_OURSELVES))
}
