//! What is measured of routers: the calls of each installation, and how far each has come in each session's log.
//!
//! Counts are looked up once for each installation. How far it has come is written by the routers as they go and read by whoever looks.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Unit;
use waspnest_core::event::Position;
use waspnest_core::id::{InstallationId, SessionId};
use waspnest_core::measure::{self, Shown};

/// What can come of a call: its draft was committed, or why not.
const OUTCOMES: [&str; 13] = [
    "committed",
    "already_done",
    "conflict",
    "kv_quota",
    "retry",
    "reject",
    "trap",
    "deadline",
    "memory",
    "fuel",
    "quota",
    "host",
    "no-handler",
];

/// The measurements of all routers. Clones are the same.
#[derive(Debug, Clone)]
pub struct Meters(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    calls: Family<PluginOutcome, Counter>,
    seconds: Family<Plugin, Histogram>,
    retries: Family<Plugin, Counter>,
    dead_letters: Family<Plugin, Counter>,
    plugins: Mutex<HashMap<InstallationId, Arc<OfPlugin>>>,
    standings: Mutex<HashMap<SessionId, Arc<Standing>>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Plugin {
    plugin: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PluginOutcome {
    plugin: String,
    outcome: &'static str,
}

/// The measurements of one installation.
#[derive(Debug)]
pub(super) struct OfPlugin {
    calls: [Counter; OUTCOMES.len()],
    seconds: Histogram,
    pub(super) retries: Counter,
    pub(super) dead_letters: Counter,
}

/// How far a session's router has come.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// Everything up to here was given to lanes, or nobody wants it.
    read_to: AtomicU64,
    /// What each installation is done with.
    lows: Mutex<Vec<(InstallationId, Low)>>,
}

/// Everything up to here is done.
#[derive(Debug, Clone, Default)]
pub(super) struct Low(Arc<AtomicU64>);

/// Keeps a router's standing in view while the router is there.
#[derive(Debug)]
pub(crate) struct InView {
    meters: Meters,
    session: SessionId,
    standing: Arc<Standing>,
}

/// How far one router has come, at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// The session.
    pub session: SessionId,
    /// Everything up to here was given to lanes, or nobody wants it.
    pub read_to: Position,
    /// Up to where each installation is done with everything.
    pub lows: BTreeMap<InstallationId, Position>,
}

impl Default for Meters {
    fn default() -> Self {
        Self(Arc::new(Inner {
            calls: Family::default(),
            seconds: Family::new_with_constructor(measure::seconds),
            retries: Family::default(),
            dead_letters: Family::default(),
            plugins: Mutex::default(),
            standings: Mutex::default(),
        }))
    }
}

impl Meters {
    /// Makes them part of what is shown.
    pub fn register(&self, shown: &mut Shown) {
        shown.register(
            "plugin_calls",
            "Calls of plugins, by installation and what came of them",
            self.0.calls.clone(),
        );
        shown.register_with_unit(
            "plugin_call",
            "From the beginning of a call until its draft was committed or it had failed, by installation",
            Unit::Seconds,
            self.0.seconds.clone(),
        );
        shown.register(
            "plugin_retries",
            "Failed calls that are made again after a while, by installation",
            self.0.retries.clone(),
        );
        shown.register(
            "plugin_dead_letters",
            "Events that were given up, by installation",
            self.0.dead_letters.clone(),
        );
    }

    /// How far every router has come.
    #[must_use]
    pub fn reached(&self) -> Vec<Reached> {
        let standings: Vec<_> = {
            let standings = lock(&self.0.standings);
            standings
                .iter()
                .map(|(id, standing)| (*id, Arc::clone(standing)))
                .collect()
        };
        let reached = |(session, standing): (SessionId, Arc<Standing>)| Reached {
            session,
            read_to: Position(standing.read_to.load(Ordering::Relaxed)),
            lows: lock(&standing.lows)
                .iter()
                .map(|(id, low)| (id.clone(), Position(low.0.load(Ordering::Relaxed))))
                .collect(),
        };
        standings.into_iter().map(reached).collect()
    }

    /// Forgets the installations that are not among these.
    pub fn keep_only(&self, installations: &HashSet<InstallationId>) {
        let mut plugins = lock(&self.0.plugins);
        let gone: Vec<_> = plugins
            .keys()
            .filter(|id| !installations.contains(id))
            .cloned()
            .collect();
        for id in gone {
            plugins.remove(&id);
            let plugin = id.to_string();
            for outcome in OUTCOMES {
                let plugin = plugin.clone();
                self.0.calls.remove(&PluginOutcome { plugin, outcome });
            }
            let label = Plugin { plugin };
            self.0.seconds.remove(&label);
            self.0.retries.remove(&label);
            self.0.dead_letters.remove(&label);
        }
    }

    /// Those of an installation.
    pub(super) fn of(&self, installation: &InstallationId) -> Arc<OfPlugin> {
        let mut plugins = lock(&self.0.plugins);
        if let Some(known) = plugins.get(installation) {
            return Arc::clone(known);
        }
        let plugin = installation.to_string();
        let label = Plugin { plugin: plugin.clone() };
        let calls = |outcome| {
            let plugin = plugin.clone();
            self.0.calls.get_or_create_owned(&PluginOutcome { plugin, outcome })
        };
        let made = Arc::new(OfPlugin {
            calls: OUTCOMES.map(calls),
            seconds: self.0.seconds.get_or_create_owned(&label),
            retries: self.0.retries.get_or_create_owned(&label),
            dead_letters: self.0.dead_letters.get_or_create_owned(&label),
        });
        plugins.insert(installation.clone(), Arc::clone(&made));
        made
    }

    /// Shows how far a session's router has come, from now on.
    pub(crate) fn watch(&self, session: SessionId) -> InView {
        let standing = Arc::<Standing>::default();
        lock(&self.0.standings).insert(session, Arc::clone(&standing));
        InView {
            meters: self.clone(),
            session,
            standing,
        }
    }
}

fn lock<T>(guarded: &Mutex<T>) -> MutexGuard<'_, T> {
    // Maps and lists that are only looked up, inserted into and removed from.
    guarded.lock().unwrap_or_else(PoisonError::into_inner)
}

impl OfPlugin {
    /// A call has ended, or its draft was committed.
    pub(super) fn called(&self, outcome: &str, took: Duration) {
        if let Some(place) = OUTCOMES.iter().position(|known| *known == outcome) {
            self.calls[place].inc();
        }
        self.seconds.observe(took.as_secs_f64());
    }
}

impl Low {
    /// Everything up to here is done.
    pub(super) fn set(&self, position: Position) {
        self.0.store(position.0, Ordering::Relaxed);
    }
}

impl InView {
    /// Everything up to here was given to lanes.
    pub(crate) fn read_to(&self, position: Position) {
        self.standing.read_to.store(position.0, Ordering::Relaxed);
    }

    /// These are the installations now.
    pub(super) fn installations(&self, lows: Vec<(InstallationId, Low)>) {
        *lock(&self.standing.lows) = lows;
    }
}

impl Drop for InView {
    fn drop(&mut self) {
        let mut standings = lock(&self.meters.0.standings);
        // The session may have been started again meanwhile.
        if standings
            .get(&self.session)
            .is_some_and(|standing| Arc::ptr_eq(standing, &self.standing))
        {
            standings.remove(&self.session);
        }
    }
}
