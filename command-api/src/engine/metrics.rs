//! The engine's figures as Prometheus reads them.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use prometheus::{
    core::{Collector, Desc},
    proto::{Bucket, Counter, Gauge, Histogram, Metric, MetricFamily, MetricType},
};
use sequencer::Sequencer;

/// Reads the sequencer's counters whenever it is asked.
pub struct EngineMetrics(pub Sequencer);

impl Collector for EngineMetrics {
    /// None: what is not described is not checked for doubles, and nobody else uses these names.
    fn desc(&self) -> Vec<&Desc> {
        Vec::new()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let metrics = self.0.metrics();
        let read = |value: &AtomicU64| value.load(Relaxed) as f64;
        let (buckets, sum) = metrics.commit.cumulative();
        vec![
            counter("nexus_events_recorded_total", "Events recorded.", read(&metrics.events_recorded)),
            counter("nexus_refusals_recorded_total", "Refusals recorded.", read(&metrics.refusals_recorded)),
            counter("nexus_repeats_total", "Requests answered from the log.", read(&metrics.repeats)),
            counter(
                "nexus_key_conflicts_total",
                "Keys sent again with another request.",
                read(&metrics.key_conflicts),
            ),
            counter(
                "nexus_not_recorded_total",
                "Commands that the log did not store.",
                read(&metrics.not_recorded),
            ),
            counter("nexus_timed_out_total", "Commands that waited too long.", read(&metrics.timed_out)),
            counter(
                "nexus_turned_away_total",
                "Commands turned away because the queue was full.",
                read(&metrics.turned_away),
            ),
            counter("nexus_batches_total", "Rows appended to the log.", read(&metrics.batches)),
            gauge(
                "nexus_queue_age_seconds",
                "Age of the command that left the queue last.",
                read(&metrics.queue_age_us) / 1e6,
            ),
            gauge("nexus_queue_length", "Commands and reads that wait.", self.0.queued() as f64),
            gauge("nexus_durable_sequence", "The last record that is durable.", read(&metrics.durable)),
            gauge("nexus_keys", "Keys in memory.", read(&metrics.keys)),
            histogram("nexus_commit_seconds", "From a row's append to its outcome.", &buckets, sum),
        ]
    }
}

fn counter(name: &str, help: &str, value: f64) -> MetricFamily {
    let mut counter = Counter::default();
    counter.set_value(value);
    let mut metric = Metric::default();
    metric.set_counter(counter);
    family(name, help, MetricType::COUNTER, metric)
}

fn gauge(name: &str, help: &str, value: f64) -> MetricFamily {
    let mut gauge = Gauge::default();
    gauge.set_value(value);
    let mut metric = Metric::default();
    metric.set_gauge(gauge);
    family(name, help, MetricType::GAUGE, metric)
}

fn histogram(name: &str, help: &str, buckets: &[(f64, u64)], sum: f64) -> MetricFamily {
    let mut histogram = Histogram::default();
    histogram.set_sample_count(buckets.last().map_or(0, |(_, count)| *count));
    histogram.set_sample_sum(sum);
    let buckets = buckets.iter().map(|(bound, count)| {
        let mut bucket = Bucket::default();
        bucket.set_upper_bound(*bound);
        bucket.set_cumulative_count(*count);
        bucket
    });
    histogram.set_bucket(buckets.collect());
    let mut metric = Metric::default();
    metric.set_histogram(histogram);
    family(name, help, MetricType::HISTOGRAM, metric)
}

fn family(name: &str, help: &str, kind: MetricType, metric: Metric) -> MetricFamily {
    let mut family = MetricFamily::default();
    family.set_name(name.to_owned());
    family.set_help(help.to_owned());
    family.set_field_type(kind);
    family.set_metric(vec![metric]);
    family
}
