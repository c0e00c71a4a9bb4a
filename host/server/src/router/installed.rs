//! An installation with the operator's rules around it.

use std::sync::Arc;

use tokio_util::task::TaskTracker;
use waspnest_core::dialogue;
use waspnest_core::event::{Event, EventKind, Family, Interest, TickCause};
use waspnest_core::id::{SessionName, TenantId};
use waspnest_core::kv::Quota;
use waspnest_core::message::Message;
use waspnest_engine::{Installation, Mode};

use super::bind::{self, As};
use super::command::{Commands, Invoked};
use super::lane::LaneKey;
use crate::breaker::Breaker;
use crate::config::bind::{Bind, MayStop};
use crate::config::installation::Lane;
use crate::config::plugins::Retry;
use crate::config::schedule::Schedule;
use crate::settings::Settings;

/// An installation, and when it is called.
#[derive(Debug)]
pub struct Installed {
    /// The plugin at work.
    pub installation: Installation,
    /// Whose it is; none for the operator's, which works in everybody's sessions.
    pub tenant: Option<TenantId>,
    /// Its configuration.
    pub settings: Settings,
    /// Which events it gets; the first bind that admits one names itself.
    pub binds: Vec<Bind>,
    /// Its priority: who waits for whom where one may stop an event.
    pub priority: i32,
    /// Whether it takes part.
    pub mode: Mode,
    /// What people may type.
    pub commands: Commands,
    /// Points in time at which it is called.
    pub schedules: Vec<Schedule>,
    /// Within what it gets events one after the other.
    pub order: Lane,
    /// What happens to failed calls.
    pub retry: Retry,
    /// Holds calls back while it keeps failing.
    pub breaker: Arc<Breaker>,
    /// The calls of it that are under way.
    pub calls: TaskTracker,
}

impl Installed {
    /// Whether it works in sessions of a tenant.
    pub(crate) fn works_for(&self, tenant: TenantId) -> bool {
        self.tenant.is_none_or(|whose| whose == tenant)
    }

    /// How much state it may keep in each session.
    pub(crate) fn kv_quota(&self) -> Quota {
        match self.installation.kv_terms() {
            Some(terms) => Quota {
                bytes: terms.max_bytes,
                keys: terms.max_keys,
            },
            None => Quota { bytes: 0, keys: 0 },
        }
    }

    /// How much its dialogues may store in each session.
    pub(super) fn dialogue_quota(&self) -> Quota {
        Quota {
            bytes: u64::MAX,
            keys: self.installation.dialogue_terms().map_or(0, |terms| terms.max_open),
        }
    }

    /// How much it may keep in each session, as values and in dialogues.
    #[must_use]
    pub fn quotas(&self) -> (Quota, Quota) {
        (self.kv_quota(), self.dialogue_quota())
    }

    /// Which families may reach it in a session: those that a bind lets through, whatever the version at work subscribes to. A session
    /// says once what it takes in, and the next version may want more of it.
    pub(crate) fn interest(&self, session: &SessionName) -> Interest {
        let may_reach = |family: &Family| {
            self.binds
                .iter()
                .any(|bind| bind::lets_family_through(bind, session, *family))
        };
        Family::ALL.into_iter().filter(may_reach).collect()
    }

    /// How an event goes to this installation; none if it is not for it. `heard` is the command in it, if there is one.
    pub(super) fn wants(
        &self,
        session: &SessionName,
        event: &Event,
        heard: Option<(Arc<str>, Way, MayStop)>,
    ) -> Option<Wanted> {
        let (bind, way, may_stop) = heard.or_else(|| self.wants_event(session, event))?;
        let key = match way.goes_ahead() {
            true => LaneKey::Alone(event.position),
            false => LaneKey::of(event, self.order),
        };
        Some(Wanted {
            bind,
            way,
            key,
            may_stop,
        })
    }

    fn wants_event(&self, session: &SessionName, event: &Event) -> Option<(Arc<str>, Way, MayStop)> {
        let wants = self.installation.wants(&event.kind);
        let let_through = |asked, way: Way| {
            let bind = bind::admitting(&self.binds, session, event, asked)?;
            Some((bind.id.as_ref().into(), way, bind.may_stop))
        };
        match &event.kind {
            EventKind::Tick(tick) => wants.then(|| match tick.cause {
                TickCause::Expired => (bind::DIALOGUE.into(), Way::Reply, MayStop::No),
                TickCause::Recurring | TickCause::Once | TickCause::Manual | TickCause::CatchUp => {
                    (bind::SCHEDULE.into(), Way::Event, MayStop::No)
                }
            }),
            EventKind::Request(_) => wants.then(|| (bind::HOOK.into(), Way::Event, MayStop::No)),
            EventKind::Message(message) => {
                let as_event = wants.then(|| let_through(As::Event, Way::Event)).flatten();
                let as_reply = || {
                    self.may_wait_for(message)
                        .then(|| let_through(As::Reply, Way::Reply))
                        .flatten()
                };
                as_event.or_else(as_reply)
            }
            EventKind::Receipt(_)
            | EventKind::Group(_)
            | EventKind::Presence(_)
            | EventKind::Contact(_)
            | EventKind::Chat(_)
            | EventKind::Call(_)
            | EventKind::Session(_)
            | EventKind::Topic(_) => wants.then(|| let_through(As::Event, Way::Event)).flatten(),
        }
    }

    fn may_wait_for(&self, message: &Message) -> bool {
        self.installation.takes_replies() && dialogue::may_answer(message)
    }

    /// The same for an event that an operator wants handled again, whatever binds say today.
    pub(super) fn replays(
        &self,
        session: &SessionName,
        event: &Event,
        heard: Option<(Arc<str>, Way, MayStop)>,
    ) -> Wanted {
        self.wants(session, event, heard).unwrap_or_else(|| Wanted {
            bind: bind::REPLAY.into(),
            way: Way::Event,
            may_stop: MayStop::No,
            key: LaneKey::of(event, self.order),
        })
    }
}

/// How an event goes to an installation.
#[derive(Debug)]
pub(super) struct Wanted {
    /// The bind that lets it through.
    pub bind: Arc<str>,
    /// As what.
    pub way: Way,
    /// The lane it goes to.
    pub key: LaneKey,
    /// Whether it may stop the event.
    pub may_stop: MayStop,
}

/// As what an event goes to an installation. Whether it ends a wait is asked when its turn has come.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Way {
    /// As what it is, unless it ends a wait.
    Event,
    /// As the end of a wait, if it ends one, and not at all otherwise.
    Reply,
    /// As a command, unless it ends a wait.
    Command(Arc<Invoked>),
    /// Not at all: the host itself answers this, unless it ends a wait.
    Answer(Arc<str>),
}

impl Way {
    /// Whether it does not wait for its turn.
    pub(super) fn goes_ahead(&self) -> bool {
        match self {
            Self::Command(invoked) => invoked.is_urgent(),
            Self::Event | Self::Reply | Self::Answer(_) => false,
        }
    }
}
