//! Which interfaces of the contract a manifest has to do with: the one place that maps what it asks for and subscribes to onto them.
//!
//! A component is held to it when it is loaded, and `waspnest plugin build` makes the author's world of it.

use waspnest_core::event::Family;

use super::Manifest;
use super::capability::Capability;
use super::subscribe::Subscription;
use crate::handlers::Handler;

/// Interfaces that need no grant.
pub(crate) const FREE: [&str; 4] = ["types", "config", "log", "meta"];

impl Capability {
    /// The interface it opens, or a part of it.
    #[must_use]
    pub const fn interface(self) -> &'static str {
        match self {
            Self::MessagesSend
            | Self::MessagesReact
            | Self::MessagesRead
            | Self::MessagesTyping
            | Self::MessagesEdit
            | Self::MessagesRevoke
            | Self::MessagesModerate
            | Self::MessagesVote
            | Self::MessagesPin
            | Self::MessagesStar
            | Self::MessagesRaw
            | Self::MessagesHistory => "messaging",
            Self::Kv => "kv",
            Self::Schedule => "schedule",
            Self::Http => "http",
            Self::Dialogue => "dialogue",
            Self::MediaRead | Self::MediaWrite => "media-store",
            Self::GroupsRead | Self::GroupsWrite => "groups",
            Self::ContactsRead | Self::ContactsWrite => "contacts",
            Self::ChatsWrite => "chats",
            Self::Secrets => "secrets",
            Self::Webhooks => "webhooks",
            Self::Bus => "bus",
        }
    }

    /// Those that open an interface; none if nothing does.
    pub(crate) fn opening(interface: &str) -> Vec<Self> {
        let all = Self::ALL.into_iter();
        all.filter(|capability| capability.interface() == interface).collect()
    }
}

impl Manifest {
    /// The interfaces a component may import: those of the capabilities that are asked for, and those that need no grant.
    #[must_use]
    pub fn imports(&self) -> Vec<&'static str> {
        let asked = Capability::ALL
            .into_iter()
            .filter(|capability| self.requests.need(*capability).is_some());
        let mut imports = FREE.to_vec();
        for interface in asked.map(Capability::interface) {
            if !imports.contains(&interface) {
                imports.push(interface);
            }
        }
        imports
    }

    /// The interfaces a component is expected to export: the handlers of what is subscribed to, declared and asked for, and what `[build]`
    /// names besides.
    #[must_use]
    pub fn exports(&self) -> Vec<&'static str> {
        let follows = |handler: &Handler| match handler {
            // Jobs come as points in time.
            Handler::Of(Family::Schedule) => self.announces(*handler) || self.requests.schedule.is_some(),
            Handler::Of(_) | Handler::Raw | Handler::Reply | Handler::Command => self.announces(*handler),
        };
        let mut exports: Vec<_> = Handler::all().filter(follows).map(Handler::interface).collect();
        for interface in self.build.iter().flat_map(|build| &build.handlers) {
            if !exports.contains(interface) {
                exports.push(interface);
            }
        }
        exports
    }

    /// Whether there is something for a handler, so that a component must have it.
    pub(crate) fn announces(&self, handler: Handler) -> bool {
        match handler {
            Handler::Of(Family::Schedule) => !self.schedules.is_empty(),
            Handler::Reply => self.requests.dialogue.is_some(),
            Handler::Command => !self.commands.is_empty(),
            Handler::Of(_) | Handler::Raw => {
                let mut handlers = self.subscriptions.iter().map(Subscription::handler);
                handlers.any(|subscribed| subscribed == handler)
            }
        }
    }
}
