//! `w:g2`: what clients ask of groups, and who may.
//!
//! Requests to `@g.us` are about no group yet; requests to a group's JID are about that one. Which refusal gets which code is modelled:
//! clients pass codes on and force none of them, so they are the ones both clients have names for.

mod community;
mod create;
mod info;
mod invites;
mod members;
pub(super) mod mex;
mod notice;
mod profile;
mod requests;

use whatsapp_rust::wacore_binary::{Node, NodeRef, Server};

use crate::address::AccountId;
use crate::groups::{Group, GroupId, Kind, Role};
use crate::stanza::iq::{Answer, Verb};
use crate::stanza::{Sender, jid_attr};
use crate::world::World;

pub(crate) use create::found;
pub(crate) use members::{add, give_role, remove};
pub(crate) use profile::{Setting, set, subject as checked_subject};

/// Why a request about a group is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Malformed,
    /// Asked for something only admins get.
    NotAuthorized,
    /// Not in the group, or no admin of it.
    Forbidden,
    /// No such group, or nobody such in it.
    NotFound,
    /// An admin removed them, and they may not come back on their own.
    NotAllowed,
    /// Breaks a limit, or a code that nobody gave out.
    NotAcceptable,
    /// Is so already, or somebody else was first.
    Conflict,
    /// The code was reset.
    Gone,
    /// Nobody fits in any more.
    Full,
    NotImplemented,
}

impl Refusal {
    pub(crate) fn code(self) -> u16 {
        self.wire().0
    }

    pub(crate) fn text(self) -> &'static str {
        self.wire().1
    }

    fn wire(self) -> (u16, &'static str) {
        match self {
            Self::Malformed => (400, "bad-request"),
            Self::NotAuthorized => (401, "not-authorized"),
            Self::Forbidden => (403, "forbidden"),
            Self::NotFound => (404, "item-not-found"),
            Self::NotAllowed => (405, "not-allowed"),
            Self::NotAcceptable => (406, "not-acceptable"),
            Self::Conflict => (409, "conflict"),
            Self::Gone => (410, "gone"),
            Self::Full => (419, "resource-limit"),
            Self::NotImplemented => (501, "feature-not-implemented"),
        }
    }
}

/// Children of the answer, or why there are none.
type Reply = Result<Vec<Node>, Refusal>;

/// Who asks, of which group they are a member.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Actor {
    pub(crate) account: AccountId,
    pub(crate) group: GroupId,
}

pub(super) fn handle(world: &mut World, sender: &Sender<'_>, verb: Verb, node: &NodeRef<'_>) -> Answer {
    match serve(world, sender.at.account, verb, node) {
        Ok(content) => Answer::Result(content),
        Err(refusal) => Answer::Error {
            code: refusal.code(),
            text: refusal.text(),
        },
    }
}

fn serve(world: &mut World, account: AccountId, verb: Verb, node: &NodeRef<'_>) -> Reply {
    let to = jid_attr(node, "to").ok_or(Refusal::Malformed)?;
    let request = node
        .children()
        .and_then(|children| children.first())
        .ok_or(Refusal::Malformed)?;
    if to.server == Server::Group && to.user.is_empty() {
        return about_no_group(world, account, verb, request);
    }
    let group = GroupId::of(&to).ok_or(Refusal::NotFound)?;
    // An unknown group is one for every request.
    find(world, group)?;
    about_group(world, Actor { account, group }, verb, request)
}

fn about_no_group(world: &mut World, account: AccountId, verb: Verb, request: &NodeRef<'_>) -> Reply {
    match (verb, &*request.tag) {
        (Verb::Set, "create") => create::handle(world, account, request),
        (Verb::Get, "participating") => Ok(info::participating(world, account)),
        (Verb::Get, "query") => Ok(info::batch(world, account, request)),
        (Verb::Set, "leave") => members::leave_listed(world, account, request),
        (Verb::Get, "invite") => invites::preview(world, request),
        (Verb::Set, "invite") => invites::join(world, account, request),
        (Verb::Get | Verb::Set, _) => Err(Refusal::NotImplemented),
    }
}

fn about_group(world: &mut World, by: Actor, verb: Verb, request: &NodeRef<'_>) -> Reply {
    match (verb, &*request.tag) {
        (Verb::Get, "query") => info::query(world, by, request),
        (Verb::Set, "add") => members::add_listed(world, by, request),
        (Verb::Set, "remove") => members::remove_listed(world, by, request),
        (Verb::Set, "promote") => members::set_roles(world, by, request, Role::Admin),
        (Verb::Set, "demote") => members::set_roles(world, by, request, Role::Member),
        (Verb::Get, "invite") => invites::code(world, by),
        (Verb::Set, "invite") => invites::reset(world, by),
        (Verb::Set, "accept") => invites::accept_personal(world, by, request),
        (Verb::Set, "revoke") => invites::revoke_personal(world, by, request),
        (Verb::Get, "membership_approval_requests") => requests::list(world, by),
        (Verb::Set, "membership_requests_action") => requests::decide(world, by, request),
        (Verb::Set, "cancel_membership_requests") => requests::cancel(world, by, request),
        (Verb::Set, "links") => community::link(world, by, request),
        (Verb::Set, "unlink") => community::unlink(world, by, request),
        (Verb::Set, "delete_parent") => community::deactivate(world, by),
        (Verb::Get, "sub_groups") => community::sub_groups(world, by),
        (Verb::Get, "query_linked") => community::query_linked(world, by, request),
        (Verb::Set, "join_linked_group") => community::join(world, by, request),
        (Verb::Get, "linked_groups_participants") => community::participants(world, by),
        // The client says that its user has seen that somebody unknown added them. Nothing follows from it.
        (Verb::Set, "ack") => Ok(Vec::new()),
        (Verb::Set, _) => profile::change(world, by, request),
        (Verb::Get, _) => Err(Refusal::NotImplemented),
    }
}

pub(crate) fn find(world: &World, group: GroupId) -> Result<&Group, Refusal> {
    match world.groups.get(group) {
        Some(group) if group.kind != Kind::Gone => Ok(group),
        Some(_) | None => Err(Refusal::NotFound),
    }
}

fn find_mut(world: &mut World, group: GroupId) -> Result<&mut Group, Refusal> {
    world.groups.get_mut(group).ok_or(Refusal::NotFound)
}

/// What the actor is in the group; refused when it is no member.
fn member(world: &World, by: Actor) -> Result<Role, Refusal> {
    find(world, by.group)?.role(by.account).ok_or(Refusal::Forbidden)
}

/// Refused unless the actor is an admin of the group.
fn admin(world: &World, by: Actor) -> Result<(), Refusal> {
    if member(world, by)?.is_admin() {
        Ok(())
    } else {
        Err(Refusal::Forbidden)
    }
}
