//! One line per request in the log, with the fields that the platform's log search is built on.
//!
//! Lines go to the target `access`. Failures and slow requests are always written; successes only when asked for,
//! since at 40,000 requests a second the log would cost more than the answers.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::context::RequestContext;

/// Which successes get a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Successes {
    #[default]
    None,
    /// Every n-th.
    Sampled(u64),
    All,
}

#[derive(Debug)]
pub struct AccessLog {
    pub service: String,
    pub successes: Successes,
    /// From here on a success counts as slow.
    pub slow: Duration,
    count: AtomicU64,
}

impl AccessLog {
    pub fn new(service: String, successes: Successes, slow: Duration) -> Self {
        Self { service, successes, slow, count: AtomicU64::new(0) }
    }

    pub fn write(&self, context: &RequestContext, route: &str, status: u16, took: Duration) {
        if status < 400 && took < self.slow && !self.is_sampled() {
            return;
        }
        // The macro wants its level at compile time.
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: "access",
                    service = self.service,
                    user_id = context.caller().map(|key| key.id.as_str()).unwrap_or("-"),
                    ip_address = %context.ip_address.map(|ip| ip.to_string()).unwrap_or_default(),
                    user_agent = context.user_agent.as_ref().and_then(|agent| agent.to_str().ok()).unwrap_or("-"),
                    request_id = context.request_id,
                    response_time_ms = took.as_micros() as f64 / 1000.0,
                    status_code = status,
                    "{} {route}", context.method,
                )
            };
        }
        match status {
            500.. => line!(error),
            400.. => line!(warn),
            _ => line!(info),
        }
    }

    fn is_sampled(&self) -> bool {
        match self.successes {
            Successes::None => false,
            Successes::All => true,
            Successes::Sampled(nth) => self.count.fetch_add(1, Ordering::Relaxed).is_multiple_of(nth.max(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        sync::{Arc, Mutex},
    };

    use expect_test::expect;
    use poem::Request;

    use super::*;
    use crate::keys::{Grant, Key};

    /// What the log's formatter wrote.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// The lines that these statuses leave, of requests that took 12.5 ms each.
    fn lines(successes: Successes, slow_ms: u64, statuses: &[u16]) -> Vec<serde_json::Value> {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber =
            tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || writer.clone()).finish();
        let request = Request::builder()
            .header("x-request-id", "req_1")
            .header("user-agent", "curl/8")
            .header("authorization", "Bearer nxk_dev_secret")
            .uri_str("/v1/ledgers?secret=1")
            .finish();
        let context = RequestContext::of(&request);
        let (key, _) = Key::issue(
            Some("dev".into()),
            "dev".into(),
            [crate::keys::Scope::Read].into(),
            Grant::All,
            chrono::Utc::now(),
        );
        context.note_caller(&Arc::new(key));
        tracing::subscriber::with_default(subscriber, || {
            let log = AccessLog::new("nexus".to_owned(), successes, Duration::from_millis(slow_ms));
            for status in statuses {
                log.write(&context, "list_ledgers", *status, Duration::from_micros(12_500));
            }
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert!(!text.contains("secret"), "{text}");
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_line_has_the_ten_fields() {
        let mut line = lines(Successes::All, 1000, &[403]).remove(0);
        let timestamp = line["timestamp"].take();
        assert!(chrono::DateTime::parse_from_rfc3339(timestamp.as_str().unwrap()).is_ok(), "{timestamp}");
        expect![[r#"
            {
              "ip_address": "",
              "level": "WARN",
              "message": "GET list_ledgers",
              "request_id": "req_1",
              "response_time_ms": 12.5,
              "service": "nexus",
              "status_code": 403,
              "target": "access",
              "timestamp": null,
              "user_agent": "curl/8",
              "user_id": "dev"
            }"#]]
        .assert_eq(&serde_json::to_string_pretty(&line).unwrap());
    }

    #[test]
    fn failures_and_slow_requests_always_get_a_line_and_successes_when_asked_for() {
        let statuses = [200, 201, 404, 500];
        let count = |successes, slow_ms| lines(successes, slow_ms, &statuses).len();
        assert_eq!(count(Successes::None, 1000), 2);
        assert_eq!(count(Successes::None, 10), 4);
        assert_eq!(count(Successes::All, 1000), 4);
        assert_eq!(count(Successes::Sampled(2), 1000), 3);
    }
}
