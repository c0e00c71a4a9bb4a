//! Who may see what of whom: an account's privacy settings, the exceptions to them, and its contacts.
//!
//! Other areas ask one question, [`World::may_see`], and never look at settings themselves. Categories and values are those clients know
//! (whatsapp-rust's `iq/privacy.rs`, Baileys' `Types/Chat`). What they mean to a server no client can tell; it is modelled here on what
//! the service tells its users, and on nothing else.

pub(crate) mod saved;

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};

use crate::address::AccountId;
use crate::error::AccountError;
use crate::world::World;

/// What a setting is about.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum PrivacyCategory {
    /// When the account was last there.
    Last,
    /// Whether it is there now.
    Online,
    /// Its picture.
    Profile,
    /// Its about text.
    Status,
    /// Blue ticks, in both directions.
    ReadReceipts,
    /// Who may add it to groups.
    GroupAdd,
    /// Who may call it.
    CallAdd,
    /// Who may write to it.
    Messages,
    /// Stricter account protection; kept and without effect (modelled).
    Defense,
}

impl PrivacyCategory {
    /// Every category, in the order in which they are listed to clients.
    pub const ALL: [Self; 9] = [
        Self::ReadReceipts,
        Self::Last,
        Self::Online,
        Self::Profile,
        Self::Status,
        Self::GroupAdd,
        Self::CallAdd,
        Self::Messages,
        Self::Defense,
    ];

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Last => "last",
            Self::Online => "online",
            Self::Profile => "profile",
            Self::Status => "status",
            Self::ReadReceipts => "readreceipts",
            Self::GroupAdd => "groupadd",
            Self::CallAdd => "calladd",
            Self::Messages => "messages",
            Self::Defense => "defense",
        }
    }

    /// The category with this name on the wire.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.name() == name)
    }

    /// Whether the category can have this value.
    pub fn accepts(self, value: PrivacyValue) -> bool {
        use PrivacyValue as V;
        let accepted: &[V] = match self {
            Self::Last | Self::Profile | Self::Status | Self::GroupAdd => {
                &[V::All, V::Contacts, V::ContactBlacklist, V::None]
            }
            Self::Online => &[V::All, V::MatchLastSeen],
            Self::ReadReceipts => &[V::All, V::None],
            Self::CallAdd => &[V::All, V::Known, V::Contacts],
            Self::Messages => &[V::All, V::Contacts],
            Self::Defense => &[V::Off, V::OnStandard],
        };
        accepted.contains(&value)
    }

    /// Modelled on what the service tells its users: everything is open until somebody closes it.
    fn initial(self) -> PrivacyValue {
        match self {
            Self::Last
            | Self::Online
            | Self::Profile
            | Self::Status
            | Self::ReadReceipts
            | Self::GroupAdd
            | Self::CallAdd
            | Self::Messages => PrivacyValue::All,
            Self::Defense => PrivacyValue::Off,
        }
    }
}

/// Who is meant by a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PrivacyValue {
    /// Everybody.
    All,
    /// The account's contacts.
    Contacts,
    /// The account's contacts but those on the category's list of exceptions.
    ContactBlacklist,
    /// Nobody.
    None,
    /// Whoever may see when the account was last there.
    MatchLastSeen,
    /// Contacts, and whoever holds the account's trusted-contact token.
    Known,
    /// The protection is off.
    Off,
    /// The protection is on.
    OnStandard,
}

impl PrivacyValue {
    pub(crate) const ALL: [Self; 8] = [
        Self::All,
        Self::Contacts,
        Self::ContactBlacklist,
        Self::None,
        Self::MatchLastSeen,
        Self::Known,
        Self::Off,
        Self::OnStandard,
    ];

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Contacts => "contacts",
            Self::ContactBlacklist => "contact_blacklist",
            Self::None => "none",
            Self::MatchLastSeen => "match_last_seen",
            Self::Known => "known",
            Self::Off => "off",
            Self::OnStandard => "on_standard",
        }
    }

    /// The value with this name on the wire.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.name() == name)
    }
}

/// A privacy setting could not be changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrivacyError {
    /// There is no such account.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The category never has that value.
    #[error("{} cannot be {}", category.name(), value.name())]
    NotPossible {
        /// What was to be set.
        category: PrivacyCategory,
        /// To what.
        value: PrivacyValue,
    },
}

/// An account's settings. What was never set has its first value.
#[derive(Debug, Default)]
pub(crate) struct Privacy {
    values: BTreeMap<PrivacyCategory, PrivacyValue>,
    /// The exceptions to `contact_blacklist`, by category. They outlive a change to another value.
    exceptions: BTreeMap<PrivacyCategory, BTreeSet<AccountId>>,
    /// Whom the account has in its address book. Modelled: whoever it wrote to, because address books stay on phones.
    pub(crate) contacts: BTreeSet<AccountId>,
}

