//! Which versions of its plugin an installation has, and which of them is at work.
//!
//! A version is a package, named by its digest ([`crate::package`]). The record of an installation is written whole and durably before
//! what it says is done, and its rules are plain functions of it: what becomes of a version is decided here and nowhere else. Whoever
//! changes records does so one at a time.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::address::Jid;
use crate::clock::UnixMs;
use crate::codec::{self, Record};
use crate::id::{InstallationId, SessionId};
use crate::package::PackageDigest;
use crate::schema::{Key, system};
use crate::store::{Commit, Space, Store, StoreError};

/// One version that is installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Names it.
    pub digest: PackageDigest,
    /// What its author calls it.
    pub number: Box<str>,
    /// The form of the data it keeps.
    pub data_version: u32,
    /// When it was installed.
    pub installed_at: UnixMs,
    /// Where it came from, in words.
    pub origin: Box<str>,
    /// The key whose signature was good, as the operator's list of trust has it; none if nobody signed it.
    pub signed_by: Option<Box<str>>,
    /// Whether it may be put to work.
    pub approval: Approval,
}

/// Whether a version may be put to work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Approval {
    /// It may: it asks for nothing that nobody looked at.
    NotNeeded,
    /// Not before an operator has approved of it.
    Waiting {
        /// What it asks for that the version at work did not, in words.
        because: Vec<Box<str>>,
    },
    /// It may: an operator has approved of it.
    Given {
        /// When.
        at: UnixMs,
    },
}

/// What decides which version is at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Choice {
    /// The source that the configuration names: another version there is put to work at the next start.
    Source,
    /// An operator has chosen one, and it stays until they choose again.
    Operator,
}

/// The versions of one installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// Those that are installed, the latest last. Each is there once.
    pub installed: Vec<Version>,
    /// The one at work.
    pub active: PackageDigest,
    /// The one that was at work before it.
    pub previous: Option<PackageDigest>,
    /// One whose turn it is as soon as the data of every session have its form. It is at work for whoever starts the host then.
    pub next: Option<PackageDigest>,
    /// What decides about it.
    pub choice: Choice,
}

impl Record for Versions {
    const VERSION: u8 = 1;
}

/// A version that is tried in some chats beside the one at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Canary {
    /// Which.
    pub digest: PackageDigest,
    /// In how many of a hundred chats.
    pub percent: u8,
}

impl Record for Canary {
    const VERSION: u8 = 1;
}

/// A version that is called beside the one at work, only to see what it would have done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shadow {
    /// Which.
    pub digest: PackageDigest,
    /// In how many of a hundred chats. What belongs to no chat is looked at where it is all of them.
    pub percent: u8,
}

impl Record for Shadow {
    const VERSION: u8 = 1;
}

impl Canary {
    /// Whether a chat of a session meets this version. The same chat always meets the same one, more chats do when the share grows and none
    /// of those that did leaves, and no two installations try with the same chats.
    #[must_use]
    pub fn takes(&self, installation: &InstallationId, session: SessionId, chat: &Jid) -> bool {
        place_of(installation, session, chat, "") < self.percent
    }
}

impl Shadow {
    /// Whether this version is called for what happens in a chat: as for [`Canary::takes`], in other chats than those.
    #[must_use]
    pub fn takes(&self, installation: &InstallationId, session: SessionId, chat: Option<&Jid>) -> bool {
        match chat {
            Some(chat) => place_of(installation, session, chat, "shadow") < self.percent,
            None => self.percent >= 100,
        }
    }
}

/// Which of a hundred parts of the chats one is in.
fn place_of(installation: &InstallationId, session: SessionId, chat: &Jid, purpose: &str) -> u8 {
    let mut hasher = Sha256::new();
    hasher.update(installation.as_str());
    hasher.update([0]);
    hasher.update(session.ulid().to_bytes());
    hasher.update(chat.to_string());
    hasher.update(purpose);
    let hash: [u8; 32] = hasher.finalize().into();
    let share = hash.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    // Less than a hundred.
    (share % 100) as u8
}

impl Versions {
    /// The versions of an installation that is new: the one its source had.
    #[must_use]
    pub fn new(first: Version) -> Self {
        Self {
            active: first.digest,
            installed: vec![first],
            previous: None,
            next: None,
            choice: Choice::Source,
        }
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, digest: PackageDigest) -> Option<&Version> {
        self.installed.iter().find(|version| version.digest == digest)
    }

