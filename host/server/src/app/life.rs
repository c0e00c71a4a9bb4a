//! The life of a host that is up: it reloads, is watched, ends, and says what it left.

use std::fmt;
use std::sync::{Arc, OnceLock};

use futures::Stream;
use tokio::sync::watch;
use waspnest_core::clock::Clock;

use super::App;
use super::left::{Ended, Ledgers, Left};
use crate::config::Config;
use crate::reload::{Reload, Reloadable, Reread};
use crate::service::health::Phase;
use crate::service::readiness::{Lack, Readiness};
use crate::shutdown::{Signal, Stopped};
use crate::standing::Standing;
use crate::systemd::{Systemd, Vital};

/// What a host is told by from the outside, and looked at from there, while it runs.
pub(super) struct Life {
    pub(super) phase: watch::Sender<Phase>,
    pub(super) systemd: Systemd,
    pub(super) ledgers: Ledgers,
    pub(super) readiness: Readiness,
    pub(super) clock: Arc<dyn Clock>,
    /// Those parts that can be another one, the ones that can fail first.
    pub(super) reloadable: Vec<Arc<dyn Reloadable>>,
    /// What the host was started with.
    pub(super) config: Arc<Config>,
}

impl fmt::Debug for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Life").finish_non_exhaustive()
    }
}

/// How the host is, as systemd is told.
struct Vitals {
    standing: Arc<Standing>,
    readiness: Readiness,
}

#[async_trait::async_trait]
impl Vital for Vitals {
    /// The runtime turns, or nobody would ask; the store has to take a write. What else keeps a host from being ready is not mended by
    /// starting it again.
    async fn works(&self) -> bool {
        let store_fails = |lack: &Lack| match lack {
            Lack::Store => true,
            Lack::Phase(_) | Lack::Disk { .. } | Lack::Routers(_) => false,
        };
        !self.readiness.lacks().await.iter().any(store_fails)
    }

    async fn status(&self) -> String {
        match self.standing.sessions.states().await {
            Ok(all) => {
                let connected = all.iter().filter_map(|(_, status)| status.as_ref());
                let connected = connected.filter(|status| status.state.name() == "connected").count();
                format!("{connected} of {} sessions connected", all.len())
            }
            Err(error) => format!("the register of sessions cannot be read: {error}"),
        }
    }
}

impl App {
    /// Has the configuration read again each time somebody asks for it; `more` are parts outside the host that go along.
    pub fn reload_when(
        &self,
        asked: impl Stream<Item = ()> + Send + 'static,
        more: Vec<Arc<dyn Reloadable>>,
        reread: Reread,
    ) {
        let parts = self.life.reloadable.iter().cloned().chain(more).collect();
        let reload = Reload::new(Config::clone(&self.life.config), parts, reread);
        let stop = self.shutdown.soft();
        self.shutdown
            .spawn("reload", reload.serve(asked, self.life.systemd.clone(), stop));
    }

    /// Asks the host to end, as a first signal does.
    pub fn stop(&self) {
        self.shutdown.stop();
    }

    /// Runs until a signal, [`App::stop`] or a failure ends it, and everything has ended in order.
    pub async fn run(self, signals: impl Stream<Item = Signal> + Send) -> Stopped {
        let Life {
            phase,
            systemd,
            ledgers,
            readiness,
            clock,
            ..
        } = self.life;
        let vitals = Vitals {
            standing: Arc::clone(&ledgers.standing),
            readiness,
        };
        // Until the last task has ended: a host that finishes what it holds is alive.
        let over = tokio_util::sync::CancellationToken::new();
        let watched = systemd.clone().watch(vitals, clock, over.clone());
        let before = Arc::new(OnceLock::new());
        let stopping = {
            let (soft, ledgers, before) = (self.shutdown.soft(), ledgers.clone(), Arc::clone(&before));
            async move {
                soft.cancelled().await;
                phase.send_replace(Phase::Stopping);
                systemd.stopping();
                if let Some(left) = counted(&ledgers).await {
                    before.get_or_init(|| left);
                }
            }
        };
        self.shutdown.spawn_finite("phase", stopping);
        let ended = async {
            let stopped = self.shutdown.run_until_stopped(signals, self.grace).await;
            over.cancel();
            stopped
        };
        let (stopped, ()) = tokio::join!(ended, watched);
        if let Some(after) = counted(&ledgers).await {
            let ended = Ended {
                before: before.get().copied(),
                after,
                cut_off: self.shutdown.cut_off(),
            };
            tracing::info!(
                left.effects = after.effects,
                left.events = after.events,
                left.deliveries = after.deliveries,
                "stopped; {ended}"
            );
        }
        if let Err(error) = self.store.flush().await {
            tracing::error!(%error, "the store was not flushed at the end");
        }
        stopped
    }
}

/// What there is to do; none when that cannot be read.
async fn counted(ledgers: &Ledgers) -> Option<Left> {
    match ledgers.look().await {
        Ok(left) => Some(left),
        Err(error) => {
            tracing::warn!(%error, "what is left to do cannot be read");
            None
        }
    }
}
