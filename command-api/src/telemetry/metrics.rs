//! `http_requests_total`, `http_request_duration_seconds` and the requests in flight.
//!
//! Labels are the method, the operation's id and the status: a few hundred series, whatever the traffic.

use std::time::Duration;

use poem::http::Method;
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry};

const SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The label of a request that no operation answered.
pub const UNMATCHED: &str = "unmatched";

pub struct HttpMetrics {
    requests: IntCounterVec,
    duration: HistogramVec,
    in_flight: IntGauge,
}

/// Counts one request as in flight until it is dropped, be it that the client goes away.
pub struct InFlight<'a>(&'a IntGauge);

impl HttpMetrics {
    /// Registers the metrics; every series carries the service's name.
    pub fn register(registry: &Registry, service: &str) -> Result<Self, prometheus::Error> {
        let labels = ["method", "route", "status"];
        let requests = Opts::new("http_requests_total", "Requests answered.").const_label("service", service);
        let duration =
            HistogramOpts::new("http_request_duration_seconds", "From the request's head to the answer's.")
                .const_label("service", service)
                .buckets(SECONDS.to_vec());
        let in_flight = Opts::new("http_requests_in_flight", "Requests being answered now.")
            .const_label("service", service);
        let metrics = Self {
            requests: IntCounterVec::new(requests, &labels)?,
            duration: HistogramVec::new(duration, &labels)?,
            in_flight: IntGauge::with_opts(in_flight)?,
        };
        registry.register(Box::new(metrics.requests.clone()))?;
        registry.register(Box::new(metrics.duration.clone()))?;
        registry.register(Box::new(metrics.in_flight.clone()))?;
        Ok(metrics)
    }

    pub fn enter(&self) -> InFlight<'_> {
        self.in_flight.inc();
        InFlight(&self.in_flight)
    }

    pub fn record(&self, method: &Method, route: &str, status: u16, took: Duration) {
        let mut digits = itoa::Buffer::new();
        let labels = [method_label(method), route, digits.format(status)];
        self.requests.with_label_values(&labels).inc();
        self.duration.with_label_values(&labels).observe(took.as_secs_f64());
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Clients can make methods up; the label cannot grow with them.
fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "HEAD" => "HEAD",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}
