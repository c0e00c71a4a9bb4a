//! What one client asks about groups as GraphQL documents; the other never does.

use serde_json::{Value, json};

use crate::address::Namespace;
use crate::groups::{Allowed, Group, GroupId, Joining, Kind, Part};
use crate::stanza::Sender;
use crate::stanza::groups::{Actor, Refusal, admin, community, find_mut, info, member, notice};
use crate::stanza::mex::{MexError, Outcome};
use crate::world::World;

impl From<Refusal> for MexError {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.code(), refusal.text())
    }
}

/// The groups of a community. The document that asks for their sizes gets the same, of which it reads less.
pub(in crate::stanza) fn sub_groups(world: &World, sender: &Sender<'_>, community: Option<&Value>) -> Outcome {
    let by = actor(sender, community)?;
    member(world, by)?;
    let announcements = community::announcements(world, by.group)
        .and_then(|id| world.groups.get(id))
        .map(|group| described(world, group));
    let others: Vec<Value> = world
        .groups
        .parts_of(by.group)
        .filter(|group| {
            !matches!(
                group.kind,
                Kind::Subgroup {
                    part: Part::Announcements,
                    ..
                }
            )
        })
        .map(|group| json!({ "node": described(world, group) }))
        .collect();
    Ok(json!({
        "xwa2_group_query_by_id": {
            "__typename": "XWA2Group",
            "id": by.group.jid().to_string(),
            "default_sub_group": announcements,
            "sub_groups": { "edges": others },
        },
    }))
}

fn described(world: &World, group: &Group) -> Value {
    let general = match group.kind {
        Kind::Subgroup {
            part: Part::General, ..
        } => "true",
        Kind::Plain | Kind::Community { .. } | Kind::Subgroup { .. } | Kind::Gone => "false",
    };
    json!({
        "id": group.id.jid().to_string(),
        "subject": { "value": group.subject.text, "creation_time": group.subject.at_s },
        "creation_time": group.created_s,
        "creator": { "id": world.account(group.creator).jid(0, Namespace::Lid).to_string() },
        "total_participants_count": group.members.len(),
        "properties": {
            "general_chat": general,
            "membership_approval_mode_enabled": group.joining == Joining::OnApproval,
        },
        "membership_approval_requests": { "total_count": group.requests.len() },
    })
}

/// Who may see the link; of the properties set this way the only one kept here.
pub(in crate::stanza) fn update_property(world: &mut World, sender: &Sender<'_>, variables: &Value) -> Outcome {
    let by = actor(sender, variables.get("group_id"))?;
    admin(world, by)?;
    let linking = match variables.pointer("/update/member_link_mode").and_then(Value::as_str) {
        Some("ADMIN_LINK") => Allowed::Admins,
        Some("ALL_MEMBER_LINK") => Allowed::Members,
        Some(_) | None => return Err(Refusal::NotImplemented.into()),
    };
    find_mut(world, by.group)?.linking = linking;
    notice::tell(world, by, &[], info::link_mode(linking));
    Ok(json!({ "xwa2_group_update_property": { "id": by.group.jid().to_string(), "state": "ACTIVE" } }))
}

fn actor(sender: &Sender<'_>, group: Option<&Value>) -> Result<Actor, MexError> {
    let group = group
        .and_then(Value::as_str)
        .and_then(|jid| jid.parse().ok())
        .and_then(|jid| GroupId::of(&jid))
        .ok_or(Refusal::NotFound)?;
    Ok(Actor {
        account: sender.at.account,
        group,
    })
}