    /// One of them, to change it.
    pub fn get_mut(&mut self, digest: PackageDigest) -> Option<&mut Version> {
        self.installed.iter_mut().find(|version| version.digest == digest)
    }

    /// Adds a version; one that is there already counts as the latest, and stays approved of if it was.
    pub fn add(&mut self, mut version: Version) {
        if let Some(at) = self.installed.iter().position(|known| known.digest == version.digest) {
            let known = self.installed.remove(at);
            match known.approval {
                Approval::NotNeeded | Approval::Given { .. } => version.approval = known.approval,
                Approval::Waiting { .. } => {}
            }
            version.installed_at = known.installed_at;
        }
        self.installed.push(version);
    }

    /// Puts a version to work that is installed.
    pub fn activate(&mut self, digest: PackageDigest, choice: Choice) {
        if self.active != digest {
            self.previous = Some(self.active);
        }
        self.active = digest;
        self.next = None;
        self.choice = choice;
    }

    /// Forgets the oldest of those that nobody needs, until no more than `keep` are left or all of them are needed. Needed are the one at
    /// work, the one before it, one whose turn is coming, those that wait to be approved, and those in `also`.
    pub fn prune(&mut self, keep: usize, also: &[PackageDigest]) {
        let mut surplus = self.installed.len().saturating_sub(keep);
        let needed = [Some(self.active), self.previous, self.next];
        self.installed.retain(|version| {
            let is_needed = needed.contains(&Some(version.digest)) || also.contains(&version.digest);
            if surplus == 0 || is_needed {
                return true;
            }
            surplus -= 1;
            false
        });
    }
}

/// The records of all installations. Clones are the same.
#[derive(Debug, Clone)]
pub struct VersionRegister {
    store: Arc<dyn Store>,
}

impl VersionRegister {
    /// The records in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// The versions of an installation; none if it never was at work.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn get(&self, installation: &InstallationId) -> Result<Option<Versions>, StoreError> {
        let key = key(installation);
        let value = self.store.get(Space::System, key.as_slice()).await?;
        value.map(|value| codec::decode(key.as_slice(), &value)).transpose()
    }

    /// The version that an installation tries; none if it tries none.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn canary(&self, installation: &InstallationId) -> Result<Option<Canary>, StoreError> {
        let key = canary_key(installation);
        let value = self.store.get(Space::System, key.as_slice()).await?;
        value.map(|value| codec::decode(key.as_slice(), &value)).transpose()
    }

    /// Writes which version an installation tries; durable when this returns.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn set_canary(&self, installation: &InstallationId, canary: Option<Canary>) -> Result<(), StoreError> {
        let (commit, key) = (Commit::durable(Space::System), canary_key(installation));
        let commit = match canary {
            Some(canary) => commit.put(key, codec::encode(&canary)),
            None => commit.delete(key),
        };
        self.store.commit(commit).await?.durable().await
    }

    /// The version that an installation has in shadow; none if it has none.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn shadow(&self, installation: &InstallationId) -> Result<Option<Shadow>, StoreError> {
        let key = shadow_key(installation);
        let value = self.store.get(Space::System, key.as_slice()).await?;
        value.map(|value| codec::decode(key.as_slice(), &value)).transpose()
    }

    /// Writes which version an installation has in shadow; durable when this returns.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn set_shadow(&self, installation: &InstallationId, shadow: Option<Shadow>) -> Result<(), StoreError> {
        let (commit, key) = (Commit::durable(Space::System), shadow_key(installation));
        let commit = match shadow {
            Some(shadow) => commit.put(key, codec::encode(&shadow)),
            None => commit.delete(key),
        };
        self.store.commit(commit).await?.durable().await
    }

    /// Writes the versions of an installation; durable when this returns.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn put(&self, installation: &InstallationId, versions: &Versions) -> Result<(), StoreError> {
        let commit = Commit::durable(Space::System).put(key(installation), codec::encode(versions));
        self.store.commit(commit).await?.durable().await
    }

    /// Forgets an installation that is gone; durable when this returns.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn remove(&self, installation: &InstallationId) -> Result<(), StoreError> {
        let commit = Commit::durable(Space::System)
            .delete(key(installation))
            .delete(canary_key(installation))
            .delete(shadow_key(installation));
        self.store.commit(commit).await?.durable().await
    }
}

