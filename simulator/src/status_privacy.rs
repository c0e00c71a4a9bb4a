//! For whom an account's status posts are: what its phone is set to, and what companions ask for.
//!
//! Senders list everybody a post is for, so the server keeps this for them and does not look at it.

pub(crate) mod saved;

use std::collections::BTreeSet;

use crate::address::AccountId;

/// Whom an account's status posts are for. Names in JSON and on the wire are the same.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum StatusAudience {
    /// All contacts.
    #[default]
    Contacts,
    /// All contacts but those listed.
    Blacklist,
    /// Those listed.
    Whitelist,
}

impl StatusAudience {
    /// Every audience, in the order in which they are listed to clients.
    pub(crate) const ALL: [Self; 3] = [Self::Contacts, Self::Blacklist, Self::Whitelist];

    /// Its name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Contacts => "contacts",
            Self::Blacklist => "blacklist",
            Self::Whitelist => "whitelist",
        }
    }
}

/// The setting. Both lists are kept, whichever of them counts.
#[derive(Debug, Default)]
pub(crate) struct StatusPrivacy {
    pub(crate) audience: StatusAudience,
    blacklist: BTreeSet<AccountId>,
    whitelist: BTreeSet<AccountId>,
}

impl StatusPrivacy {
    /// Chooses an audience, and who is on its list; all contacts need none.
    pub(crate) fn set(&mut self, audience: StatusAudience, listed: BTreeSet<AccountId>) {
        self.audience = audience;
        match audience {
            StatusAudience::Contacts => {}
            StatusAudience::Blacklist => self.blacklist = listed,
            StatusAudience::Whitelist => self.whitelist = listed,
        }
    }

    /// Who is on the list of an audience.
    pub(crate) fn listed(&self, audience: StatusAudience) -> impl Iterator<Item = AccountId> {
        let list = match audience {
            StatusAudience::Contacts => None,
            StatusAudience::Blacklist => Some(&self.blacklist),
            StatusAudience::Whitelist => Some(&self.whitelist),
        };
        list.into_iter().flatten().copied()
    }
}
