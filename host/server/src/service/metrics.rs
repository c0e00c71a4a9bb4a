//! What is measured, as text: what was counted over time, and how things are at the moment.
//!
//! How things are is looked at when somebody asks, not kept up to date by those who do the work.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use prometheus_client::encoding::{EncodeLabelSet, prometheus_text, text};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Unit;
use waspnest_core::clock::{Clock, UnixMs};
use waspnest_core::id::{InstallationId, WebhookId};
use waspnest_core::measure::Shown;
use waspnest_core::outbox::Backlog;

use super::error::Error;
use crate::process::Process;

/// Which of the forms of Prometheus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The text format, version 0.0.4.
    Text,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

/// How things are at the moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Present {
    /// How many sessions are in each state; those that are not at work are `stopped`.
    pub sessions: BTreeMap<&'static str, usize>,
    /// Events that an installation is not done with, over all sessions.
    pub undone: BTreeMap<InstallationId, u64>,
    /// Events that a webhook has not come to, over all sessions.
    pub untold: BTreeMap<WebhookId, u64>,
    /// When the oldest event came that some installation is not done with.
    pub oldest_undone: Option<UnixMs>,
    /// Events that those who listen have not been told, over all sessions.
    pub live_lag: u64,
    /// Events that mailboxes have not taken, over all sessions.
    pub mailbox_lag: u64,
    /// Effects that are pending.
    pub backlog: Backlog,
    /// Places for calls, and those that are taken.
    pub places: (u32, u32),
    /// Calls that wait for a place.
    pub waiting: usize,
}

/// Looks how things are.
#[async_trait]
pub trait Look: Send + Sync {
    /// How they are now.
    async fn look(&self) -> Result<Present, Error>;
}

/// The use case of metrics. Clones are the same.
#[derive(Clone)]
pub struct Metrics {
    counted: Arc<Shown>,
    look: Arc<dyn Look>,
    clock: Arc<dyn Clock>,
    up_since: UnixMs,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    /// Of what is `counted`, and of what `look` finds. The host is up since now.
    #[must_use]
    pub fn new(counted: Shown, look: Arc<dyn Look>, clock: Arc<dyn Clock>) -> Self {
        let up_since = clock.now();
        Self {
            counted: Arc::new(counted),
            look,
            clock,
            up_since,
        }
    }

    /// All of it.
    ///
    /// # Errors
    /// [`Error::Store`] when how things are cannot be read.
    pub async fn text(&self, form: Form) -> Result<String, Error> {
        let present = self.look.look().await?;
        let process = Process::look();
        let up = self.up_since;
        let present = shown(&present, process, up, self.clock.now());
        let (counted, present) = (self.counted.registry(), present.registry());
        let mut all = String::new();
        // Only writing could fail, and a String takes everything.
        let _ = match form {
            Form::Text => {
                prometheus_text::encode(&mut all, counted).and_then(|()| prometheus_text::encode(&mut all, present))
            }
            Form::OpenMetrics => text::encode_registry(&mut all, counted)
                .and_then(|()| text::encode_registry(&mut all, present))
                .and_then(|()| text::encode_eof(&mut all)),
        };
        Ok(all)
    }
}

/// The names of what is looked at when somebody asks.
pub(crate) fn present_names() -> BTreeSet<String> {
    let start = UnixMs::default();
    let shown = shown(&Present::default(), Process::look(), start, start);
    shown.names().clone()
}

/// How things are, as metrics.
fn shown(present: &Present, process: Process, up_since: UnixMs, now: UnixMs) -> Shown {
    let mut registry = Shown::default();
    let age = |moment: Option<UnixMs>| moment.map_or(Duration::ZERO, |moment| now.since(moment));
    by_label(
        &mut registry,
        "sessions",
        "Sessions, by state",
        present
            .sessions
            .iter()
            .map(|(state, count)| (State { state }, *count as u64)),
    );
    by_label(
        &mut registry,
        "plugin_undone_events",
        "Events between what an installation is done with and the newest one, over all sessions",
        present.undone.iter().map(|(plugin, count)| {
            let plugin = plugin.to_string();
            (Plugin { plugin }, *count)
        }),
    );
    by_label(
        &mut registry,
        "webhook_undone_events",
        "Events between what a webhook was told and the newest one, over all sessions",
        present.untold.iter().map(|(webhook, count)| {
            let endpoint = webhook.to_string();
            (Endpoint { endpoint }, *count)
        }),
    );
    let lags = [("live", present.live_lag), ("mailbox", present.mailbox_lag)];
    by_label(
        &mut registry,
        "consumer_lag_events",
        "Events that a consumer of the logs is behind, over all sessions",
        lags.into_iter().map(|(consumer, lag)| (Consumer { consumer }, lag)),
    );
    let places = [("total", present.places.0), ("taken", present.places.1)];
    by_label(
        &mut registry,
        "sandbox_places",
        "Places for calls of plugins at the same time",
        places.into_iter().map(|(of, count)| (Of { of }, count.into())),
    );
    let mut one = |name, help, value: u64| registry.register(name, help, gauge(value));
    one(
        "sandbox_waiting_calls",
        "Calls of plugins that wait for a place",
        present.waiting as u64,
    );
    one(
        "outbox_pending_effects",
        "Effects that were neither sent nor given up",
        present.backlog.pending as u64,
    );
    let mut measured = |name, help, unit, value: f64| {
        let measured: Gauge<f64, std::sync::atomic::AtomicU64> = Gauge::default();
        measured.set(value);
        registry.register_with_unit(name, help, unit, measured);
    };
    measured(
        "outbox_oldest_pending_age",
        "How long ago the oldest pending effect was asked for; 0 when there is none",
        Unit::Seconds,
        age(present.backlog.oldest).as_secs_f64(),
    );
    measured(
        "plugin_oldest_undone_age",
        "How long ago the oldest event came that some installation is not done with; 0 when there is none",
        Unit::Seconds,
        age(present.oldest_undone).as_secs_f64(),
    );
    measured(
        "process_start_time",
        "When the host came up, since 1970",
        Unit::Seconds,
        up_since.0 as f64 / 1000.0,
    );
    if let Some(bytes) = process.resident_bytes {
        let help = "Memory of the process that is in the machine's memory";
        registry.register_with_unit("process_resident_memory", help, Unit::Bytes, gauge(bytes));
    }
    if let Some(open) = process.open_files {
        let help = "Files, sockets and pipes the process has open";
        registry.register("process_open_fds", help, gauge(open));
    }
    let version: Family<Version, Gauge> = Family::default();
    let of = Version {
        version: env!("CARGO_PKG_VERSION"),
    };
    version.get_or_create(&of).set(1);
    registry.register("build", "Which version of the host this is; always 1", version);
    registry
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Plugin {
    plugin: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Endpoint {
    endpoint: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Consumer {
    consumer: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    of: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Version {
    version: &'static str,
}

fn gauge(value: u64) -> Gauge {
    let gauge = Gauge::default();
    gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
    gauge
}

fn by_label<L>(registry: &mut Shown, name: &str, help: &str, values: impl Iterator<Item = (L, u64)>)
where
    L: EncodeLabelSet + Clone + Eq + std::hash::Hash + fmt::Debug + Send + Sync + 'static,
{
    let family: Family<L, Gauge> = Family::default();
    for (label, value) in values {
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        family.get_or_create(&label).set(value);
    }
    registry.register(name, help, family);
}
