//! What a caller may do, in words: a resource and whether it is looked at or changed.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::given::Given;

macro_rules! scopes {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)+) => {
        /// One thing that a caller may do. The stored form is the number of the variant: new ones come last.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Scope {
            $($(#[$doc])* $name,)+
        }

        impl Scope {
            /// All there are.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its stable name, as callers write and read it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }
        }
    };
}

scopes! {
    /// See sessions and how they are.
    SessionsRead = "sessions:read";
    /// Make, link, connect and remove sessions.
    SessionsWrite = "sessions:write";
    /// Read messages, chats and media, and what became of what was sent.
    MessagesRead = "messages:read";
    /// Send, edit, revoke and react; upload media; mark as read.
    MessagesSend = "messages:send";
    /// Archive, pin, mute and delete chats.
    ChatsWrite = "chats:write";
    /// See people.
    ContactsRead = "contacts:read";
    /// Block people.
    ContactsWrite = "contacts:write";
    /// See groups, communities and newsletters.
    GroupsRead = "groups:read";
    /// Change, make, join and leave groups, communities and newsletters.
    GroupsWrite = "groups:write";
    /// See the account's profile and privacy.
    ProfileRead = "profile:read";
    /// Change the account's profile, privacy, presence and status.
    ProfileWrite = "profile:write";
    /// See installations, their runs and schedules.
    PluginsRead = "plugins:read";
    /// Change installations, and run, replay and pause what is theirs.
    PluginsWrite = "plugins:write";
    /// See and change users and keys, and read the audit log.
    TenantAdmin = "tenant:admin";
    /// See webhooks, and what they were told.
    WebhooksRead = "webhooks:read";
    /// Make, change and remove webhooks, and have them told again.
    WebhooksWrite = "webhooks:write";
}

impl Scope {
    /// Whether it changes nothing.
    #[must_use]
    pub fn only_reads(self) -> bool {
        self.name().ends_with(":read")
    }

    /// Whether it is about who may call, and so not for everybody of a tenant.
    #[must_use]
    pub const fn is_of_owners(self) -> bool {
        matches!(self, Self::TenantAdmin)
    }

    /// Whether a caller who is held to some sessions can have it: what it opens belongs to a session.
    #[must_use]
    pub const fn is_of_sessions(self) -> bool {
        !matches!(self, Self::TenantAdmin | Self::PluginsRead | Self::PluginsWrite)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that is no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not a scope; there are {}", Scope::ALL.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(", "))]
pub struct UnknownScope {
    given: Given,
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        let found = Self::ALL.iter().copied().find(|scope| scope.name() == text);
        found.ok_or_else(|| UnknownScope { given: Given::of(text) })
    }
}

/// What a caller may do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// Everything.
    #[must_use]
    pub fn all() -> Self {
        Scope::ALL.iter().copied().collect()
    }

    /// Whether this is among it.
    #[must_use]
    pub fn has(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One after the other, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
    }

    /// The first that is not among `others`.
    #[must_use]
    pub fn beyond(&self, others: &Self) -> Option<Scope> {
        self.0.difference(&others.0).next().copied()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}
