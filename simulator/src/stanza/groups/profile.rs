//! Subject, description and settings of a group.

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::NodeRef;

use crate::address::Namespace;
use crate::groups::{Allowed, Description, Flag, Joining, Subject, Switch};
use crate::stanza::attr;
use crate::stanza::groups::{Actor, Refusal, Reply, admin, find, find_mut, info, member, notice};
use crate::world::World;

/// Characters a subject may have.
const SUBJECT_LIMIT: usize = 100;
/// Characters a description may have.
const DESCRIPTION_LIMIT: usize = 2048;

/// One thing that can be set about a group.
pub(crate) enum Setting {
    /// Within the limits.
    Subject(String),
    Flag(Flag, Switch),
    /// Seconds; 0 for messages that stay.
    Ephemeral(u32),
    Adding(Allowed),
    Joining(Joining),
}

/// A request that changes one thing, by whoever may.
pub(super) fn change(world: &mut World, by: Actor, request: &NodeRef<'_>) -> Reply {
    if &*request.tag == "description" {
        editor(world, by)?;
        set_description(world, by, request)?;
        return Ok(Vec::new());
    }
    let setting = read(request)?;
    match setting {
        Setting::Subject(_) | Setting::Ephemeral(_) => editor(world, by)?,
        Setting::Flag(..) | Setting::Adding(_) | Setting::Joining(_) => admin(world, by)?,
    }
    set(world, by, setting);
    Ok(Vec::new())
}

fn read(request: &NodeRef<'_>) -> Result<Setting, Refusal> {
    Ok(match &*request.tag {
        "subject" => Setting::Subject(subject(
            request.content_as_string().map(String::from).unwrap_or_default(),
        )?),
        "not_ephemeral" => Setting::Ephemeral(0),
        "ephemeral" => Setting::Ephemeral(attr(request, "expiration").parse().map_err(|_| Refusal::Malformed)?),
        "member_add_mode" => Setting::Adding(
            request
                .content_as_string()
                .and_then(|mode| Allowed::parse_add_mode(&mode))
                .ok_or(Refusal::Malformed)?,
        ),
        "membership_approval_mode" => Setting::Joining(joining(request).ok_or(Refusal::Malformed)?),
        tag => {
            let (flag, switch) = Flag::parse(tag).ok_or(Refusal::NotImplemented)?;
            Setting::Flag(flag, switch)
        }
    })
}

/// Sets one thing and tells everybody.
pub(crate) fn set(world: &mut World, by: Actor, setting: Setting) {
    let at_s = world.now_s();
    let Some(group) = world.groups.get_mut(by.group) else {
        return;
    };
    let told = match setting {
        Setting::Subject(text) => {
            group.subject = Subject {
                text: text.clone(),
                by: by.account,
                at_s,
            };
            let namer = world.account(by.account);
            NodeBuilder::new("subject")
                .attr("subject", text)
                .attr("s_t", at_s)
                .attr("s_o", namer.jid(0, Namespace::Lid))
                .attr("s_o_pn", namer.jid(0, Namespace::Phone))
                .build()
        }
        Setting::Flag(flag, switch) => {
            match switch {
                Switch::On => group.flags.insert(flag),
                Switch::Off => group.flags.remove(&flag),
            };
            NodeBuilder::new(flag.tag(switch)).build()
        }
        Setting::Ephemeral(seconds) => {
            group.ephemeral_s = seconds;
            info::ephemeral(seconds)
        }
        Setting::Adding(adding) => {
            group.adding = adding;
            info::add_mode(adding)
        }
        Setting::Joining(joining) => {
            group.joining = joining;
            info::approval_mode(joining)
        }
    };
    notice::tell(world, by, &[], told);
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

/// An edit has to name the description it replaces; otherwise somebody else was first.
fn set_description(world: &mut World, by: Actor, request: &NodeRef<'_>) -> Result<(), Refusal> {
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
    let told = info::description(world, &written);
    notice::tell(world, by, &[], told);
    Ok(())
}
