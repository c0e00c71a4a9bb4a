//! Several lives of a host, one after the other, on one engine: starting an engine and compiling guests takes longer than a life.

use std::sync::Arc;
use std::time::Duration;

use waspnest_core::clock::{Clock, Ids, ManualClock, SeededIds, UnixMs};
use waspnest_core::effect::{Action, Cause, Effect};
use waspnest_core::event::Position;
use waspnest_core::id::{EffectId, SessionId};
use waspnest_core::store::{HeldStore, MemoryStore};
use waspnest_egress::{Egress, Guard, SystemNames};
use waspnest_engine::{Engine, EngineOptions, Plugin};

use crate::router::{Installed, Slot};

use super::{Harness, Install, Kept, id, plugin_dir};

/// An engine with the guests that lives share, and their clock.
pub(in super::super) struct World {
    pub(super) engine: Arc<Engine>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) ids: Arc<SeededIds>,
    /// While somebody holds a plugin, it is not compiled again.
    _plugins: Vec<Arc<Plugin>>,
}

impl World {
    pub(in super::super) async fn with(plugins: &[&str]) -> Self {
        let clock = Arc::new(ManualClock::at(UnixMs(1_750_000_000_000)));
        let engine = Arc::new(Engine::new(EngineOptions::new(clock.clone())).expect("an engine"));
        let mut loaded = Vec::new();
        for plugin in plugins {
            loaded.push(engine.load(&plugin_dir(plugin)).await.expect("a good plugin"));
        }
        Self {
            engine,
            clock,
            ids: Arc::new(SeededIds::new(7)),
            _plugins: loaded,
        }
    }
}

/// A message that left.
#[derive(Debug, Clone)]
pub(in super::super) struct Left {
    /// Whose it is.
    pub installation: String,
    /// Its effect.
    pub effect: EffectId,
    /// The event it answers.
    pub position: Position,
    /// What it says.
    pub text: String,
}

impl Left {
    fn of(effect: &Effect) -> Option<Self> {
        let Cause::Plugin {
            position, installation, ..
        } = &effect.cause
        else {
            return None;
        };
        let text = match &effect.action {
            Action::Send(send) => send.content.plain_text().unwrap_or_default().to_owned(),
            _ => return None,
        };
        Some(Self {
            installation: installation.as_str().to_owned(),
            effect: effect.id,
            position: *position,
            text,
        })
    }
}

impl Harness {
    /// A session of its own in a world that others live in too.
    pub(in super::super) async fn start_in(world: &World, installs: Vec<Install>) -> Self {
        let session = SessionId::new(world.ids.ulid(world.clock.now()));
        let egress = Egress::new(Guard::default(), Arc::new(SystemNames), world.clock.clone());
        let egress = egress.expect("this machine knows authorities");
        let kept = Kept::new(HeldStore::new(MemoryStore::new()), session, egress);
        let (engine, clock, ids) = (world.engine.clone(), world.clock.clone(), world.ids.clone());
        Self::resume(engine, clock, ids, installs, kept).await
    }

    /// The host dies where it stands, calls under way included, and starts again. The store stays.
    pub(in super::super) async fn crash(mut self) -> Self {
        self.tasks.shutdown().await;
        // Lanes end a moment after the router that started them, and a dead host commits nothing.
        let is_dead = async || Arc::strong_count(&self.engine) == self.others;
        self.until(is_dead, Duration::ZERO).await;
        self.again().await
    }

    /// Puts another version to work in the place of the first installation.
    pub(in super::super) fn switches_to(&self, installed: Arc<Installed>) {
        drop(self.slots.all()[0].replace(installed));
    }

    /// Another installation is at work, behind those of its priority.
    pub(in super::super) async fn comes(&self, installed: Arc<Installed>) {
        self.slots.put(Arc::new(Slot::new(installed)));
        self.slots.settled().await;
    }

    /// An installation is not at work any more, and nobody works with it.
    pub(in super::super) async fn goes(&self, installation: &str) -> Arc<Installed> {
        let slot = self.slots.get(&id(installation)).expect("it is at work");
        self.slots.remove(slot.id());
        self.slots.settled().await;
        slot.active()
    }

    /// How far an installation has come.
    pub(in super::super) async fn mark(&self, installation: &str) -> Position {
        let cursor = self.progress.load(self.session, &id(installation)).await;
        cursor.expect("the store works").low
    }

    /// Lets time pass until an installation is done with everything up to a position.
    pub(in super::super) async fn done_up_to(&self, installation: &str, position: Position) {
        self.pass_until(async || self.mark(installation).await >= position)
            .await;
    }

    /// What an installation has given up.
    pub(in super::super) async fn parked(&self, installation: &str) -> Vec<Position> {
        let letters = self
            .progress
            .dead_letters(self.session, &id(installation), Position(0), 1000)
            .await
            .expect("the store works");
        letters.into_iter().map(|(position, _)| position).collect()
    }

    /// Lets time pass until so many different messages have left, and gives all that have.
    pub(in super::super) async fn left(&self, count: usize) -> Vec<Left> {
        let left = || -> Vec<Left> { self.scripted.carried.borrow().iter().filter_map(Left::of).collect() };
        let different = || {
            let ids: std::collections::BTreeSet<_> = left().into_iter().map(|left| left.effect).collect();
            ids.len()
        };
        self.pass_until(async || different() >= count).await;
        left()
    }
}
