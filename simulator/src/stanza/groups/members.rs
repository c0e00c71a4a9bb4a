//! Who comes, goes, and is an admin. Every person asked about gets a result of their own.

use std::collections::BTreeSet;

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::{Jid, Node, NodeRef};

use crate::address::AccountId;
use crate::groups::{Allowed, GroupId, Joining, PersonalInvite, RequestMethod, Role};
use crate::privacy::PrivacyCategory;
use crate::stanza::groups::{Actor, Refusal, Reply, admin, community, find, member, notice, requests};
use crate::stanza::{attr, jid_attr};
use crate::world::World;

/// How long a personal invitation holds: three days.
const INVITATION_S: u64 = 3 * 24 * 3600;

/// A person a request names.
pub(super) struct Listed {
    asked: Jid,
    pub(super) account: Option<AccountId>,
}

/// The `<participant>`s of a request, each once.
pub(super) fn listed(world: &World, request: &NodeRef<'_>) -> Vec<Listed> {
    let mut seen = BTreeSet::new();
    request
        .get_children_by_tag("participant")
        .filter_map(|participant| jid_attr(participant, "jid"))
        .map(|asked| Listed {
            account: world.locate(&asked).map(|located| located.account),
            asked: asked.to_non_ad(),
        })
        .filter(|person| person.account.is_none_or(|account| seen.insert(account)))
        .collect()
}

/// How it went for one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Fine,
    /// An error code.
    Refused(u16),
    /// They let only some people add them; here is a code to invite them with.
    ByInvitation,
}

/// One person's result. Known people are named by LID with their number, because a client keeps what it finds here as the member's name.
pub(super) fn result(world: &mut World, by: Actor, person: &Listed, verdict: Verdict) -> Node {
    let Some(account) = person.account else {
        return NodeBuilder::new("participant")
            .attr("jid", &person.asked)
            .attr("error", 404_u16)
            .build();
    };
    let node = notice::participant(world, account);
    match verdict {
        Verdict::Fine => node.build(),
        Verdict::Refused(code) => node.attr("error", code).build(),
        Verdict::ByInvitation => {
            let invitation = invite(world, by, account);
            node.attr("error", 403_u16)
                .children([NodeBuilder::new("add_request")
                    .attr("code", invitation.code)
                    .attr("expiration", invitation.until_s)
                    .build()])
                .build()
        }
    }
}

/// Gives out a code with which one account may join.
fn invite(world: &mut World, by: Actor, account: AccountId) -> PersonalInvite {
    let random = world.random_bytes::<8>();
    let invitation = PersonalInvite {
        code: random.iter().map(|byte| format!("{byte:02x}")).collect(),
        by: by.account,
        until_s: world.now_s() + INVITATION_S,
    };
    if let Some(group) = world.groups.get_mut(by.group) {
        group.personal_invites.insert(account, invitation.clone());
    }
    invitation
}

/// Whether `adder` may put `account` into a group. Modelled: whom one has blocked is refused with 401.
pub(super) fn may_be_added(world: &World, account: AccountId, adder: AccountId) -> Verdict {
    if world.account(account).blocked.contains(&adder) {
        Verdict::Refused(401)
    } else if world.may_see(adder, account, PrivacyCategory::GroupAdd) {
        Verdict::Fine
    } else {
        Verdict::ByInvitation
    }
}

pub(super) fn add_listed(world: &mut World, by: Actor, request: &NodeRef<'_>) -> Reply {
    let role = member(world, by)?;
    let group = find(world, by.group)?;
    if !role.is_admin() && group.adding == Allowed::Admins {
        return Err(Refusal::Forbidden);
    }
    let waits = !role.is_admin() && group.joining == Joining::OnApproval;
    let mut added = Vec::new();
    let mut results = Vec::new();
    for person in listed(world, request) {
        let verdict = match person.account {
            None => Verdict::Refused(404),
            Some(account) => may_come(world, by, account, added.len()),
        };
        let verdict = match (verdict, person.account) {
            (Verdict::Fine, Some(account)) if waits => {
                requests::file(world, by, account, RequestMethod::AddedByMember);
                // Modelled: accepted, and not done yet.
                Verdict::Refused(202)
            }
            (Verdict::Fine, Some(account)) => {
                added.push(account);
                Verdict::Fine
            }
            (verdict, _) => verdict,
        };
        results.push(result(world, by, &person, verdict));
    }
    add(world, by, &added, None);
    Ok(vec![NodeBuilder::new("add").children(results).build()])
}

fn may_come(world: &World, by: Actor, account: AccountId, coming: usize) -> Verdict {
    match find(world, by.group) {
        Err(refusal) => Verdict::Refused(refusal.code()),
        Ok(group) if group.role(account).is_some() => Verdict::Refused(409),
        Ok(group) if !group.has_room_for(coming + 1) => Verdict::Refused(419),
        Ok(_) => may_be_added(world, account, by.account),
    }
}

/// Takes people in and tells everybody, them included. `reason` is how, when they were not simply added.
pub(crate) fn add(world: &mut World, by: Actor, accounts: &[AccountId], reason: Option<&'static str>) {
    let Some(group) = world.groups.get_mut(by.group) else {
        return;
    };
    if accounts.is_empty() {
        return;
    }
    for account in accounts {
        group.admit(*account);
    }
    let change = notice::people(world, "add", accounts);
    let change = match reason {
        Some(reason) => change.attr("reason", reason),
        None => change,
    };
    notice::tell(world, by, &[], change.build());
    community::follow(world, by, accounts);
}

