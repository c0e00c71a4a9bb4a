//! What is measured of certificates.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Unit;
use waspnest_core::clock::UnixMs;
use waspnest_core::measure::Shown;

/// The measurements of certificates. Clones are the same.
#[derive(Debug, Clone)]
pub struct Meters {
    expiry: Gauge<f64, AtomicU64>,
    loaded: Family<Outcome, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// What came of reading the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    /// They are shown from now on.
    Taken,
    /// They cannot be used.
    Unusable,
}

impl Read {
    const fn name(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Unusable => "unusable",
        }
    }
}

impl Default for Meters {
    fn default() -> Self {
        let loaded = Family::<Outcome, Counter>::default();
        for read in [Read::Taken, Read::Unusable] {
            loaded.get_or_create_owned(&Outcome { outcome: read.name() });
        }
        Self {
            expiry: Gauge::default(),
            loaded,
        }
    }
}

impl Meters {
    /// Makes them part of what is shown.
    pub fn register(&self, shown: &mut Shown) {
        shown.register_with_unit(
            "tls_certificate_expiry_timestamp",
            "Until when the certificate holds that is shown, since 1970; 0 without TLS",
            Unit::Seconds,
            self.expiry.clone(),
        );
        shown.register(
            "tls_certificate_loads",
            "Certificates that were read, by whether they are shown",
            self.loaded.clone(),
        );
    }

    pub(super) fn read(&self, read: Read) {
        let outcome = read.name();
        self.loaded.get_or_create(&Outcome { outcome }).inc();
    }

    pub(super) fn holds_until(&self, moment: UnixMs) {
        self.expiry.set(moment.0 as f64 / 1000.0);
    }
}
