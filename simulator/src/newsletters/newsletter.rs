//! One newsletter: what it is called, who runs and follows it, and what was published.

pub(super) mod saved;

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::address::{AccountId, DeviceAddress};
use crate::newsletters::{Draft, NewsletterId, Post};

/// Posts one newsletter keeps; the oldest go first.
const MAX_POSTS: usize = 10_000;
/// How long a device is told of changes after it asked to be, in seconds (modelled; clients ask again before it is over).
pub(crate) const WATCH_S: u64 = 300;
/// How long an invitation to administer stands, in seconds (modelled).
const INVITE_S: u64 = 7 * 24 * 3600;

/// What an account is to a newsletter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    Guest,
    Subscriber,
    Admin,
    Owner,
}

impl Role {
    /// As it is written in JSON.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::Subscriber => "subscriber",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}

/// Whether a follower's phone keeps quiet about something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mute {
    On,
    Off,
}

impl Mute {
    /// As it is written in JSON.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::On => "ON",
            Self::Off => "OFF",
        }
    }
}

/// A name or a description.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    pub(crate) text: String,
    /// When it was written, which also serves as its id.
    pub(crate) at_ms: u64,
}

/// What the server keeps of somebody who follows.
#[derive(Debug)]
struct Follower {
    role: Role,
    mute: Mute,
    admin_mute: Mute,
}

/// A newsletter.
#[derive(Debug)]
pub(crate) struct Newsletter {
    pub(crate) id: NewsletterId,
    /// The code its invite link ends with.
    pub(crate) code: String,
    pub(crate) created_ms: u64,
    pub(crate) name: Words,
    pub(crate) description: Words,
    followers: BTreeMap<AccountId, Follower>,
    /// Who was asked to administer, and until when, in seconds.
    invited: BTreeMap<AccountId, u64>,
    posts: VecDeque<Post>,
    last_server_id: u64,
    /// Devices that are told of changes, and until when, in seconds.
    watching: HashMap<DeviceAddress, u64>,
}

impl Newsletter {
    pub(super) fn new(
        id: NewsletterId,
        code: String,
        owner: AccountId,
        name: String,
        description: String,
        at_ms: u64,
    ) -> Self {
        let owner = (owner, Follower::new(Role::Owner));
        Self {
            id,
            code,
            created_ms: at_ms,
            name: Words { text: name, at_ms },
            description: Words {
                text: description,
                at_ms,
            },
            followers: BTreeMap::from([owner]),
            invited: BTreeMap::new(),
            posts: VecDeque::new(),
            // Modelled: the first message has number 100, as on the service, where the lower ones are taken by events.
            last_server_id: 99,
            watching: HashMap::new(),
        }
    }

    pub(crate) fn role(&self, account: AccountId) -> Role {
        self.followers
            .get(&account)
            .map_or(Role::Guest, |follower| follower.role)
    }

    pub(crate) fn owner(&self) -> AccountId {
        self.followers()
            .find(|(_, role)| *role == Role::Owner)
            .map(|(account, _)| account)
            .expect("a newsletter is made with an owner, who cannot leave and only hands over")
    }

    /// Everybody who gets what is published, its owner included.
    pub(crate) fn followers(&self) -> impl Iterator<Item = (AccountId, Role)> {
        self.followers
            .iter()
            .map(|(account, follower)| (*account, follower.role))
    }

    pub(crate) fn admins(&self) -> usize {
        self.followers().filter(|(_, role)| *role >= Role::Admin).count()
    }

    /// Who was asked to administer and may still accept.
    pub(crate) fn invited(&self, now_s: u64) -> impl Iterator<Item = AccountId> {
        self.invited
            .iter()
            .filter(move |(_, until)| **until > now_s)
            .map(|(account, _)| *account)
    }

    /// Follows. Nothing changes for somebody who does already.
    pub(crate) fn follow(&mut self, account: AccountId) {
        self.followers
            .entry(account)
            .or_insert_with(|| Follower::new(Role::Subscriber));
    }

    /// Stops following. The owner cannot.
    pub(crate) fn unfollow(&mut self, account: AccountId) -> Result<(), Denied> {
        match self.role(account) {
            Role::Owner => Err(Denied),
            Role::Guest | Role::Subscriber | Role::Admin => {
                self.followers.remove(&account);
                self.watching.retain(|device, _| device.account != account);
                Ok(())
            }
        }
    }

