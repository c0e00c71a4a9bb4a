//! What a caller may be allowed to do: the words that keys and tokens carry.

use std::fmt;

/// One thing that a caller may do, within what is theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// See sessions and how they are.
    SessionsRead,
    /// Make, link, connect and remove sessions.
    SessionsWrite,
    /// Read messages, chats and media, and what became of what was sent.
    MessagesRead,
    /// Send, edit, revoke and react; upload media; mark as read.
    MessagesSend,
    /// Archive, pin, mute and delete chats.
    ChatsWrite,
    /// See people.
    ContactsRead,
    /// Block people.
    ContactsWrite,
    /// See groups, communities and newsletters.
    GroupsRead,
    /// Change, make, join and leave groups, communities and newsletters.
    GroupsWrite,
    /// See the account's profile and privacy.
    ProfileRead,
    /// Change the account's profile, privacy, presence and status.
    ProfileWrite,
    /// See installations, their runs and schedules.
    PluginsRead,
    /// Change installations, and run, replay and pause what is theirs.
    PluginsWrite,
    /// See and change users and keys, and read the audit log.
    TenantAdmin,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::SessionsRead,
        Self::SessionsWrite,
        Self::MessagesRead,
        Self::MessagesSend,
        Self::ChatsWrite,
        Self::ContactsRead,
        Self::ContactsWrite,
        Self::GroupsRead,
        Self::GroupsWrite,
        Self::ProfileRead,
        Self::ProfileWrite,
        Self::PluginsRead,
        Self::PluginsWrite,
        Self::TenantAdmin,
    ];

    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SessionsRead => "sessions:read",
            Self::SessionsWrite => "sessions:write",
            Self::MessagesRead => "messages:read",
            Self::MessagesSend => "messages:send",
            Self::ChatsWrite => "chats:write",
            Self::ContactsRead => "contacts:read",
            Self::ContactsWrite => "contacts:write",
            Self::GroupsRead => "groups:read",
            Self::GroupsWrite => "groups:write",
            Self::ProfileRead => "profile:read",
            Self::ProfileWrite => "profile:write",
            Self::PluginsRead => "plugins:read",
            Self::PluginsWrite => "plugins:write",
            Self::TenantAdmin => "tenant:admin",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
