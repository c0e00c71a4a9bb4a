//! How everything in the host stands at the moment, looked at from outside those who do the work.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;
use waspnest_core::clock::Clock;
use waspnest_core::log::Log;
use waspnest_core::mailbox::Mailbox;
use waspnest_core::outbox::Outbox;
use waspnest_core::session::Sessions as Register;
use waspnest_core::store::{LastEnd, Store};
use waspnest_engine::Engine;
use waspnest_whatsapp::State;

use crate::config::storage::Storage;
use crate::delivery::Endpoints;
use crate::disk;
use crate::live::Live;
use crate::router::{Meters, Slots};
use crate::service::error::Error;
use crate::service::health::Phase;
use crate::service::metrics::{Ground, Look, Present};
use crate::service::readiness::{Readiness, ReadinessParts};
use crate::service::sessions::Sessions;

/// How a session is called that is not at work.
const STOPPED: &str = "stopped";

/// Everybody who is looked at.
#[derive(Clone)]
pub(crate) struct Standing {
    pub(crate) sessions: Sessions,
    pub(crate) register: Register,
    pub(crate) routers: Meters,
    pub(crate) installations: Slots,
    pub(crate) endpoints: Endpoints,
    pub(crate) log: Log,
    pub(crate) live: Live,
    pub(crate) mailbox: Mailbox,
    pub(crate) outbox: Outbox,
    pub(crate) engine: Arc<Engine>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Standing {
    /// Whether the host can do its work, for who asks.
    pub(crate) fn readiness(
        &self,
        phase: watch::Receiver<Phase>,
        store: &Arc<dyn Store>,
        storage: &Storage,
    ) -> Readiness {
        Readiness::new(ReadinessParts {
            phase,
            store: Arc::clone(store),
            dir: storage.dir.clone(),
            min_free: storage.min_free,
            routers: self.routers.clone(),
            log: self.log.clone(),
            clock: Arc::clone(&self.clock),
        })
    }
}

/// The same with what all of it stands on.
#[derive(Clone)]
pub(crate) struct Grounded {
    pub(crate) standing: Arc<Standing>,
    pub(crate) readiness: Readiness,
    pub(crate) storage: Storage,
    pub(crate) last_end: LastEnd,
}

#[async_trait]
impl Look for Grounded {
    async fn look(&self) -> Result<Present, Error> {
        self.standing.present().await
    }

    async fn ground(&self) -> Ground {
        Ground {
            disk_free: disk::free(&self.storage.dir),
            disk_wanted: self.storage.min_free,
            lacks: self.readiness.lacks().await,
            last_end: self.last_end,
        }
    }
}

impl Standing {
    async fn present(&self) -> Result<Present, Error> {
        let places = self.engine.occupancy();
        let mut present = Present {
            backlog: self.outbox.backlog().await,
            places: (places.total, places.taken),
            waiting: places.waiting,
            ..Present::default()
        };
        // What there is none of is told, too: a series that vanishes says nothing.
        present.sessions = State::NAMES.into_iter().map(|state| (state, 0)).collect();
        present.sessions.insert(STOPPED, 0);
        let now = self.clock.now();
        for (_, status) in self.sessions.states().await? {
            if let Some(status) = status.as_ref().filter(|status| status.state == State::Connected) {
                let heard = status
                    .last_round_trip
                    .map_or(status.since, |heard| heard.max(status.since));
                present.silence = present.silence.max(now.since(heard));
            }
            let state = status.map_or(STOPPED, |status| status.state.name());
            *present.sessions.entry(state).or_default() += 1;
        }
        let known: HashSet<_> = self.installations.all().iter().map(|slot| slot.id().clone()).collect();
        self.routers.keep_only(&known);
        for reached in self.routers.reached() {
            let head = self.log.head(reached.session).await?;
            let mut first_undone = None;
            for (installation, low) in reached.lows {
                let undone = head.0.saturating_sub(low.0);
                *present.undone.entry(installation).or_default() += undone;
                if undone > 0 {
                    first_undone = Some(first_undone.map_or(low, |first| low.min(first)));
                }
            }
            if let Some(low) = first_undone
                && let Some(event) = self.log.get(reached.session, low.next()).await?
            {
                let oldest = present.oldest_undone.into_iter().chain([event.received_at]).min();
                present.oldest_undone = oldest;
            }
        }
        for endpoint in self.endpoints.list() {
            let mut behind = 0;
            for (session, low) in endpoint.server.reached() {
                behind += self.log.head(session).await?.0.saturating_sub(low.0);
            }
            present.untold.insert(endpoint.id, behind);
        }
        for (session, told) in self.live.told() {
            let head = self.log.head(session).await?;
            present.live_lag += head.0.saturating_sub(told.0);
        }
        for record in self.register.list().await.map_err(Error::from)? {
            present.mailbox_lag += self.mailbox.lag(record.id).await?;
        }
        Ok(present)
    }
}