/// With `linked_groups`, from the groups of a community as well.
pub(super) fn remove_listed(world: &mut World, by: Actor, request: &NodeRef<'_>) -> Reply {
    admin(world, by)?;
    let mut leaving = Vec::new();
    let mut results = Vec::new();
    for person in listed(world, request) {
        let role = match person.account {
            Some(account) => find(world, by.group)?.role(account),
            None => None,
        };
        let verdict = match role {
            None => Verdict::Refused(404),
            Some(Role::SuperAdmin) => Verdict::Refused(405),
            Some(Role::Admin | Role::Member) => {
                leaving.extend(person.account);
                Verdict::Fine
            }
        };
        results.push(result(world, by, &person, verdict));
    }
    if attr(request, "linked_groups") == "true" {
        for part in parts(world, by.group) {
            remove(world, Actor { group: part, ..by }, &leaving);
        }
    }
    remove(world, by, &leaving);
    Ok(vec![NodeBuilder::new("remove").children(results).build()])
}

/// The groups of a community; none for other groups.
pub(super) fn parts(world: &World, community: GroupId) -> Vec<GroupId> {
    world.groups.parts_of(community).map(|part| part.id).collect()
}

/// Puts people out and tells everybody, them included. Who is not in the group stays as they are.
pub(crate) fn remove(world: &mut World, by: Actor, accounts: &[AccountId]) {
    let Some(group) = world.groups.get_mut(by.group) else {
        return;
    };
    let mut gone = Vec::new();
    for account in accounts {
        if group.members.remove(account).is_some() {
            if *account != by.account {
                group.removed.insert(*account);
            }
            gone.push(*account);
        }
    }
    if gone.is_empty() {
        return;
    }
    let change = notice::people(world, "remove", &gone).build();
    notice::tell(world, by, &gone, change);
    keep_an_admin(world, by.group);
}

/// Modelled: when the last admin is gone, the account that has existed longest becomes one.
fn keep_an_admin(world: &mut World, group: GroupId) {
    let Some(state) = world.groups.get_mut(group) else {
        return;
    };
    if state.admins().next().is_some() {
        return;
    }
    let Some((heir, role)) = state.members.iter_mut().next() else {
        return;
    };
    *role = Role::Admin;
    let account = *heir;
    let change = notice::people(world, "promote", &[account]).build();
    notice::tell(world, Actor { account, group }, &[], change);
}

/// `<leave><group id/>…`. Who leaves a community leaves its groups with it.
pub(super) fn leave_listed(world: &mut World, account: AccountId, request: &NodeRef<'_>) -> Reply {
    let asked = request.children().unwrap_or_default();
    let mut left = Vec::new();
    for element in asked {
        let id = attr(element, "id").into_owned();
        let jid = match id.parse::<Jid>() {
            Ok(jid) => jid,
            Err(_) => Jid::group(id),
        };
        let group = GroupId::of(&jid).ok_or(Refusal::NotFound)?;
        let by = Actor { account, group };
        find(world, group)?;
        member(world, by)?;
        for part in parts(world, group) {
            remove(world, Actor { account, group: part }, &[account]);
        }
        remove(world, by, &[account]);
        left.push(NodeBuilder::new("group").attr("id", group.jid()).build());
    }
    Ok(vec![NodeBuilder::new("leave").children(left).build()])
}

/// Makes people admins, or plain members again.
pub(super) fn set_roles(world: &mut World, by: Actor, request: &NodeRef<'_>, role: Role) -> Reply {
    admin(world, by)?;
    let mut changed = Vec::new();
    let mut results = Vec::new();
    for person in listed(world, request) {
        let current = match person.account {
            Some(account) => find(world, by.group)?.role(account),
            None => None,
        };
        let verdict = match current {
            None => Verdict::Refused(404),
            Some(Role::SuperAdmin) if role == Role::Member => Verdict::Refused(405),
            Some(Role::SuperAdmin | Role::Admin | Role::Member) => Verdict::Fine,
        };
        if verdict == Verdict::Fine && current.is_some_and(|current| current.is_admin() != role.is_admin()) {
            changed.extend(person.account);
        }
        results.push(result(world, by, &person, verdict));
    }
    give_role(world, by, &changed, role);
    Ok(vec![NodeBuilder::new(role_change(role)).children(results).build()])
}

/// The element that makes somebody a `role`.
fn role_change(role: Role) -> &'static str {
    match role {
        Role::Member => "demote",
        Role::Admin | Role::SuperAdmin => "promote",
    }
}

/// Gives members a role and tells everybody.
pub(crate) fn give_role(world: &mut World, by: Actor, accounts: &[AccountId], role: Role) {
    let Some(group) = world.groups.get_mut(by.group) else {
        return;
    };
    let mut changed = Vec::new();
    for account in accounts {
        if let Some(current) = group.members.get_mut(account) {
            *current = role;
            changed.push(*account);
        }
    }
    if changed.is_empty() {
        return;
    }
    let change = notice::people(world, role_change(role), &changed).build();
    notice::tell(world, by, &[], change);
    if let Some(announcements) = community::announcements(world, by.group) {
        give_role(
            world,
            Actor {
                group: announcements,
                ..by
            },
            &changed,
            role,
        );
    }
}
