//! Traces over OTLP (HTTP, protobuf), to where `OTEL_EXPORTER_OTLP_ENDPOINT` says: a span for each request.
//!
//! Spans are made when a request has been answered, by hand: so nothing is paid while traces are off, a span has its
//! route's name from the start, and the exporter's own requests are never traced.

use std::{collections::HashMap, sync::Arc, time::SystemTime};

use anyhow::{Context as _, Result};
use command_api::telemetry::observer::{Answered, Observer};
use opentelemetry::{
    Context, KeyValue,
    propagation::TextMapPropagator,
    trace::{Span, SpanBuilder, SpanKind, Status, TracerProvider},
};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{SdkTracer, SdkTracerProvider},
};

use super::SERVICE;

/// The exporter reads its further settings (headers, timeout, sampler) from the environment, as its standard says.
pub async fn provider() -> Result<SdkTracerProvider> {
    // The exporter's client blocks: it must neither be made nor used on the runtime's threads.
    let made = tokio::task::spawn_blocking(|| SpanExporter::builder().with_http().build()).await?;
    let exporter = made.context("traces cannot be sent; see OTEL_EXPORTER_OTLP_ENDPOINT")?;
    let resource = Resource::builder().with_service_name(SERVICE).build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

/// Makes a span of every answered request.
pub fn observer(provider: &SdkTracerProvider) -> Observer {
    let tracer = provider.tracer(SERVICE);
    Observer(Arc::new(move |answered| record(&tracer, answered)))
}

fn record(tracer: &SdkTracer, answered: &Answered<'_>) {
    let Answered { context, route, status, took } = answered;
    let ended = SystemTime::now();
    let mut attributes = vec![
        KeyValue::new("http.request.method", context.method.to_string()),
        KeyValue::new("http.route", (*route).to_owned()),
        KeyValue::new("http.response.status_code", i64::from(*status)),
        KeyValue::new("request_id", context.request_id.clone()),
    ];
    attributes.extend(context.caller().map(|key| KeyValue::new("user_id", key.id.clone())));
    let mut span = SpanBuilder::from_name(format!("{} {route}", context.method))
        .with_kind(SpanKind::Server)
        .with_start_time(ended.checked_sub(*took).unwrap_or(ended))
        .with_attributes(attributes)
        .start_with_context(tracer, &parent(context.traceparent.as_deref()));
    if *status >= SERVER_ERRORS {
        span.set_status(Status::error("the server failed"));
    }
    span.end_with_timestamp(ended);
}

/// From here on the fault is the server's, and the span an error.
const SERVER_ERRORS: u16 = 500;

/// The caller's trace, if it brought one.
fn parent(traceparent: Option<&str>) -> Context {
    let Some(traceparent) = traceparent else { return Context::new() };
    let headers = HashMap::from([("traceparent".to_owned(), traceparent.to_owned())]);
    TraceContextPropagator::new().extract_with_context(&Context::new(), &headers)
}
