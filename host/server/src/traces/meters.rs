//! What is measured of telling a collector.

use prometheus_client::metrics::counter::Counter;
use waspnest_core::measure::Shown;

/// The measurements of what is told of traces. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Meters {
    pub(super) told: Counter,
    pub(super) left_out: Counter,
    pub(super) refused: Counter,
}

impl Meters {
    /// Makes them part of what is shown.
    pub fn register(&self, shown: &mut Shown) {
        shown.register(
            "trace_spans_told",
            "Pieces of work that the collector of traces took",
            self.told.clone(),
        );
        shown.register(
            "trace_spans_left_out",
            "Pieces of work that nobody was told of, since the collector was too slow",
            self.left_out.clone(),
        );
        shown.register(
            "trace_spans_refused",
            "Pieces of work that the collector of traces did not take",
            self.refused.clone(),
        );
    }
}
