//! What is measured of telling servers: attempts by endpoint and what came of them, and how long each took.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Unit;
use waspnest_core::measure::{self, Shown};

/// The measurements of webhooks. Clones are the same.
#[derive(Debug, Clone)]
pub struct WebhookMeters {
    attempts: Family<Attempt, Counter>,
    seconds: Family<Endpoint, Histogram>,
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The server took it.
    Taken,
    /// It is tried again.
    Again,
    /// It is given up.
    GivenUp,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Endpoint {
    endpoint: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Attempt {
    endpoint: String,
    outcome: &'static str,
}

impl Told {
    const ALL: [Self; 3] = [Self::Taken, Self::Again, Self::GivenUp];

    /// As what an attempt failed, if it did.
    pub(crate) const fn failed(self) -> Option<&'static str> {
        match self {
            Self::Taken => None,
            Self::Again | Self::GivenUp => Some(self.name()),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Again => "again",
            Self::GivenUp => "given_up",
        }
    }
}

impl Default for WebhookMeters {
    fn default() -> Self {
        Self {
            attempts: Family::default(),
            seconds: Family::new_with_constructor(measure::seconds),
        }
    }
}

impl WebhookMeters {
    /// Makes them part of what is shown.
    pub fn register(&self, shown: &mut Shown) {
        shown.register(
            "webhook_attempts",
            "Attempts to tell servers, by endpoint: taken, again (it is tried once more), given_up",
            self.attempts.clone(),
        );
        shown.register_with_unit(
            "webhook_attempt",
            "One attempt to tell a server, by endpoint",
            Unit::Seconds,
            self.seconds.clone(),
        );
    }

    /// An attempt has ended. `endpoint` is its name or its id: there are as many as somebody set up.
    pub fn attempted(&self, endpoint: &str, told: Told, took: Duration) {
        let outcome = told.name();
        let endpoint = endpoint.to_owned();
        let of = Endpoint {
            endpoint: endpoint.clone(),
        };
        self.attempts.get_or_create(&Attempt { endpoint, outcome }).inc();
        self.seconds.get_or_create(&of).observe(took.as_secs_f64());
    }

    /// Forgets an endpoint that is gone.
    pub fn forget(&self, endpoint: &str) {
        for told in Told::ALL {
            self.attempts.remove(&Attempt {
                endpoint: endpoint.to_owned(),
                outcome: told.name(),
            });
        }
        self.seconds.remove(&Endpoint {
            endpoint: endpoint.to_owned(),
        });
    }
}
