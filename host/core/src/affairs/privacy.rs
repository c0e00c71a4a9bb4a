//! Who may see and do what with the account.

use crate::address::Party;

macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $case:ident = $word:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$doc])* $case,)* }

        impl $name {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$case,)*];

            /// Its name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$case => $word,)* }
            }

            /// The one of a name.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }
    };
}

words! {
    /// What somebody may see or do.
    PrivacyCategory {
        /// When the account was there last.
        LastSeen = "last_seen",
        /// Whether it is there now.
        Online = "online",
        /// Its picture.
        Picture = "picture",
        /// What it says about itself.
        About = "about",
        /// Put it into groups.
        Groups = "groups",
        /// That it has read a message.
        ReadReceipts = "read_receipts",
        /// Call it.
        Calls = "calls",
        /// Write to it.
        Messages = "messages",
        /// WhatsApp's strictest settings, all at once.
        Defense = "defense",
    }
}

words! {
    /// Who may.
    PrivacyValue {
        /// Everybody.
        Everyone = "everyone",
        /// The account's contacts.
        Contacts = "contacts",
        /// The account's contacts, but for some.
        ContactsExcept = "contacts_except",
        /// Nobody.
        Nobody = "nobody",
        /// Who may see when the account was there last.
        MatchLastSeen = "match_last_seen",
        /// Whom the account knows.
        Known = "known",
        /// Switched off.
        Off = "off",
        /// Switched on.
        On = "on",
        /// WhatsApp says something newer.
        Other = "other",
    }
}

impl PrivacyCategory {
    /// Who may be chosen. `contacts_except` is chosen on the phone: whatsapp-rust has no way to read who is left out now, which a change
    /// of it has to name.
    #[must_use]
    pub const fn allowed(self) -> &'static [PrivacyValue] {
        use PrivacyValue::{Contacts, Everyone, Known, MatchLastSeen, Nobody, Off, On};
        match self {
            Self::LastSeen | Self::Picture | Self::About | Self::Groups => &[Everyone, Contacts, Nobody],
            Self::ReadReceipts => &[Everyone, Nobody],
            Self::Online => &[Everyone, MatchLastSeen],
            Self::Calls => &[Everyone, Known, Contacts],
            Self::Messages => &[Everyone, Contacts],
            Self::Defense => &[Off, On],
        }
    }
}

/// Who may see or do one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrivacySetting {
    /// What.
    pub category: PrivacyCategory,
    /// Who.
    pub value: PrivacyValue,
}

words! {
    /// For whom status posts are.
    StatusAudience {
        /// All contacts.
        Contacts = "contacts",
        /// All contacts but those listed.
        Except = "contacts_except",
        /// Those listed.
        Only = "only",
    }
}

/// For whom the account's status posts are.
#[derive(Clone, PartialEq, Eq)]
pub struct StatusPrivacy {
    /// The list that counts.
    pub audience: StatusAudience,
    /// Who does not get them, when all other contacts do.
    pub except: Vec<Party>,
    /// Who gets them, when nobody else does.
    pub only: Vec<Party>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back() {
        for category in PrivacyCategory::ALL {
            assert_eq!(PrivacyCategory::named(category.name()), Some(*category));
            assert!(!category.allowed().contains(&PrivacyValue::Other));
        }
        for value in PrivacyValue::ALL {
            assert_eq!(PrivacyValue::named(value.name()), Some(*value));
        }
        assert_eq!(PrivacyValue::named("all"), None);
    }
}
