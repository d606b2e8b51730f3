//! How far the views are behind, as Prometheus reads it. Looked up whenever it is asked, so that it is true whichever process
//! folds them.

use projections::{State, ViewError, Views, lags};
use prometheus::{GaugeVec, IntGaugeVec, Opts, Registry};
use sequencer::Sequencer;

pub struct ViewMetrics {
    views: Views,
    sequencer: Sequencer,
    lag_records: IntGaugeVec,
    lag_seconds: GaugeVec,
    halted: IntGaugeVec,
}

impl ViewMetrics {
    pub fn register(
        registry: &Registry,
        views: Views,
        sequencer: Sequencer,
    ) -> Result<ViewMetrics, prometheus::Error> {
        let labels = ["view", "shard"];
        let records = Opts::new("nexus_view_lag_records", "Records that the live build has not read.");
        let seconds =
            Opts::new("nexus_view_lag_seconds", "Age of the oldest record that the live build has not read.");
        let halted = Opts::new("nexus_view_halted", "1: it stands before a record that it cannot fold.");
        let metrics = ViewMetrics {
            views,
            sequencer,
            lag_records: IntGaugeVec::new(records, &labels)?,
            lag_seconds: GaugeVec::new(seconds, &labels)?,
            halted: IntGaugeVec::new(halted, &labels)?,
        };
        registry.register(Box::new(metrics.lag_records.clone()))?;
        registry.register(Box::new(metrics.lag_seconds.clone()))?;
        registry.register(Box::new(metrics.halted.clone()))?;
        Ok(metrics)
    }

    pub async fn refresh(&self) -> Result<(), ViewError> {
        let client = self.views.pool().get().await?;
        let mut lags = lags(&**client, &**self.sequencer.log()).await?;
        lags.retain(|(status, _)| status.state == State::Live);
        // The newest version of a view comes first; it is the one that counts.
        lags.dedup_by(|after, before| after.0.build.name == before.0.build.name);
        for metric in [&self.lag_records, &self.halted] {
            metric.reset();
        }
        self.lag_seconds.reset();
        for (status, lag) in lags {
            let shard = status.build.shard.to_string();
            let labels = [&*status.build.name, &*shard];
            let records = i64::try_from(lag.records).unwrap_or(i64::MAX);
            self.lag_records.with_label_values(&labels).set(records);
            self.lag_seconds.with_label_values(&labels).set(lag.age.as_secs_f64());
            self.halted.with_label_values(&labels).set(i64::from(status.halted.is_some()));
        }
        Ok(())
    }
}
