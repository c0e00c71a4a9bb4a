//! Everything that is measured over time, put together: each part's handles, and the registry they are shown from.
//!
//! What is only so at the moment (how many sessions are connected, how far somebody is behind) is not kept here: it is looked at when
//! somebody asks ([`crate::service::metrics`]).

use std::collections::BTreeSet;
use std::sync::Arc;

use waspnest_core::clock::{Clock, SystemClock};
use waspnest_core::measure::Shown;
use waspnest_core::{log, outbox, store};

use crate::service::metrics;
use crate::traces;
use crate::webhook_meters::WebhookMeters;
use crate::{http, router, tls};

/// The handles of every part. Each is given to the part it measures.
#[derive(Debug, Clone)]
pub struct Meters {
    /// Commits.
    pub store: store::Meters,
    /// Events.
    pub log: log::Meters,
    /// Drafts and effects.
    pub outbox: outbox::Meters,
    /// Calls of plugins.
    pub router: router::Meters,
    /// Requests to servers.
    pub egress: waspnest_egress::Meters,
    /// Sessions.
    pub whatsapp: waspnest_whatsapp::Meters,
    /// Servers that are told.
    pub webhooks: WebhookMeters,
    /// Requests to the API.
    pub http: http::Meters,
    /// What is told of traces.
    pub traces: traces::Meters,
    /// Certificates.
    pub tls: tls::Meters,
}

impl Meters {
    /// Nothing is measured yet; commits will be by `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            store: store::Meters::new(clock),
            log: log::Meters::default(),
            outbox: outbox::Meters::default(),
            router: router::Meters::default(),
            egress: waspnest_egress::Meters::default(),
            whatsapp: waspnest_whatsapp::Meters::default(),
            webhooks: WebhookMeters::default(),
            http: http::Meters::default(),
            traces: traces::Meters::default(),
            tls: tls::Meters::default(),
        }
    }

    /// All of them, as they are shown.
    #[must_use]
    pub fn shown(&self) -> Shown {
        let mut shown = Shown::default();
        let Self {
            store,
            log,
            outbox,
            router,
            egress,
            whatsapp,
            webhooks,
            http,
            traces,
            tls,
        } = self;
        whatsapp.register(&mut shown);
        log.register(&mut shown);
        router.register(&mut shown);
        outbox.register(&mut shown);
        store.register(&mut shown);
        webhooks.register(&mut shown);
        egress.register(&mut shown);
        http.register(&mut shown);
        traces.register(&mut shown);
        tls.register(&mut shown);
        shown
    }
}

/// The names of all metrics there are, as they are asked for.
#[must_use]
pub fn names() -> BTreeSet<String> {
    let measured = Meters::new(Arc::new(SystemClock::new())).shown();
    measured.names().union(&metrics::present_names()).cloned().collect()
}
