//! Invite links and personal invitations.

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::{Node, NodeRef};

use crate::address::AccountId;
use crate::groups::{Allowed, CodeLookup, GroupId, Joining, RequestMethod};
use crate::stanza::groups::info::{self, Detail};
use crate::stanza::groups::members::{self, Verdict};
use crate::stanza::groups::{Actor, Refusal, Reply, admin, find, find_mut, member, notice, requests};
use crate::stanza::{attr, jid_attr};
use crate::world::World;

/// The code of the group's link.
pub(super) fn code(world: &World, by: Actor) -> Reply {
    let role = member(world, by)?;
    let group = find(world, by.group)?;
    if !role.is_admin() && group.linking == Allowed::Admins {
        return Err(Refusal::NotAuthorized);
    }
    Ok(vec![invite(&group.invite_code)])
}

fn invite(code: &str) -> Node {
    NodeBuilder::new("invite").attr("code", code).build()
}

/// Makes a new link; the old one leads nowhere from now on.
pub(super) fn reset(world: &mut World, by: Actor) -> Reply {
    member(world, by)?;
    admin(world, by).map_err(|_| Refusal::NotAuthorized)?;
    let code = world.groups.fresh_code(by.group);
    find_mut(world, by.group)?.invite_code.clone_from(&code);
    notice::tell(world, by, &[], invite(&code));
    Ok(vec![invite(&code)])
}

/// The group a link leads to.
fn behind(world: &World, request: &NodeRef<'_>) -> Result<GroupId, Refusal> {
    match world.groups.look_up_code(&attr(request, "code")) {
        CodeLookup::Current(group) => Ok(group),
        CodeLookup::Retired => Err(Refusal::Gone),
        CodeLookup::Unknown => Err(Refusal::NotAcceptable),
    }
}

/// What somebody sees who has the link.
pub(super) fn preview(world: &World, request: &NodeRef<'_>) -> Reply {
    let group = find(world, behind(world, request)?)?;
    Ok(info::described(world, group, Detail::Preview))
}

/// Joins by link, or asks to.
pub(super) fn join(world: &mut World, account: AccountId, request: &NodeRef<'_>) -> Reply {
    let group = behind(world, request)?;
    if find(world, group)?.removed.contains(&account) {
        return Err(Refusal::NotAllowed);
    }
    enter(world, Actor { account, group }, "invite", RequestMethod::InviteLink)
}

/// Lets the actor in, or files a request where admins decide.
pub(super) fn enter(world: &mut World, by: Actor, reason: &'static str, method: RequestMethod) -> Reply {
    let group = find(world, by.group)?;
    if group.role(by.account).is_some() {
        return Err(Refusal::Conflict);
    }
    if !group.has_room_for(1) {
        return Err(Refusal::Full);
    }
    match group.joining {
        Joining::AtOnce => {
            members::add(world, by, &[by.account], Some(reason));
            entered(world, by.group)
        }
        Joining::OnApproval => {
            requests::file(world, by, by.account, method);
            Ok(vec![
                NodeBuilder::new("membership_approval_request")
                    .attr("jid", by.group.jid())
                    .build(),
            ])
        }
    }
}

/// The group one is in now, by its address only.
fn entered(world: &World, group: GroupId) -> Reply {
    Ok(info::names(find(world, group)?)
        .iter()
        .map(|tag| NodeBuilder::new(tag).attr("jid", group.jid()).build())
        .collect())
}

/// Accepts a personal invitation: the code is good for one account, as long as whoever gave it out is still an admin or may add people.
pub(super) fn accept_personal(world: &mut World, by: Actor, request: &NodeRef<'_>) -> Reply {
    let now = world.now_s();
    let group = find(world, by.group)?;
    if group.role(by.account).is_some() {
        return Err(Refusal::Conflict);
    }
    let invitation = group.personal_invites.get(&by.account).ok_or(Refusal::Gone)?;
    let inviter = jid_attr(request, "admin").and_then(|jid| world.locate(&jid));
    if invitation.code != attr(request, "code") || inviter.is_none_or(|inviter| inviter.account != invitation.by) {
        return Err(Refusal::NotAcceptable);
    }
    if invitation.until_s < now {
        return Err(Refusal::Gone);
    }
    if !group.has_room_for(1) {
        return Err(Refusal::Full);
    }
    let inviter = Actor {
        account: invitation.by,
        group: by.group,
    };
    member(world, inviter).map_err(|_| Refusal::Gone)?;
    members::add(world, by, &[by.account], Some("invite"));
    entered(world, by.group)
}

/// Takes personal invitations back.
pub(super) fn revoke_personal(world: &mut World, by: Actor, request: &NodeRef<'_>) -> Reply {
    admin(world, by)?;
    let mut results = Vec::new();
    for person in members::listed(world, request) {
        let revoked = match person.account {
            Some(account) => find_mut(world, by.group)?.personal_invites.remove(&account).is_some(),
            None => false,
        };
        let verdict = if revoked { Verdict::Fine } else { Verdict::Refused(404) };
        results.push(members::result(world, by, &person, verdict));
    }
    Ok(vec![NodeBuilder::new("revoke").children(results).build()])
}
