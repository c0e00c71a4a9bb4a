//! What is measured of logs: how many events come, of which family.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family as Metrics;

use crate::event::{Event, Family};
use crate::measure::Shown;

/// The measurements of logs. Clones are the same.
#[derive(Debug, Clone)]
pub struct Meters {
    appended: Metrics<OfFamily, Counter>,
    by_family: [Counter; Family::ALL.len()],
    duplicates: Counter,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfFamily {
    family: &'static str,
}

impl Default for Meters {
    fn default() -> Self {
        let appended = Metrics::<OfFamily, Counter>::default();
        let of = |family: Family| appended.get_or_create_owned(&OfFamily { family: family.name() });
        Self {
            by_family: Family::ALL.map(of),
            appended,
            duplicates: Counter::default(),
        }
    }
}

impl Meters {
    /// Makes them part of what is shown.
    pub fn register(&self, shown: &mut Shown) {
        shown.register(
            "events",
            "Events that were recorded in the logs of sessions, by family",
            self.appended.clone(),
        );
        shown.register(
            "event_duplicates",
            "Messages that were delivered again and are in the log once",
            self.duplicates.clone(),
        );
    }

    pub(super) fn appended(&self, events: &[Event], duplicates: usize) {
        for event in events {
            self.by_family[event.kind.family() as usize].inc();
        }
        self.duplicates.inc_by(duplicates as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_counted_at_its_place() {
        for (place, family) in Family::ALL.into_iter().enumerate() {
            assert_eq!(place, family as usize);
        }
    }
}
