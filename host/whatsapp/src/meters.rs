//! What is measured of sessions: how often their connections are made, how often each state is come to, and how often the host had to step in.
//!
//! How many sessions are in which state at the moment is not kept here; it is looked at when somebody asks.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use waspnest_core::measure::Shown;

use crate::status::State;

/// The measurements of sessions. Clones are the same.
#[derive(Debug, Clone)]
pub struct Meters {
    connections: Family<Outcome, Counter>,
    became: Family<Became, Counter>,
    renewals: Family<Cause, Counter>,
    asked_again: Counter,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Became {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Cause {
    cause: &'static str,
}

/// Why a session is started anew by the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Renewal {
    /// The connection stands and nothing comes over it.
    Silent,
    /// No connection came about in time.
    Stuck,
    /// The client ended.
    Stopped,
}

impl Renewal {
    const ALL: [Self; 3] = [Self::Silent, Self::Stuck, Self::Stopped];

    const fn name(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Stuck => "stuck",
            Self::Stopped => "stopped",
        }
    }
}

impl Default for Meters {
    fn default() -> Self {
        let meters = Self {
            connections: Family::default(),
            became: Family::default(),
            renewals: Family::default(),
            asked_again: Counter::default(),
        };
        for outcome in ["made", "failed", "postponed"] {
            meters.connections.get_or_create_owned(&Outcome { outcome });
        }
        for state in State::NAMES {
            meters.became.get_or_create_owned(&Became { state });
        }
        for cause in Renewal::ALL {
            meters.renewals.get_or_create_owned(&Cause { cause: cause.name() });
        }
        meters
    }
}

impl Meters {
    /// Makes them part of what is shown.
    pub fn register(&self, shown: &mut Shown) {
        shown.register(
            "whatsapp_connections",
            "Attempts to connect to WhatsApp, over all sessions; postponed ones came when too many others did",
            self.connections.clone(),
        );
        shown.register(
            "session_changes",
            "Sessions that came to a state they were not in",
            self.became.clone(),
        );
        shown.register(
            "session_renewals",
            "Sessions that the host started anew because nothing came, no connection came about or their client ended",
            self.renewals.clone(),
        );
        shown.register(
            "messages_asked_again",
            "Messages that were decrypted and never recorded, and whose senders were asked for them once more",
            self.asked_again.clone(),
        );
    }

    /// A connection was tried.
    pub(crate) fn dialed<T, E>(&self, dialed: &Result<T, E>) {
        let outcome = match dialed {
            Ok(_) => "made",
            Err(_) => "failed",
        };
        self.connections.get_or_create(&Outcome { outcome }).inc();
    }

    /// A connection was not tried, because too many others are.
    pub(crate) fn postponed(&self) {
        let outcome = "postponed";
        self.connections.get_or_create(&Outcome { outcome }).inc();
    }

    /// A session came to another state.
    pub(crate) fn became(&self, state: State) {
        self.became.get_or_create(&Became { state: state.name() }).inc();
    }

    /// The host steps in.
    pub(crate) fn renewed(&self, renewal: Renewal) {
        let cause = renewal.name();
        self.renewals.get_or_create(&Cause { cause }).inc();
    }

    /// A sender is asked for a message once more.
    pub(crate) fn asked_again(&self) {
        self.asked_again.inc();
    }
}
