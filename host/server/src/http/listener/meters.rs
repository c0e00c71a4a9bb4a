//! What is measured of connections.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use waspnest_core::measure::Shown;

use super::places::Full;
use super::pulse::Late;

/// The measurements of listeners. Clones are the same.
#[derive(Debug, Clone)]
pub(in crate::http) struct Meters {
    open: Gauge,
    accepted: Family<Outcome, Counter>,
    cut: Family<Why, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Why {
    why: &'static str,
}

/// What became of a connection when it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Accepted {
    /// It is served.
    Served,
    /// It was closed at once.
    Refused(Full),
    /// The machine could not give it.
    Failed,
}

impl Accepted {
    const ALL: [Self; 4] = [
        Self::Served,
        Self::Refused(Full::InAll),
        Self::Refused(Full::OfAddress),
        Self::Failed,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::Refused(Full::InAll) => "full",
            Self::Refused(Full::OfAddress) => "address_full",
            Self::Failed => "failed",
        }
    }
}

/// Why the host ended a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// The other side took too long.
    Late(Late),
    /// No TLS came about.
    Handshake,
}

impl Cut {
    const ALL: [Self; 5] = [
        Self::Handshake,
        Self::Late(Late::Head),
        Self::Late(Late::Idle),
        Self::Late(Late::Stalled),
        Self::Late(Late::Parting),
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::Late(Late::Head) => "slow_head",
            Self::Late(Late::Idle) => "idle",
            Self::Late(Late::Stalled) => "stalled",
            Self::Late(Late::Parting) => "parting",
        }
    }
}

/// A connection that is open, until this is dropped.
#[derive(Debug)]
pub(super) struct Open(Gauge);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Default for Meters {
    fn default() -> Self {
        let meters = Self {
            open: Gauge::default(),
            accepted: Family::default(),
            cut: Family::default(),
        };
        for accepted in Accepted::ALL {
            meters.accepted.get_or_create_owned(&Outcome {
                outcome: accepted.name(),
            });
        }
        for cut in Cut::ALL {
            meters.cut.get_or_create_owned(&Why { why: cut.name() });
        }
        meters
    }
}

impl Meters {
    /// Makes them part of what is shown.
    pub(in crate::http) fn register(&self, shown: &mut Shown) {
        shown.register("http_connections", "Connections that are open", self.open.clone());
        shown.register(
            "http_connections_accepted",
            "Connections that came, by what became of them",
            self.accepted.clone(),
        );
        shown.register(
            "http_connections_cut",
            "Connections that the host ended, by why",
            self.cut.clone(),
        );
    }

    /// A connection came.
    pub(super) fn accepted(&self, accepted: Accepted) {
        let outcome = accepted.name();
        self.accepted.get_or_create(&Outcome { outcome }).inc();
    }

    /// A connection is open.
    pub(super) fn open(&self) -> Open {
        self.open.inc();
        Open(self.open.clone())
    }

    /// The host ended a connection.
    pub(super) fn cut(&self, cut: Cut) {
        self.cut.get_or_create(&Why { why: cut.name() }).inc();
    }

    #[cfg(test)]
    pub(super) fn count(&self, accepted: Accepted) -> u64 {
        let outcome = accepted.name();
        self.accepted.get_or_create(&Outcome { outcome }).get()
    }

    #[cfg(test)]
    pub(super) fn cuts(&self, cut: Cut) -> u64 {
        self.cut.get_or_create(&Why { why: cut.name() }).get()
    }
}