impl Privacy {
    pub(crate) fn value(&self, category: PrivacyCategory) -> PrivacyValue {
        let set = self.values.get(&category).copied();
        set.unwrap_or_else(|| category.initial())
    }

    /// The caller made sure that the category accepts the value.
    pub(crate) fn set(&mut self, category: PrivacyCategory, value: PrivacyValue) {
        self.values.insert(category, value);
    }

    pub(crate) fn exceptions(&self, category: PrivacyCategory) -> impl Iterator<Item = AccountId> {
        self.exceptions.get(&category).into_iter().flatten().copied()
    }

    pub(crate) fn except(&mut self, category: PrivacyCategory, account: AccountId) {
        self.exceptions.entry(category).or_default().insert(account);
    }

    pub(crate) fn readmit(&mut self, category: PrivacyCategory, account: AccountId) {
        if let Some(list) = self.exceptions.get_mut(&category) {
            list.remove(&account);
        }
    }

    fn excepts(&self, category: PrivacyCategory, account: AccountId) -> bool {
        self.exceptions
            .get(&category)
            .is_some_and(|list| list.contains(&account))
    }
}

impl World {
    /// Whether `viewer` may see, or do, what `category` is about with `subject`.
    ///
    /// Somebody always may with themselves; whom the subject has blocked never may. What is mutual is so on both sides: who hides when
    /// they were last there, or their blue ticks, does not see those of others.
    pub(crate) fn may_see(&self, viewer: AccountId, subject: AccountId, category: PrivacyCategory) -> bool {
        let mutual = match category {
            PrivacyCategory::Last | PrivacyCategory::Online | PrivacyCategory::ReadReceipts => true,
            PrivacyCategory::Profile
            | PrivacyCategory::Status
            | PrivacyCategory::GroupAdd
            | PrivacyCategory::CallAdd
            | PrivacyCategory::Messages
            | PrivacyCategory::Defense => false,
        };
        viewer == subject || self.shows(subject, viewer, category) && (!mutual || self.shows(viewer, subject, category))
    }

    /// Whether `subject` lets `viewer`, leaving aside what `viewer` lets others.
    fn shows(&self, subject: AccountId, viewer: AccountId, category: PrivacyCategory) -> bool {
        let state = self.account(subject);
        if state.blocked.contains(&viewer) {
            return false;
        }
        let contact = || state.privacy.contacts.contains(&viewer);
        match state.privacy.value(category) {
            PrivacyValue::All | PrivacyValue::Off | PrivacyValue::OnStandard => true,
            PrivacyValue::Contacts | PrivacyValue::Known => contact(),
            PrivacyValue::ContactBlacklist => contact() && !state.privacy.excepts(category, viewer),
            PrivacyValue::None => false,
            PrivacyValue::MatchLastSeen => self.shows(subject, viewer, PrivacyCategory::Last),
        }
    }
}

/// The hash by which a client says which version of a list it changes. Modelled: clients hand back what they were given.
pub(crate) fn list_hash(members: impl IntoIterator<Item = String>) -> String {
    let members: BTreeSet<String> = members.into_iter().collect();
    let mut hash = Sha256::new();
    for member in members {
        hash.update(member.as_bytes());
        hash.update(b"\n");
    }
    BASE64_STANDARD.encode(&hash.finalize()[..9])
}

/// Whether a client that names `theirs` has the version with hash `ours`. Who has never seen a list names none (modelled), which is the
/// empty list.
pub(crate) fn same_version(theirs: &str, ours: &str) -> bool {
    theirs == ours || (matches!(theirs, "" | "none" | "0") && ours == list_hash([]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_first_values_are_possible_ones() {
        for category in PrivacyCategory::ALL {
            assert_eq!(PrivacyCategory::parse(category.name()), Some(category));
            assert!(category.accepts(category.initial()), "{category:?}");
        }
        for value in PrivacyValue::ALL {
            assert_eq!(PrivacyValue::parse(value.name()), Some(value));
        }
        assert_eq!(PrivacyCategory::parse("shoes"), None);
        assert_eq!(PrivacyValue::parse("friends"), None);
    }

    #[test]
    fn a_hash_depends_on_the_members_alone() {
        let one = list_hash(["a".to_owned(), "b".to_owned()]);
        assert_eq!(one, list_hash(["b".to_owned(), "a".to_owned(), "a".to_owned()]));
        assert_ne!(one, list_hash(["ab".to_owned()]));
        assert!(same_version("none", &list_hash([])) && !same_version("none", &one));
    }
}