fn key(installation: &InstallationId) -> Key {
    Key::table(system::VERSIONS).bytes(installation.as_str().as_bytes())
}

fn canary_key(installation: &InstallationId) -> Key {
    Key::table(system::CANARY).bytes(installation.as_str().as_bytes())
}

fn shadow_key(installation: &InstallationId) -> Key {
    Key::table(system::SHADOW).bytes(installation.as_str().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{NOON, SESSION, installation};
    use crate::store::MemoryStore;

    fn digest(number: u8) -> PackageDigest {
        [number; 32].into()
    }

    fn version(number: u8) -> Version {
        Version {
            digest: digest(number),
            number: format!("{number}.0.0").into(),
            data_version: 1,
            installed_at: NOON,
            origin: "a test".into(),
            signed_by: None,
            approval: Approval::NotNeeded,
        }
    }

    fn numbers(versions: &Versions) -> Vec<u8> {
        versions
            .installed
            .iter()
            .map(|version| version.digest.bytes()[0])
            .collect()
    }

    #[test]
    fn the_one_at_work_and_the_one_before_it_are_never_forgotten() {
        let mut versions = Versions::new(version(1));
        for number in 2..=5 {
            versions.add(version(number));
            versions.prune(3, &[]);
        }
        assert_eq!(numbers(&versions), [1, 4, 5]);
        versions.activate(digest(4), Choice::Operator);
        for number in 6..=9 {
            versions.add(version(number));
            versions.prune(3, &[]);
        }
        assert_eq!(numbers(&versions), [1, 4, 9]);
        versions.prune(1, &[digest(9)]);
        assert_eq!(numbers(&versions), [1, 4, 9], "more than are kept, and all needed");
        versions.activate(digest(9), Choice::Operator);
        versions.prune(1, &[]);
        assert_eq!(numbers(&versions), [4, 9]);
    }

    #[test]
    fn a_version_that_comes_again_is_the_same() {
        let mut versions = Versions::new(version(1));
        versions.add(version(2));
        let waiting = Version {
            approval: Approval::Waiting {
                because: vec!["http".into()],
            },
            ..version(1)
        };
        versions.add(waiting);
        assert_eq!(numbers(&versions), [2, 1]);
        let again = versions.get(digest(1)).expect("it is there");
        assert_eq!(again.approval, Approval::NotNeeded, "it was at work already");
        versions.activate(digest(1), Choice::Operator);
        assert_eq!(versions.previous, None, "it was at work");
    }

    #[test]
    fn a_chat_always_meets_the_same_version() {
        let bot = installation("bot");
        let chats: Vec<Jid> = (0..1000)
            .map(|number| format!("4915100{number:06}").parse().expect("a number"))
            .collect();
        let taken = |percent| -> Vec<&Jid> {
            let canary = Canary {
                digest: digest(1),
                percent,
            };
            chats.iter().filter(|chat| canary.takes(&bot, SESSION, chat)).collect()
        };
        assert_eq!((taken(0).len(), taken(100).len()), (0, 1000));
        let (few, more) = (taken(10), taken(30));
        assert!(
            (60..140).contains(&few.len()) && (240..360).contains(&more.len()),
            "{} {}",
            few.len(),
            more.len()
        );
        assert!(few.iter().all(|chat| more.contains(chat)), "nobody leaves");
        let others = Canary {
            digest: digest(1),
            percent: 10,
        };
        let by_another: Vec<_> = chats
            .iter()
            .filter(|chat| others.takes(&installation("other"), SESSION, chat))
            .collect();
        assert_ne!(few, by_another);
    }

    #[tokio::test]
    async fn the_record_stays_for_the_next_start() {
        let store: Arc<dyn Store> = MemoryStore::new();
        let echo = installation("echo");
        let versions = Versions::new(version(1));
        let register = VersionRegister::new(Arc::clone(&store));
        assert_eq!(register.get(&echo).await.expect("read"), None);
        register.put(&echo, &versions).await.expect("written");
        assert_eq!(
            VersionRegister::new(store).get(&echo).await.expect("read"),
            Some(versions)
        );
    }
}
