//! What is measured of requests to servers: how many, what came of them, and how long that took.

use std::time::Duration;

use http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Unit;
use waspnest_core::measure::{self, Shown};

use crate::exchange::EgressError;

/// The measurements of a way out. Clones are the same.
#[derive(Debug, Clone)]
pub struct Meters {
    requests: Family<Outcome, Counter>,
    seconds: Histogram,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

impl Default for Meters {
    fn default() -> Self {
        let requests = Family::<Outcome, Counter>::default();
        for outcome in ["2xx", "3xx", "4xx", "5xx", "forbidden", "unreachable", "timed_out"] {
            requests.get_or_create_owned(&Outcome { outcome });
        }
        Self {
            requests,
            seconds: measure::seconds(),
        }
    }
}

impl Meters {
    /// Makes them part of what is shown.
    pub fn register(&self, shown: &mut Shown) {
        shown.register(
            "egress_requests",
            "Requests to servers, by class of the answer's status or by why there was none; forbidden ones never left",
            self.requests.clone(),
        );
        shown.register_with_unit(
            "egress_request",
            "From a request to a server until its answer was taken, or had begun where it is taken in pieces",
            Unit::Seconds,
            self.seconds.clone(),
        );
    }

    pub(crate) fn ended(&self, answer: Result<StatusCode, &EgressError>, took: Duration) {
        let outcome = match answer {
            Ok(status) => match status.as_u16() / 100 {
                2 => "2xx",
                3 => "3xx",
                4 => "4xx",
                5 => "5xx",
                _ => "1xx",
            },
            Err(EgressError::Forbidden(_)) => "forbidden",
            Err(EgressError::Url) => "url",
            Err(EgressError::Unreachable(_)) => "unreachable",
            Err(EgressError::TimedOut(_)) => "timed_out",
        };
        self.requests.get_or_create(&Outcome { outcome }).inc();
        self.seconds.observe(took.as_secs_f64());
    }
}
