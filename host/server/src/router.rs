//! Hands each event to the installations that want it: in order within a chat, many chats at once.
//!
//! One router a session. It reads the log behind the lowest mark of its installations, decides by subscription and bind alone who
//! gets an event, and queues it in a lane for each (installation, chat). A lane makes one call at a time; what the call drafts is
//! committed together with the mark that the event is done, and only then the lane goes on. Failed calls are repeated with growing
//! waits, which hold their own lane and nobody else's, and are parked as dead letters in the end.

mod bind;
mod command;
mod cooldown;
mod due;
mod explain;
mod group_admin;
mod installed;
mod lane;
mod loop_guard;
mod meters;
mod plugin_host;
mod precedence;
mod retry;
mod serve;
mod session;
mod shadow;
mod shelf;
mod slot;
mod slots;
mod told_traces;

#[cfg(test)]
mod tests;

pub use command::Commands;
pub(crate) use command::collisions;
pub(crate) use command::command_in;
pub(crate) use explain::explain;
pub use explain::{Explained, Gets};
pub(crate) use group_admin::GroupAdmins;
pub use installed::Installed;
pub(crate) use loop_guard::LoopGuard;
pub use meters::{Meters, Reached};
pub(crate) use plugin_host::RULES;
pub(crate) use serve::seed;
pub(crate) use session::SessionRouter;
pub use shadow::{Apart, Counts, Looking, Report, ShadowParts, Shadowing};
pub use shelf::Shelf;
pub use slot::{Closed, Slot, Tried};
pub use slots::{Following, Slots};

use std::sync::Arc;

use tokio::sync::watch;
use waspnest_core::address::Party;
use waspnest_core::clock::{Clock, Ids};
use waspnest_core::event::{Family, Interest, LiveInterest};
use waspnest_core::files::Files;
use waspnest_core::id::{SessionId, SessionName, TenantId};
use waspnest_core::journal::Journal;
use waspnest_core::live::Account;
use waspnest_core::log::{Log, LogError};
use waspnest_core::outbox::Outbox;
use waspnest_core::progress::Progress;
use waspnest_core::store::StoreError;
use waspnest_egress::Egress;
use waspnest_engine::Engine;

use crate::recorder::Recorder;
use crate::replies::Replies;
use crate::secrets::Secrets;
use crate::sink::SinkPort;
use crate::traces::Traces;

/// What a session's router is made of.
#[derive(Debug)]
pub(crate) struct RouterParts {
    pub session: SessionId,
    pub name: SessionName,
    /// Who the session is, as soon as that is known.
    pub me: watch::Receiver<Option<Party>>,
    /// Whose the session is.
    pub tenant: TenantId,
    /// Those at work, in all sessions.
    pub installations: Slots,
    /// What the session takes in, which follows from them.
    pub interest: LiveInterest,
    /// What it takes in whatever they want.
    pub shown: Interest,
    pub engine: Arc<Engine>,
    pub log: Log,
    pub progress: Progress,
    pub journal: Journal,
    /// Where answers to requests from outside are put.
    pub replies: Replies,
    pub egress: Egress,
    pub secrets: Secrets,
    pub files: Files,
    pub shelf: Arc<dyn Shelf>,
    /// What answers plugins at once.
    pub account: Arc<dyn Account>,
    pub outbox: Outbox,
    pub loop_guard: LoopGuard,
    pub group_admins: GroupAdmins,
    /// Where calls are recorded, if they are.
    pub records: Option<Recorder>,
    pub meters: Meters,
    pub traces: Traces,
    pub sink: SinkPort,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
}

impl RouterParts {
    /// Whether anybody listens to what installations publish in this session.
    fn hears_topics(&self) -> bool {
        self.interest.now().wants(Family::Topic)
    }

    /// What some installation wants to learn of in this session.
    fn interest_of(&self, installations: &[Arc<Slot>]) -> Interest {
        let wants = |family: &Family| {
            let mut interests = installations.iter().map(|slot| slot.active().interest(&self.name));
            interests.any(|interest| interest.wants(*family))
        };
        let all = Family::ALL.into_iter();
        all.filter(|family| self.shown.wants(*family) || wants(family))
            .collect()
    }
}

/// What stops a router. A plugin's failure never does.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RouterError {
    /// The log could not be read.
    #[error("routing stopped at the log")]
    Log(#[from] LogError),
    /// The store is lost.
    #[error("routing stopped at the store")]
    Store(#[from] StoreError),
    /// A lane's task died, which is a fault of ours.
    #[error("a lane died: {reason}")]
    Lane {
        /// What the runtime says about it.
        reason: Box<str>,
    },
}
