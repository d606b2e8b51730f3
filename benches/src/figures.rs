//! Named figures: every sample of a run, and the median that counts.

use std::collections::BTreeMap;

use crate::loadgen::Summary;

#[derive(Debug, Default)]
pub struct Figures {
    samples: BTreeMap<String, Vec<f64>>,
}

impl Figures {
    pub fn add(&mut self, name: impl Into<String>, value: f64) {
        self.samples.entry(name.into()).or_default().push(value);
    }

    pub fn add_latencies(&mut self, name: &str, summary: &Summary) {
        self.add(format!("{name}.p50_ms"), summary.p50_ms);
        self.add(format!("{name}.p95_ms"), summary.p95_ms);
        self.add(format!("{name}.p99_ms"), summary.p99_ms);
        self.add(format!("{name}.p999_ms"), summary.p999_ms);
    }

    pub fn median(&self, name: &str) -> Option<f64> {
        self.samples.get(name).map(|samples| median(samples))
    }

    /// Name, median, least, greatest.
    pub fn rows(&self) -> impl Iterator<Item = (&str, f64, f64, f64)> {
        self.samples.iter().map(|(name, samples)| {
            let least = samples.iter().copied().fold(f64::INFINITY, f64::min);
            let greatest = samples.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            (name.as_str(), median(samples), least, greatest)
        })
    }

    /// One flat object: dotted name → median.
    pub fn to_json(&self) -> String {
        let flat: serde_json::Map<_, _> =
            self.rows().map(|(name, median, ..)| (name.to_owned(), rounded(median).into())).collect();
        serde_json::to_string_pretty(&flat).expect("a map of numbers encodes")
    }
}

fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 }
}

/// Four significant digits: the noise begins well before.
pub fn rounded(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_the_samples_is_what_counts() {
        let mut figures = Figures::default();
        for value in [3.0, 1.0, 100.0] {
            figures.add("a.per_s", value);
        }
        figures.add("b", 1.0);
        figures.add("b", 2.0);
        figures.add("c", 34_567.8);
        assert_eq!(figures.to_json(), "{\n  \"a.per_s\": 3.0,\n  \"b\": 1.5,\n  \"c\": 34570.0\n}");
    }
}
