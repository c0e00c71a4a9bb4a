//! An installation with the operator's rules around it.

use std::sync::Arc;

use waspnest_core::event::{Event, Family, Interest};
use waspnest_core::id::SessionName;
use waspnest_core::kv::Quota;
use waspnest_engine::Installation;

use super::bind;
use super::lane::LaneKey;
use crate::config::bind::Bind;
use crate::config::installation::Lane;
use crate::config::plugins::Retry;

/// An installation, and when it is called.
#[derive(Debug)]
pub struct Installed {
    /// The plugin at work.
    pub installation: Installation,
    /// Which events it gets; the first bind that admits one names itself.
    pub binds: Vec<Bind>,
    /// Within what it gets events one after the other.
    pub order: Lane,
    /// What happens to failed calls.
    pub retry: Retry,
}

impl Installed {
    /// How much state it may keep in each session.
    pub(super) fn kv_quota(&self) -> Quota {
        match self.installation.kv_terms() {
            Some(terms) => Quota {
                bytes: terms.max_bytes,
                keys: terms.max_keys,
            },
            None => Quota { bytes: 0, keys: 0 },
        }
    }

    /// Which families may reach it in a session: those it subscribes to and a bind lets through.
    pub(crate) fn interest(&self, session: &SessionName) -> Interest {
        let may_reach = |family: &Family| {
            self.installation.subscribes(*family)
                && self
                    .binds
                    .iter()
                    .any(|bind| bind::lets_family_through(bind, session, *family))
        };
        Family::ALL.into_iter().filter(may_reach).collect()
    }

    /// The bind that lets an event through to this installation, and the lane it goes to; none if it is not for it.
    pub(super) fn wants(&self, session: &SessionName, event: &Event) -> Option<(Arc<str>, LaneKey)> {
        if !self.installation.wants(&event.kind) {
            return None;
        }
        let bind = bind::admitting(&self.binds, session, event)?;
        Some((bind.into(), LaneKey::of(event, self.order)))
    }
}