    /// What a follower hears of: posts, or what happens among the admins.
    pub(crate) fn mute(&self, account: AccountId) -> Mute {
        self.followers.get(&account).map_or(Mute::Off, |follower| follower.mute)
    }

    pub(crate) fn set_mute(&mut self, account: AccountId, mute: Mute) -> Result<(), Denied> {
        self.followers.get_mut(&account).ok_or(Denied)?.mute = mute;
        Ok(())
    }

    pub(crate) fn admin_mute(&self, account: AccountId) -> Mute {
        self.followers
            .get(&account)
            .map_or(Mute::Off, |follower| follower.admin_mute)
    }

    pub(crate) fn set_admin_mute(&mut self, account: AccountId, mute: Mute) -> Result<(), Denied> {
        self.followers.get_mut(&account).ok_or(Denied)?.admin_mute = mute;
        Ok(())
    }

    /// Asks somebody to administer; answers until when, in seconds.
    pub(crate) fn invite_admin(&mut self, account: AccountId, now_s: u64) -> u64 {
        let until = now_s + INVITE_S;
        self.invited.insert(account, until);
        until
    }

    pub(crate) fn revoke_admin_invite(&mut self, account: AccountId) -> Result<(), Denied> {
        self.invited.remove(&account).map(|_| ()).ok_or(Denied)
    }

    pub(crate) fn accept_admin_invite(&mut self, account: AccountId, now_s: u64) -> Result<(), Denied> {
        if self.invited.remove(&account).is_none_or(|until| until <= now_s) {
            return Err(Denied);
        }
        self.follow(account);
        if self.role(account) == Role::Subscriber {
            self.set_role(account, Role::Admin);
        }
        Ok(())
    }

    /// Makes an admin a subscriber again.
    pub(crate) fn demote(&mut self, account: AccountId) -> Result<(), Denied> {
        match self.role(account) {
            Role::Admin => {
                self.set_role(account, Role::Subscriber);
                Ok(())
            }
            Role::Guest | Role::Subscriber | Role::Owner => Err(Denied),
        }
    }

    /// Hands the newsletter over to an admin; the old owner stays one.
    pub(crate) fn hand_over(&mut self, from: AccountId, to: AccountId) -> Result<(), Denied> {
        if self.role(from) != Role::Owner || self.role(to) != Role::Admin {
            return Err(Denied);
        }
        self.set_role(from, Role::Admin);
        self.set_role(to, Role::Owner);
        Ok(())
    }

    fn set_role(&mut self, account: AccountId, role: Role) {
        if let Some(follower) = self.followers.get_mut(&account) {
            follower.role = role;
        }
    }

    /// Publishes; answers the number of the post.
    pub(crate) fn publish(&mut self, draft: Draft) -> &Post {
        self.last_server_id += 1;
        if self.posts.len() >= MAX_POSTS {
            self.posts.pop_front();
        }
        self.posts.push_back(Post::new(self.last_server_id, draft));
        &self.posts[self.posts.len() - 1]
    }

    /// Posts, oldest first. Numbers rise.
    pub(crate) fn posts(&self) -> &VecDeque<Post> {
        &self.posts
    }

    pub(crate) fn post_mut(&mut self, server_id: u64) -> Option<&mut Post> {
        let index = self
            .posts
            .binary_search_by_key(&server_id, |post| post.server_id)
            .ok()?;
        self.posts.get_mut(index)
    }

    pub(crate) fn post_by_id(&mut self, id: &str) -> Option<&mut Post> {
        self.posts.iter_mut().rev().find(|post| post.id == id)
    }

    /// Tells a device of changes for a while.
    pub(crate) fn watch(&mut self, device: DeviceAddress, now_s: u64) {
        self.watching.insert(device, now_s + WATCH_S);
    }

    pub(crate) fn unwatch(&mut self, device: DeviceAddress) {
        self.watching.remove(&device);
    }

    /// Devices that are to be told of changes now, in order.
    pub(crate) fn watchers(&mut self, now_s: u64) -> Vec<DeviceAddress> {
        self.watching.retain(|_, until| *until > now_s);
        let mut watchers: Vec<DeviceAddress> = self.watching.keys().copied().collect();
        watchers.sort_unstable_by_key(|at| (at.account, at.device));
        watchers
    }
}

impl Follower {
    fn new(role: Role) -> Self {
        Self {
            role,
            mute: Mute::Off,
            admin_mute: Mute::Off,
        }
    }
}

/// The account is not in a position to do that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Denied;
