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
use waspnest_core::store::LastEnd;

use super::error::Error;
use super::readiness::Lack;
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
    /// How long the server has said nothing to the connected session to which it said nothing for longest.
    pub silence: Duration,
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

/// What the host stands on, at the moment. It is known even when nothing can be read any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ground {
    /// Bytes of room on the disk; none when the system does not tell.
    pub disk_free: Option<u64>,
    /// Bytes of room that the disk should have.
    pub disk_wanted: u64,
    /// What keeps the host from its work.
    pub lacks: Vec<Lack>,
    /// How the host before came to an end.
    pub last_end: LastEnd,
}

/// Looks how things are.
#[async_trait]
pub trait Look: Send + Sync {
    /// How they are now.
    async fn look(&self) -> Result<Present, Error>;

    /// What the host stands on now.
    async fn ground(&self) -> Ground;
}

/// The use case of metrics. Clones are the same.
#[derive(Clone)]
pub struct Metrics {
    counted: Arc<Shown>,
    look: Arc<dyn Look>,
    clock: Arc<dyn Clock>,
    up_since: UnixMs,
    /// The same by the clock that is never set.
    up_since_monotonic: Duration,
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
        let (up_since, up_since_monotonic) = (clock.now(), clock.monotonic());
        Self {
            counted: Arc::new(counted),
            look,
            clock,
            up_since,
            up_since_monotonic,
        }
    }

    /// How far the wall clock was set since the host came up, in seconds: ahead, or back where it is negative.
    fn clock_shift(&self) -> f64 {
        let passed = self.clock.monotonic().saturating_sub(self.up_since_monotonic);
        let (is, would_be) = (self.clock.now(), self.up_since.plus(passed));
        is.since(would_be).as_secs_f64() - would_be.since(is).as_secs_f64()
    }

    /// All of it; without how things are when that cannot be read.
    pub async fn text(&self, form: Form) -> String {
        let ground = self.look.ground().await;
        let present = self.look.look().await;
        let present = present.inspect_err(|error| {
            tracing::error!(
                error = error as &dyn std::error::Error,
                "how things are cannot be measured"
            )
        });
        let mut registry = Shown::default();
        if let Ok(present) = &present {
            show_present(&mut registry, present, self.clock.now());
        }
        show_ground(&mut registry, &ground);
        show_process(&mut registry, Process::look(), self.up_since, self.clock_shift());
        let present = registry;
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
        all
    }
}

/// The names of what is looked at when somebody asks.
pub(crate) fn present_names() -> BTreeSet<String> {
    let start = UnixMs::default();
    let mut registry = Shown::default();
    show_present(&mut registry, &Present::default(), start);
    let ground = Ground {
        disk_free: Some(0),
        disk_wanted: 0,
        lacks: Vec::new(),
        last_end: LastEnd::Unknown,
    };
    show_ground(&mut registry, &ground);
    show_process(&mut registry, Process::look(), start, 0.0);
    registry.names().clone()
}

/// How things are, as metrics.
fn show_present(registry: &mut Shown, present: &Present, now: UnixMs) {
    let age = |moment: Option<UnixMs>| moment.map_or(Duration::ZERO, |moment| now.since(moment));
    by_label(
        registry,
        "sessions",
        "Sessions, by state",
        present
            .sessions
            .iter()
            .map(|(state, count)| (State { state }, *count as u64)),
    );
    by_label(
        registry,
        "plugin_undone_events",
        "Events between what an installation is done with and the newest one, over all sessions",
        present.undone.iter().map(|(plugin, count)| {
            let plugin = plugin.to_string();
            (Plugin { plugin }, *count)
        }),
    );
    by_label(
        registry,
        "webhook_undone_events",
        "Events between what a webhook was told and the newest one, over all sessions",
        present.untold.iter().map(|(webhook, count)| {
            let endpoint = webhook.to_string();
            (Endpoint { endpoint }, *count)
        }),
    );
    let lags = [("live", present.live_lag), ("mailbox", present.mailbox_lag)];
    by_label(
        registry,
        "consumer_lag_events",
        "Events that a consumer of the logs is behind, over all sessions",
        lags.into_iter().map(|(consumer, lag)| (Consumer { consumer }, lag)),
    );
    let places = [("total", present.places.0), ("taken", present.places.1)];
    by_label(
        registry,
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
    registry.register_with_unit(
        "session_longest_silence",
        "How long WhatsApp's server has said nothing to the connected session to which it said nothing for longest; it is asked after 45 s",
        Unit::Seconds,
        fraction(present.silence.as_secs_f64()),
    );
    for (name, help, oldest) in [
        (
            "outbox_oldest_pending_age",
            "How long ago the oldest pending effect was asked for; 0 when there is none",
            present.backlog.oldest,
        ),
        (
            "plugin_oldest_undone_age",
            "How long ago the oldest event came that some installation is not done with; 0 when there is none",
            present.oldest_undone,
        ),
    ] {
        registry.register_with_unit(name, help, Unit::Seconds, fraction(age(oldest).as_secs_f64()));
    }
}

/// What the host stands on, as metrics.
fn show_ground(registry: &mut Shown, ground: &Ground) {
    by_label(
        registry,
        "lacks",
        "What keeps the host from being ready: 1 for what is lacking",
        Lack::NAMES.into_iter().map(|of| {
            let lacking = ground.lacks.iter().any(|lack| lack.name() == of);
            (Of { of }, u64::from(lacking))
        }),
    );
    if let Some(free) = ground.disk_free {
        let help = "Room on the disk of storage.dir";
        registry.register_with_unit("storage_free", help, Unit::Bytes, gauge(free));
    }
    let help = "Room that the disk should have, storage.min-free; a host with less is not ready";
    registry.register_with_unit("storage_min_free", help, Unit::Bytes, gauge(ground.disk_wanted));
    by_label(
        registry,
        "last_end",
        "How the host that had the data directory before came to an end: 1 for that",
        LastEnd::ALL.into_iter().map(|end| {
            let how = end.name();
            (How { how }, u64::from(end == ground.last_end))
        }),
    );
}

/// What the process takes, as metrics.
fn show_process(registry: &mut Shown, process: Process, up_since: UnixMs, clock_shift: f64) {
    let started = up_since.0 as f64 / 1000.0;
    for (name, help, value) in [
        ("process_start_time", "When the host came up, since 1970", started),
        (
            "clock_shift",
            "How far the wall clock of the machine was set since the host came up, back where it is negative",
            clock_shift,
        ),
    ] {
        registry.register_with_unit(name, help, Unit::Seconds, fraction(value));
    }
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
struct How {
    how: &'static str,
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

fn fraction(value: f64) -> Gauge<f64, std::sync::atomic::AtomicU64> {
    let gauge = Gauge::default();
    gauge.set(value);
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
