//! All groups: how they are found, and telling their members things.
//!
//! What a group is stands in `groups/group.rs`; what clients may do to one is in `stanza/groups`. A group is never removed, so a
//! [`GroupId`] stays valid: one that nobody is left in, or a community that was deactivated, cannot be reached any more.

mod group;
pub(crate) mod saved;
mod settings;
mod view;

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use rand_signal::RngExt as _;
use rand_signal::rngs::StdRng;
use whatsapp_rust::wacore_binary::{Jid, Server};

use crate::address::AccountId;
use crate::notification::Notification;
use crate::world::World;

pub(crate) use group::{
    Description, Founding, Group, Kind, MAX_MEMBERS, Part, PersonalInvite, Request, RequestMethod, Role, Subject,
};
pub(crate) use settings::{Allowed, Flag, Joining, Switch};
pub use view::{GroupKind, GroupMember, GroupRole, GroupSetting, GroupView};

/// A group, by the number in its JID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct GroupId(u64);

impl GroupId {
    /// The group a JID names; `None` for other kinds of address and for numbers this server never gives out.
    pub(crate) fn of(jid: &Jid) -> Option<Self> {
        match jid.server {
            Server::Group => jid.user.parse().ok().map(Self),
            Server::Pn
            | Server::Lid
            | Server::Broadcast
            | Server::Newsletter
            | Server::Hosted
            | Server::HostedLid
            | Server::Messenger
            | Server::Interop
            | Server::Bot
            | Server::Legacy
            | Server::Call => None,
        }
    }

    pub(crate) fn jid(self) -> Jid {
        Jid::group(self.to_string())
    }
}

impl fmt::Display for GroupId {
    /// The number alone, as `id` attributes carry it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Every group there is.
#[derive(Debug)]
pub(crate) struct Groups {
    by_id: BTreeMap<GroupId, Group>,
    /// Every invite code ever given out; the ones that were reset lead to a group with another code.
    by_code: HashMap<String, GroupId>,
    /// Apart from the world's, so that groups do not change which keys and numbers a seed draws.
    rng: StdRng,
}

/// Who an invite code belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeLookup {
    Current(GroupId),
    /// It was reset, or its group is gone.
    Retired,
    Unknown,
}

impl Groups {
    pub(crate) fn new(rng: StdRng) -> Self {
        Self {
            by_id: BTreeMap::new(),
            by_code: HashMap::new(),
            rng,
        }
    }

    /// Adds a group under a fresh id and invite code.
    pub(crate) fn found(&mut self, founding: Founding) -> GroupId {
        let id = loop {
            // The form the service has used since it stopped naming groups after their creators.
            let id = GroupId(120_363_000_000_000_000 + self.rng.random_range(0..1_000_000_000_000));
            if !self.by_id.contains_key(&id) {
                break id;
            }
        };
        let code = self.fresh_code(id);
        self.by_id.insert(id, Group::new(id, code, founding));
        id
    }

    /// A code that leads to `group`: 22 letters and digits, as invite links carry them.
    pub(crate) fn fresh_code(&mut self, group: GroupId) -> String {
        const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let code: String = (0..22)
            .map(|_| char::from(ALPHABET[self.rng.random_range(0..ALPHABET.len())]))
            .collect();
        self.by_code.insert(code.clone(), group);
        code
    }

    pub(crate) fn get(&self, id: GroupId) -> Option<&Group> {
        self.by_id.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: GroupId) -> Option<&mut Group> {
        self.by_id.get_mut(&id)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Group> {
        self.by_id.values()
    }

    /// The groups an account is in, oldest id first.
    pub(crate) fn of_member(&self, account: AccountId) -> impl Iterator<Item = &Group> {
        self.all().filter(move |group| group.role(account).is_some())
    }

    /// The groups linked to a community.
    pub(crate) fn parts_of(&self, community: GroupId) -> impl Iterator<Item = &Group> {
        self.all().filter(move |group| group.community() == Some(community))
    }

    pub(crate) fn look_up_code(&self, code: &str) -> CodeLookup {
        let Some(id) = self.by_code.get(code) else {
            return CodeLookup::Unknown;
        };
        match self.get(*id) {
            Some(group) if group.invite_code == code && !group.members.is_empty() => CodeLookup::Current(*id),
            Some(_) | None => CodeLookup::Retired,
        }
    }
}

impl World {
    /// What an account is in the group a JID names; `None` when there is no such group or it is not in it.
    pub(crate) fn role_in(&self, group: &Jid, account: AccountId) -> Option<Role> {
        self.groups.get(GroupId::of(group)?)?.role(account)
    }

    /// Queues a notification for every companion of every member, and of `also`: those who are just not members any more.
    pub(crate) fn notify_group(&mut self, group: GroupId, also: &[AccountId], notification: &Notification) {
        let Some(group) = self.groups.get(group) else {
            return;
        };
        let mut audience = group.people();
        audience.extend(also.iter().filter(|account| group.role(**account).is_none()));
        for account in audience {
            self.notify_companions(account, None, notification);
        }
    }
}
