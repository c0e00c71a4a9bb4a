//! The families of events: what plugins subscribe to, binds name, and sources ask about before they take the trouble.

use super::EventKind;

/// A family of events. Its number is its place in an [`Interest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Messages.
    Message,
    /// Points in time.
    Schedule,
    /// How far the account's own messages have come.
    Receipt,
    /// Changes of groups.
    Group,
    /// Who is online, and who types.
    Presence,
    /// Changes of people.
    Contact,
    /// What the account did with its chats on another device.
    Chat,
    /// Calls.
    Call,
    /// States of the session.
    Session,
    /// What installations tell each other.
    Topic,
    /// Requests from outside.
    Request,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Message,
        Self::Schedule,
        Self::Receipt,
        Self::Group,
        Self::Presence,
        Self::Contact,
        Self::Chat,
        Self::Call,
        Self::Session,
        Self::Topic,
        Self::Request,
    ];

    /// Its stable name in configuration, manifests, logs and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Schedule => "schedule",
            Self::Receipt => "receipt",
            Self::Group => "group",
            Self::Presence => "presence",
            Self::Contact => "contact",
            Self::Chat => "chat",
            Self::Call => "call",
            Self::Session => "session",
            Self::Topic => "topic",
            Self::Request => "request",
        }
    }
}

impl EventKind {
    /// The family it belongs to.
    #[must_use]
    pub const fn family(&self) -> Family {
        match self {
            Self::Message(_) => Family::Message,
            Self::Tick(_) => Family::Schedule,
            Self::Receipt(_) => Family::Receipt,
            Self::Group(_) => Family::Group,
            Self::Presence(_) => Family::Presence,
            Self::Contact(_) => Family::Contact,
            Self::Chat(_) => Family::Chat,
            Self::Call(_) => Family::Call,
            Self::Session(_) => Family::Session,
            Self::Topic(_) => Family::Topic,
            Self::Request(_) => Family::Request,
        }
    }
}

/// The families somebody wants to learn of. What nobody wants is not taken in at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Interest(u16);

impl Interest {
    /// In nothing.
    pub const NONE: Self = Self(0);

    /// In everything.
    #[must_use]
    pub fn everything() -> Self {
        Family::ALL.into_iter().collect()
    }

    /// This, and one more family.
    #[must_use]
    pub const fn and(self, family: Family) -> Self {
        Self(self.0 | 1 << family as u16)
    }

    pub(super) const fn of_bits(bits: u16) -> Self {
        Self(bits)
    }

    pub(super) const fn bits(self) -> u16 {
        self.0
    }

    /// Whether a family is wanted.
    #[must_use]
    pub const fn wants(self, family: Family) -> bool {
        self.0 & 1 << family as u16 != 0
    }
}

impl FromIterator<Family> for Interest {
    fn from_iter<I: IntoIterator<Item = Family>>(families: I) -> Self {
        families.into_iter().fold(Self::NONE, Self::and)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interest_is_in_what_was_put_into_it() {
        let interest: Interest = [Family::Receipt, Family::Session].into_iter().collect();
        let wanted: Vec<_> = Family::ALL
            .into_iter()
            .filter(|family| interest.wants(*family))
            .collect();
        assert_eq!(wanted, [Family::Receipt, Family::Session]);
        assert!(
            Family::ALL
                .into_iter()
                .all(|family| Interest::everything().wants(family))
        );
    }
}
