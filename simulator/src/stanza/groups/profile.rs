//! Subject, description and settings of a group.

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::{Node, NodeRef};

use crate::address::Namespace;
use crate::groups::{Allowed, Description, Flag, Joining, Subject, Switch};
use crate::stanza::attr;
use crate::stanza::groups::{Actor, Refusal, Reply, admin, find, find_mut, info, member, notice};
use crate::world::World;

/// Characters a subject may have.
const SUBJECT_LIMIT: usize = 100;
/// Characters a description may have.
const DESCRIPTION_LIMIT: usize = 2048;

/// A request that changes one thing; the notice to the members is the same element, so what is not understood is not passed on.
pub(super) fn change(world: &mut World, by: Actor, request: &NodeRef<'_>) -> Reply {
    let notice = match &*request.tag {
        "subject" => set_subject(world, by, request)?,
        "description" => set_description(world, by, request)?,
        "ephemeral" | "not_ephemeral" => set_ephemeral(world, by, request)?,
        "member_add_mode" => set_add_mode(world, by, request)?,
        "membership_approval_mode" => set_approval(world, by, request)?,
        tag => {
            let (flag, switch) = Flag::parse(tag).ok_or(Refusal::NotImplemented)?;
            set_flag(world, by, flag, switch)?
        }
    };
    notice::tell(world, by, &[], notice);
    Ok(Vec::new())
}

/// A subject within the limits.
pub(crate) fn subject(text: String) -> Result<String, Refusal> {
    if text.is_empty() || text.chars().count() > SUBJECT_LIMIT {
        return Err(Refusal::NotAcceptable);
    }
    Ok(text)
}

/// The body of a `<description>`, within the limits; `None` for an empty one.
pub(super) fn body(written: &NodeRef<'_>) -> Result<Option<String>, Refusal> {
    let body = written
        .get_optional_child("body")
        .and_then(|body| body.content_as_string())
        .filter(|body| !body.is_empty());
    if body
        .as_ref()
        .is_some_and(|body| body.chars().count() > DESCRIPTION_LIMIT)
    {
        return Err(Refusal::NotAcceptable);
    }
    Ok(body.map(String::from))
}

/// The state in a `<membership_approval_mode>`; clients name its child differently for communities.
pub(super) fn joining(mode: &NodeRef<'_>) -> Option<Joining> {
    let child = mode
        .get_optional_child("group_join")
        .or_else(|| mode.get_optional_child("community_join"))?;
    Joining::parse(&attr(child, "state"))
}

fn editor(world: &World, by: Actor) -> Result<(), Refusal> {
    let role = member(world, by)?;
    if find(world, by.group)?.may_edit(role) {
        Ok(())
    } else {
        Err(Refusal::Forbidden)
    }
}

fn set_subject(world: &mut World, by: Actor, request: &NodeRef<'_>) -> Result<Node, Refusal> {
    editor(world, by)?;
    let text = subject(request.content_as_string().map(String::from).unwrap_or_default())?;
    let at_s = world.now_s();
    find_mut(world, by.group)?.subject = Subject {
        text: text.clone(),
        by: by.account,
        at_s,
    };
    let namer = world.account(by.account);
    Ok(NodeBuilder::new("subject")
        .attr("subject", text)
        .attr("s_t", at_s)
        .attr("s_o", namer.jid(0, Namespace::Lid))
        .attr("s_o_pn", namer.jid(0, Namespace::Phone))
        .build())
}

/// An edit has to name the description it replaces; otherwise somebody else was first.
fn set_description(world: &mut World, by: Actor, request: &NodeRef<'_>) -> Result<Node, Refusal> {
    editor(world, by)?;
    let body = body(request)?;
    let at_s = world.now_s();
    // One of the clients gives a deletion no id.
    let id = match &*attr(request, "id") {
        "" => world.stanza_id(),
        id => id.to_owned(),
    };
    let group = find_mut(world, by.group)?;
    let current = group.description.as_ref().map(|written| written.id.as_str());
    if current.unwrap_or_default() != attr(request, "prev") {
        return Err(Refusal::Conflict);
    }
    let written = Description {
        id,
        body,
        by: by.account,
        at_s,
    };
    group.description = Some(written.clone());
    Ok(info::description(world, &written))
}

fn set_ephemeral(world: &mut World, by: Actor, request: &NodeRef<'_>) -> Result<Node, Refusal> {
    editor(world, by)?;
    let seconds = match &*request.tag {
        "not_ephemeral" => 0,
        _ => attr(request, "expiration").parse().map_err(|_| Refusal::Malformed)?,
    };
    find_mut(world, by.group)?.ephemeral_s = seconds;
    Ok(info::ephemeral(seconds))
}

fn set_add_mode(world: &mut World, by: Actor, request: &NodeRef<'_>) -> Result<Node, Refusal> {
    admin(world, by)?;
    let adding = request
        .content_as_string()
        .and_then(|mode| Allowed::parse_add_mode(&mode))
        .ok_or(Refusal::Malformed)?;
    find_mut(world, by.group)?.adding = adding;
    Ok(info::add_mode(adding))
}

fn set_approval(world: &mut World, by: Actor, request: &NodeRef<'_>) -> Result<Node, Refusal> {
    admin(world, by)?;
    let joining = joining(request).ok_or(Refusal::Malformed)?;
    find_mut(world, by.group)?.joining = joining;
    Ok(info::approval_mode(joining))
}

fn set_flag(world: &mut World, by: Actor, flag: Flag, switch: Switch) -> Result<Node, Refusal> {
    admin(world, by)?;
    let group = find_mut(world, by.group)?;
    match switch {
        Switch::On => group.flags.insert(flag),
        Switch::Off => group.flags.remove(&flag),
    };
    Ok(NodeBuilder::new(flag.tag(switch)).build())
}
