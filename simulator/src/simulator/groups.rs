//! Groups from outside: looking at them, and changing who is in them without any client's doing. Members are told as ever.

use std::collections::BTreeSet;

use crate::address::AccountId;
use crate::error::GroupError;
use crate::groups::{
    Allowed, Flag, Founding, Group, GroupId, GroupRole, GroupSetting, GroupView, Joining, Kind, Role, Switch,
};
use crate::simulator::Simulator;
use crate::stanza::groups::{self, Actor, Setting};
use crate::world::World;

impl Simulator {
    /// Every group that somebody is in, by JID.
    pub fn groups(&self) -> Vec<GroupView> {
        let world = self.inner.shared.world();
        world
            .groups
            .all()
            .filter(|group| group.kind != Kind::Gone && !group.members.is_empty())
            .map(|group| GroupView::of(&world, group))
            .collect()
    }

    /// One group, by its JID.
    pub fn group(&self, jid: &str) -> Result<GroupView, GroupError> {
        let world = self.inner.shared.world();
        Ok(GroupView::of(&world, find(&world, jid)?))
    }

    /// Makes a group as if `owner`'s phone had; everybody is named by phone digits.
    pub fn create_group(&self, owner: &str, subject: &str, members: &[&str]) -> Result<GroupView, GroupError> {
        let mut world = self.inner.shared.world();
        let creator = account(&world, owner)?;
        let subject = groups::checked_subject(subject.to_owned()).map_err(|_| GroupError::Subject)?;
        let mut founding = Founding::new(creator, subject, world.now_s());
        founding.members = accounts(&world, members)?.into_iter().collect();
        let id = groups::found(&mut world, founding, &[], "");
        Ok(GroupView::of(&world, find(&world, &id.jid().to_string())?))
    }

    /// Adds people as if an admin's phone had, whatever anybody's settings say. Who is in the group already stays as they are.
    pub fn add_to_group(&self, jid: &str, people: &[&str]) -> Result<GroupView, GroupError> {
        self.change(jid, people, |world, by, people| {
            let missing: Vec<AccountId> = people
                .into_iter()
                .filter(|account| {
                    world
                        .groups
                        .get(by.group)
                        .is_some_and(|group| group.role(*account).is_none())
                })
                .collect();
            groups::add(world, by, &missing, None);
        })
    }

    /// Removes people as if an admin's phone had. Who is not in the group stays out.
    pub fn remove_from_group(&self, jid: &str, people: &[&str]) -> Result<GroupView, GroupError> {
        self.change(jid, people, |world, by, people| groups::remove(world, by, &people))
    }

    /// Makes members admins or plain members, as if an admin's phone had. [`GroupRole::Creator`] makes an admin nobody can remove.
    pub fn set_group_role(&self, jid: &str, people: &[&str], role: GroupRole) -> Result<GroupView, GroupError> {
        let role = match role {
            GroupRole::Member => Role::Member,
            GroupRole::Admin => Role::Admin,
            GroupRole::Creator => Role::SuperAdmin,
        };
        self.change(jid, people, |world, by, people| {
            groups::give_role(world, by, &people, role)
        })
    }

    /// Gives a group a name, as if an admin's phone had.
    pub fn set_group_subject(&self, jid: &str, subject: &str) -> Result<GroupView, GroupError> {
        let subject = groups::checked_subject(subject.to_owned()).map_err(|_| GroupError::Subject)?;
        self.change(jid, &[], |world, by, _| {
            groups::set(world, by, Setting::Subject(subject))
        })
    }

    /// Changes a setting, as if an admin's phone had.
    pub fn set_group(&self, jid: &str, setting: GroupSetting) -> Result<GroupView, GroupError> {
        let setting = match setting {
            GroupSetting::Announcement => Setting::Flag(Flag::Announcement, Switch::On),
            GroupSetting::NotAnnouncement => Setting::Flag(Flag::Announcement, Switch::Off),
            GroupSetting::Locked => Setting::Flag(Flag::Locked, Switch::On),
            GroupSetting::Unlocked => Setting::Flag(Flag::Locked, Switch::Off),
            GroupSetting::Ephemeral(seconds) => Setting::Ephemeral(seconds),
            GroupSetting::AdminsAdd => Setting::Adding(Allowed::Admins),
            GroupSetting::MembersAdd => Setting::Adding(Allowed::Members),
            GroupSetting::Approval => Setting::Joining(Joining::OnApproval),
            GroupSetting::NoApproval => Setting::Joining(Joining::AtOnce),
        };
        self.change(jid, &[], |world, by, _| groups::set(world, by, setting))
    }

    /// Changes a group in the name of one of its admins, the creator if possible.
    fn change(
        &self,
        jid: &str,
        people: &[&str],
        change: impl FnOnce(&mut World, Actor, Vec<AccountId>),
    ) -> Result<GroupView, GroupError> {
        let mut world = self.inner.shared.world();
        let people = accounts(&world, people)?;
        let group = find(&world, jid)?;
        let id = group.id;
        let by = Actor {
            account: group
                .admins()
                .max_by_key(|admin| group.role(*admin))
                .unwrap_or(group.creator),
            group: id,
        };
        change(&mut world, by, people);
        Ok(GroupView::of(&world, find(&world, jid)?))
    }
}

fn find<'w>(world: &'w World, jid: &str) -> Result<&'w Group, GroupError> {
    jid.parse()
        .ok()
        .and_then(|jid| GroupId::of(&jid))
        .and_then(|id| world.groups.get(id))
        .filter(|group| group.kind != Kind::Gone)
        .ok_or_else(|| GroupError::Unknown(jid.to_owned()))
}

fn account(world: &World, phone: &str) -> Result<AccountId, GroupError> {
    world
        .by_phone(phone)
        .ok_or_else(|| GroupError::UnknownAccount(phone.to_owned()))
}

/// Everybody named, each once.
fn accounts(world: &World, phones: &[&str]) -> Result<Vec<AccountId>, GroupError> {
    let named: Result<BTreeSet<AccountId>, GroupError> = phones.iter().map(|phone| account(world, phone)).collect();
    Ok(named?.into_iter().collect())
}
