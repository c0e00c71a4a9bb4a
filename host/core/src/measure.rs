//! What the host's measurements are made of, so that all of them have the same units and the same buckets.
//!
//! Each part of the host keeps a small struct of handles near what it measures (`store::Meters`, `log::Meters`, …), and the composition
//! root registers them all. Handles are looked up once; measuring is an addition. A label is never something that people choose freely:
//! no chat, no phone number, no id of a message.

use std::collections::BTreeSet;

use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry, Unit};

/// Upper ends of the buckets of durations, in seconds: from a commit in memory to a server that answers late.
const SECONDS: [f64; 15] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0,
];

/// Upper ends of the buckets of counts.
const COUNTS: [f64; 11] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

/// A histogram of durations, in seconds.
#[must_use]
pub fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

/// A histogram of how many there are of something at a time.
#[must_use]
pub fn counts() -> Histogram {
    Histogram::new(COUNTS)
}

/// What all names of metrics begin with.
const PREFIX: &str = "waspnest";

/// A registry that knows the names of what is in it, those of which nothing was measured yet among them.
#[derive(Debug)]
pub struct Shown {
    registry: Registry,
    names: BTreeSet<String>,
}

impl Default for Shown {
    fn default() -> Self {
        Self {
            registry: Registry::with_prefix(PREFIX),
            names: BTreeSet::new(),
        }
    }
}

impl Shown {
    /// Adds a metric. Neither the prefix of all names nor the ending of counters belongs into `name`.
    pub fn register(&mut self, name: &str, help: &str, metric: impl Metric) {
        self.note(name, None, metric.metric_type());
        self.registry.register(name, help, metric);
    }

    /// Adds a metric whose name ends with its unit, which does not belong into `name` either.
    pub fn register_with_unit(&mut self, name: &str, help: &str, unit: Unit, metric: impl Metric) {
        self.note(name, Some(&unit), metric.metric_type());
        self.registry.register_with_unit(name, help, unit, metric);
    }

    fn note(&mut self, name: &str, unit: Option<&Unit>, kind: MetricType) {
        let unit = unit.map(|unit| format!("_{}", unit.as_str())).unwrap_or_default();
        let ending = match kind {
            MetricType::Counter => "_total",
            MetricType::Gauge | MetricType::Histogram | MetricType::Info | MetricType::Unknown => "",
        };
        self.names.insert(format!("{PREFIX}_{name}{unit}{ending}"));
    }

    /// The names of all metrics, as they are asked for; those of histograms without `_bucket`, `_count` and `_sum`.
    #[must_use]
    pub const fn names(&self) -> &BTreeSet<String> {
        &self.names
    }

    /// What is shown.
    #[must_use]
    pub const fn registry(&self) -> &Registry {
        &self.registry
    }
}
