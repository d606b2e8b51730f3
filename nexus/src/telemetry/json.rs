//! A log line as one JSON object: `timestamp`, `level`, `service`, `message`, then the event's fields.

use std::fmt;

use chrono::{SecondsFormat, Utc};
use serde_json::Value;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer,
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

use super::SERVICE;

pub fn layer<S>() -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    tracing_subscriber::fmt::layer().event_format(Lines).with_writer(std::io::stderr)
}

struct Lines;

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let timestamp = Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true);
        let metadata = event.metadata();
        write!(writer, r#"{{"timestamp":"{timestamp}","level":"{}""#, metadata.level())?;
        // A line of the door says itself whose it is.
        if !fields.others.iter().any(|(name, _)| *name == "service") {
            write!(writer, r#","service":"{SERVICE}""#)?;
        }
        write!(writer, r#","message":{},"target":"{}""#, Value::String(fields.message), metadata.target())?;
        // What libraries log by the `log` crate comes with four fields about where; the module says enough.
        let others = fields.others.into_iter().filter(|(name, _)| !name.starts_with("log."));
        for (name, value) in others {
            write!(writer, ",{}:{value}", Value::from(name))?;
        }
        writeln!(writer, "}}")
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    others: Vec<(&'static str, Value)>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.others.push((field.name(), value.into()));
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        match field.name() {
            "message" => self.message = text,
            _ => self.put(field, text),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => value.clone_into(&mut self.message),
            _ => self.put(field, value),
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.put(field, with_causes(value));
    }
}

/// `cannot append: connection closed: broken pipe`.
fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        sync::{Arc, Mutex},
    };

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// The line, with its timestamp checked and taken out.
    fn line(log: impl FnOnce()) -> String {
        let written = Written::default();
        let writer = written.clone();
        let layer = tracing_subscriber::fmt::layer().event_format(Lines).with_writer(move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        let mut line: Value = serde_json::from_str(&text).unwrap();
        let timestamp = line["timestamp"].take();
        assert!(chrono::DateTime::parse_from_rfc3339(timestamp.as_str().unwrap()).is_ok(), "{timestamp}");
        text.replace(&timestamp.to_string(), "T").trim_end().to_owned()
    }

    #[test]
    fn a_line_is_an_object_with_the_fixed_fields_first() {
        let error = std::io::Error::other("disk \"full\"");
        let error = anyhow::Error::from(error).context("cannot write");
        assert_eq!(
            line(|| tracing::warn!(target: "t", n = 3, ok = true, error = &*error, "it {}", "failed")),
            r#"{"timestamp":T,"level":"WARN","service":"nexus","message":"it failed","target":"t","n":3,"ok":true,"error":"cannot write: disk \"full\""}"#
        );
    }

    #[test]
    fn a_service_of_its_own_stands_once() {
        assert_eq!(
            line(|| tracing::info!(target: "access", service = "door", status_code = 201_u16, "GET x")),
            r#"{"timestamp":T,"level":"INFO","message":"GET x","target":"access","service":"door","status_code":201}"#
        );
    }
}
