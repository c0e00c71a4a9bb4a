//! Asking to be let in, and what admins make of it.

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::NodeRef;

use crate::address::AccountId;
use crate::groups::{Request, RequestMethod};
use crate::stanza::groups::members::{self, Verdict};
use crate::stanza::groups::{Actor, Refusal, Reply, admin, find, find_mut, notice};
use crate::world::World;

/// What an admin decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    Approve,
    Reject,
}

/// Files a request for `account` and tells the admins. One that is filed already stays as it is.
pub(super) fn file(world: &mut World, by: Actor, account: AccountId, method: RequestMethod) {
    let at_s = world.now_s();
    let Some(group) = world.groups.get_mut(by.group) else {
        return;
    };
    if group.requests.contains_key(&account) {
        return;
    }
    group.requests.insert(account, Request { method, at_s });
    let asked = notice::named(world, NodeBuilder::new("requested_user"), account).build();
    let change = NodeBuilder::new("created_membership_requests")
        .attr("request_method", method.wire())
        .children([asked])
        .build();
    notice::tell_only(world, by, &notice::admins(world, by.group), change);
}

/// Who waits, for admins.
pub(super) fn list(world: &World, by: Actor) -> Reply {
    admin(world, by)?;
    let waiting = find(world, by.group)?.requests.iter().map(|(account, request)| {
        notice::named(world, NodeBuilder::new("membership_approval_request"), *account)
            .attr("request_time", request.at_s)
            .attr("request_method", request.method.wire())
            .build()
    });
    Ok(vec![
        NodeBuilder::new("membership_approval_requests")
            .children(waiting)
            .build(),
    ])
}

/// `<membership_requests_action><approve|reject><participant jid/>…`.
pub(super) fn decide(world: &mut World, by: Actor, request: &NodeRef<'_>) -> Reply {
    admin(world, by)?;
    let mut answers = Vec::new();
    for (tag, decision) in [("approve", Decision::Approve), ("reject", Decision::Reject)] {
        let Some(asked) = request.get_optional_child(tag) else {
            continue;
        };
        let mut decided = Vec::new();
        let mut results = Vec::new();
        for person in members::listed(world, asked) {
            let group = find_mut(world, by.group)?;
            let waiting = person.account.filter(|account| group.requests.contains_key(account));
            let verdict = match (waiting, decision) {
                (None, _) => Verdict::Refused(404),
                (Some(_), Decision::Approve) if !group.has_room_for(decided.len() + 1) => {
                    Verdict::Refused(Refusal::Full.code())
                }
                (Some(account), Decision::Approve | Decision::Reject) => {
                    group.requests.remove(&account);
                    decided.push(account);
                    Verdict::Fine
                }
            };
            results.push(members::result(world, by, &person, verdict));
        }
        match decision {
            Decision::Approve => members::add(world, by, &decided, None),
            Decision::Reject => revoked(world, by, &decided),
        }
        answers.push(NodeBuilder::new(tag).children(results).build());
    }
    if answers.is_empty() {
        return Err(Refusal::Malformed);
    }
    Ok(vec![
        NodeBuilder::new("membership_requests_action").children(answers).build(),
    ])
}

/// Whoever asked may think better of it. Only one's own request can be taken back.
pub(super) fn cancel(world: &mut World, by: Actor, request: &NodeRef<'_>) -> Reply {
    let mut cancelled = Vec::new();
    let mut results = Vec::new();
    for person in members::listed(world, request) {
        let verdict = if person.account != Some(by.account) {
            Verdict::Refused(403)
        } else if find_mut(world, by.group)?.requests.remove(&by.account).is_some() {
            cancelled.push(by.account);
            Verdict::Fine
        } else {
            Verdict::Refused(404)
        };
        results.push(members::result(world, by, &person, verdict));
    }
    revoked(world, by, &cancelled);
    Ok(vec![
        NodeBuilder::new("cancel_membership_requests").children(results).build(),
    ])
}

/// Tells the admins, and those who asked, that requests are off the table.
fn revoked(world: &mut World, by: Actor, accounts: &[AccountId]) {
    if accounts.is_empty() {
        return;
    }
    let mut audience = notice::admins(world, by.group);
    audience.extend(accounts);
    let change = notice::people(world, "revoked_membership_requests", accounts).build();
    notice::tell_only(world, by, &audience, change);
}
